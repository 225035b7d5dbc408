"""A queue with many groups, a worker that claims from it and runs nothing, and what the server says of its work."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeVar

from benchmarks.peers.server import ServerKind, fresh_server
from cleo_core import Cleo
from cleo_core.scripts import Claimed, NewTask, Scripts, Settled

QUEUE = "groups"
BATCH = 1_000
_IN_FLIGHT = 2
_LONG_US = 1_000
_LEASE_MS = 3_600_000
_RETENTIONS = (3_600, 3_600)
_CALLS = re.compile(rb"cmdstat_(\S+):calls=(\d+)")
_CPU = re.compile(rb"used_cpu_(?:user|sys):([\d.]+)")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work:
    """What the server did over some time: its CPU time, and the commands that scripts sent."""

    cpu_us: float
    commands: int

    def __sub__(self, earlier: Work) -> Work:
        return Work(self.cpu_us - earlier.cpu_us, self.commands - earlier.commands)


class Load:
    """A queue on a server of its own, driven by the very scripts that producers and workers call."""

    def __init__(self, cleo: Cleo, scripts: Scripts) -> None:
        self.cleo = cleo
        self.scripts = scripts
        self._numbers = count(1)

    async def fill(self, groups: Iterable[str]) -> None:
        """Store a task for each name, in that order."""
        await self.cleo.backend.know_queue(QUEUE)
        await each(self.scripts.enqueue(QUEUE, batch) for batch in _batches(self._tasks(groups)))

    def _tasks(self, groups: Iterable[str]) -> Iterator[NewTask]:
        for group in groups:
            yield NewTask(f"{next(self._numbers):07}", "nothing", b"{}", b'{"v":1}', group, 1, 0)

    async def claim(self, room: int, finished: Iterable[Claimed] = ()) -> list[Claimed]:
        """What a worker would be given that has so much room; `finished` is settled in the same call."""
        settled = (Settled(task.id, task.receipt, task.group, "completed", 1_000, b"null", 0) for task in finished)
        cycle = await self.scripts.cycle(QUEUE, "bench", room, _LEASE_MS, _RETENTIONS, settled)
        return cycle.claimed

    async def drain(self, room: int, at_most: int) -> Counter[str]:
        """Claim and settle until so many tasks were claimed or none is left; how many of each group."""
        served: Counter[str] = Counter()
        running: list[Claimed] = []
        while served.total() < at_most:
            running = await self.claim(min(room, at_most - served.total()), running)
            if not running:
                break
            served.update(task.group.decode() for task in running)
        await self.claim(0, running)
        return served

    async def work(self) -> Work:
        """What the server has done up to now."""
        text: bytes = await self.cleo.backend.ask("INFO", "commandstats", "cpu")
        own = (b"eval", b"info", b"config", b"slowlog")
        commands = sum(int(calls) for name, calls in _CALLS.findall(text) if not name.startswith(own))
        return Work(1e6 * sum(map(float, _CPU.findall(text))), commands)

    async def watch_calls(self) -> None:
        """Note each call from now on that takes long, and forget those before.

        Not all calls: the server would note the commands inside scripts too, which costs as much again as they do.
        """
        for name, value in (("slowlog-max-len", "10000"), ("slowlog-log-slower-than", str(_LONG_US))):
            await self.cleo.backend.ask("CONFIG", "SET", name, value)
        await self.cleo.backend.ask("SLOWLOG", "RESET")

    async def longest_call_ms(self) -> float:
        """How long the longest script took that was noted; 0 if none took long."""
        entries = await self.cleo.backend.ask("SLOWLOG", "GET", "-1")
        scripts = [entry[2] for entry in entries if entry[3][0].upper().startswith(b"EVAL")]
        return max(scripts, default=0) / 1000


@asynccontextmanager
async def open_load(kind: ServerKind) -> AsyncGenerator[Load]:
    """An empty queue on a fresh server, for as long as it is needed."""
    with fresh_server(kind) as url:
        async with Cleo(url, namespace="bench") as cleo:
            yield Load(cleo, await cleo.backend.scripts())


async def each(calls: Iterable[Awaitable[T]]) -> None:
    """Make many calls, a few at a time, so that neither side waits for the other."""
    waiting: deque[asyncio.Future[T]] = deque()
    for call in calls:
        waiting.append(asyncio.ensure_future(call))
        if len(waiting) >= _IN_FLIGHT:
            await waiting.popleft()
    while waiting:
        await waiting.popleft()


def names_of(groups: int) -> list[str]:
    """The names of so many groups."""
    return [f"g{number:06}" for number in range(groups)]


def _batches(tasks: Iterator[NewTask]) -> Iterator[list[NewTask]]:
    while batch := list(islice(tasks, BATCH)):
        yield batch
