"""How long a change of the rules takes while many tasks wait, and whether it holds anybody up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

from benchmarks.groups_load import QUEUE, Load, names_of, open_load
from benchmarks.peers.server import ServerKind
from cleo_core import Cleo
from cleo_core.models import GroupOrder, GroupStrategy
from cleo_core.scripts import Claimed

K = TypeVar("K")

Say = Callable[[str], None]
_ROOM = 100


@dataclass(frozen=True, slots=True)
class Switch:
    """One call: how long it took, the server's CPU time, and how long the longest script on the server."""

    what: str
    seconds: float
    cpu_seconds: float
    longest_ms: float


@dataclass(frozen=True, slots=True)
class BusySwitch:
    """A change while a worker claims, settles and claims again: what it got meanwhile and its longest wait."""

    what: str
    seconds: float
    cpu_seconds: float
    longest_ms: float
    claimed: int
    longest_wait_ms: float


@dataclass(frozen=True, slots=True)
class Switching:
    """All that was measured on one queue."""

    tasks: int
    groups: int
    strategies: list[Switch] = field(default_factory=list[Switch])
    orders: list[Switch] = field(default_factory=list[Switch])
    busy: list[BusySwitch] = field(default_factory=list[BusySwitch])
    previews: list[Switch] = field(default_factory=list[Switch])


async def switching(kind: ServerKind, tasks: int, groups: int, say: Say) -> Switching:
    """Every pair of strategies and of orders, with nobody about; then some with a worker; then previews."""
    result = Switching(tasks, groups)
    async with open_load(kind) as load:
        say(f"switching: storing {tasks:,} tasks in {groups:,} groups ...")
        names = names_of(groups)
        await load.fill(names[number % groups] for number in range(tasks))
        say("switching: each pair of strategies and orders ...")
        for old, new in every_pair(list(GroupStrategy)):
            result.strategies.append(await _strategy(load, old, new))
            say(f"  {result.strategies[-1].what}: {result.strategies[-1].seconds:.1f} s")
        await load.cleo.groups.set_strategy(QUEUE, GroupStrategy.FIFO)
        for old, new in every_pair(list(GroupOrder)):
            result.orders.append(await _order(load, old, new))
        await load.cleo.groups.set_strategy(QUEUE, GroupStrategy.ROUND_ROBIN, order=GroupOrder.PRIORITY)
        say("switching: while a worker claims ...")
        for old, new in pairwise([GroupStrategy.ROUND_ROBIN, *reversed(GroupStrategy)]):
            result.busy.append(await _busy(load, old, new))
        await load.cleo.groups.set_strategy(QUEUE, GroupStrategy.ROUND_ROBIN)
        for strategy in GroupStrategy:
            result.previews.append(await _preview(load, strategy))
    return result


def every_pair(kinds: Sequence[K]) -> Iterator[tuple[K, K]]:
    """Each ordered pair of different ones, each beginning where the one before ended."""
    walk: list[K] = []
    for number, kind in enumerate(kinds):
        for other in kinds[number + 1 :]:
            walk += (kind, other)
    yield from pairwise([*walk, kinds[-1], kinds[0]] if walk[-1] != kinds[-1] else [*walk, kinds[0]])


async def _timed(load: Load, what: str, change: Awaitable[object]) -> Switch:
    await load.watch_calls()
    before = await load.work()
    began = time.perf_counter()
    await change
    seconds = time.perf_counter() - began
    work = await load.work() - before
    return Switch(what, seconds, work.cpu_us / 1e6, await load.longest_call_ms())


async def _strategy(load: Load, old: GroupStrategy, new: GroupStrategy) -> Switch:
    return await _timed(load, f"{old.name} to {new.name}", load.cleo.groups.set_strategy(QUEUE, new))


async def _order(load: Load, old: GroupOrder, new: GroupOrder) -> Switch:
    return await _timed(load, f"{old.name} to {new.name}", load.cleo.groups.set_order(QUEUE, new))


async def _preview(load: Load, strategy: GroupStrategy) -> Switch:
    return await _timed(load, strategy.name, load.cleo.groups.preview(QUEUE, strategy, limit=10))


@dataclass(slots=True)
class _Worker:
    """A worker of its own connection: it claims all the time."""

    claimed: int = 0
    longest_wait: float = 0.0


@asynccontextmanager
async def _at_work(load: Load) -> AsyncGenerator[_Worker]:
    async with Cleo(load.cleo.backend.resolved.url, namespace=load.cleo.namespace) as cleo:
        own, seen = Load(cleo, await cleo.backend.scripts()), _Worker()

        async def go_on() -> None:
            running: list[Claimed] = []
            while True:
                asked = time.perf_counter()
                running = await own.claim(_ROOM, running)
                seen.claimed += len(running)
                seen.longest_wait = max(seen.longest_wait, time.perf_counter() - asked)

        worker = asyncio.create_task(go_on())
        await asyncio.sleep(0.1)
        seen.claimed, seen.longest_wait = 0, 0.0
        yield seen
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def _busy(load: Load, old: GroupStrategy, new: GroupStrategy) -> BusySwitch:
    async with _at_work(load) as worker:
        switch = await _strategy(load, old, new)
        claimed, longest = worker.claimed, worker.longest_wait
    return BusySwitch(switch.what, switch.seconds, switch.cpu_seconds, switch.longest_ms, claimed, longest * 1000)
