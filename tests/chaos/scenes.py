"""What the scenes of chaos share: tasks that note what they do in files, which outlive every process and server."""

from __future__ import annotations

import asyncio
import os
import signal
import textwrap
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from cleo_core import Cleo, ServerError
from cleo_core.models import QueueStats
from tests.conftest import StartWorker
from tests.leaks import find_leaks
from tests.processes import WorkerProcess
from tests.waiting import until

# Long enough for a process that has to wait for its turn on a busy machine, several heartbeats long.
SHORT_LEASES = "cleo.configure(worker=WorkerSettings(lease=4, heartbeat=0.5, sweep=0.2))\n"

PRELUDE = """
import random
def write(name, *values):
    with open(name, "ab", buffering=0) as file:
        file.write((" ".join(map(str, values)) + "\\n").encode())
def first_time(what):
    try:
        os.close(os.open(f"first-{what}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
async def opened():
    while not os.path.exists("gate"):
        await asyncio.sleep(0.02)
def note_run(ctx, n):
    write("runs", n, os.getpid(), ctx.worker, time.time())
"""


@dataclass(frozen=True)
class Run:
    """One run of a task, as the task noted it."""

    n: int
    pid: int
    worker: str
    at: float


class Stage:
    """The folder in which workers run, the notes of their tasks, and the gate that some tasks wait at."""

    def __init__(self, folder: Path, start_worker: StartWorker) -> None:
        self.folder = folder
        self._start_worker = start_worker

    async def start(self, url: str, tasks: str | None, *arguments: str, processes: int = 1) -> WorkerProcess:
        """``cleo worker`` on these tasks (None: on those there are), when all its processes serve."""
        text = None if tasks is None else PRELUDE + textwrap.dedent(tasks)
        worker = self._start_worker(url, text, *arguments, "--processes", str(processes))
        await until(lambda: len(worker.children) == worker.ready == processes, within=60, what="workers that serve")
        return worker

    def open_gate(self) -> None:
        """Let the tasks pass that wait at the gate."""
        (self.folder / "gate").touch()

    @property
    def runs(self) -> list[Run]:
        """The runs that tasks noted with ``note_run``, the first one first."""
        lines = (line.split() for line in self.lines("runs"))
        return [Run(int(n), int(pid), worker, float(at)) for n, pid, worker, at in lines]

    def lines(self, name: str) -> list[str]:
        """What tasks wrote under a name."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []


class Producer:
    """Enqueues tasks ``work(n)`` of queue ``q`` until told that it is enough; a refused one again under its id."""

    def __init__(self, cleo: Cleo, most: int = 1_000_000, pause: float = 0.002, **options: Any) -> None:
        self._cleo = cleo
        self._most = most
        self._pause = pause
        self._options = options
        self.enough = False
        self.refused = 0
        self.acknowledged: list[str] = []

    async def run(self) -> None:
        """Enqueue; an id is acknowledged when the call for it returned."""
        while not self.enough and (n := len(self.acknowledged)) < self._most:
            task_id = f"task-{n}"
            try:
                await self._cleo.queues.add("q", "work", {"n": n}, task_id=task_id, **self._options)
            except ServerError:
                self.refused += 1
            else:
                self.acknowledged.append(task_id)
            await asyncio.sleep(self._pause)


def is_alive(pid: int) -> bool:
    """Whether there is a process that has not ended."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def kill(pid: int) -> None:
    """End a process as the kernel does when memory runs out."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


async def all_ended(cleo: Cleo, queue: str = "q") -> bool:
    """Whether nothing waits, runs or is delayed."""
    stats = await cleo.queues.stats(queue)
    return stats.enqueued > 0 and not stats.waiting + stats.active + stats.delayed


async def assert_sound(cleo: Cleo, queue: str = "q", **expected: int) -> QueueStats:
    """The counts are as expected and add up, and every key has an owner or a lifetime."""
    stats = await cleo.queues.stats(queue)
    assert {name: getattr(stats, name) for name in expected} == expected
    there = stats.waiting + stats.active + stats.delayed
    assert stats.enqueued == stats.completed + stats.dead + stats.cancelled + there
    assert await find_leaks(cleo) == []
    return stats
