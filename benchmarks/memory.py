"""What a million tasks take: waiting in the server, and in the worker that runs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psutil

from benchmarks.peers.bench import MeasurementFailed, is_alive, open_bench
from benchmarks.peers.common import QUEUE
from benchmarks.rounds import PAYLOAD, Server
from cleo_core import Cleo

MILLION = 1_000_000
EARLY = 10_000
_MB = 1_000_000
_STALL_S = 60.0
_SETTLE_S = 2.0

Report = Callable[[str], None]


def measure_memory(server: Server, report: Report, tasks: int = MILLION) -> dict[str, float]:
    """Fill a queue, then let one worker empty it; the figures by their keys.

    The worker keeps no records of what it has run (retention 0), so the server empties as it works.
    """
    with server() as url, open_bench(PAYLOAD, url, slots=1) as bench:
        report(f"memory: enqueuing {tasks:,} tasks of 100 bytes in bulk ...")
        before = bench.used_memory()
        per_s = bench.bulk_per_s(tasks)
        taken = bench.used_memory() - before
        report(f"memory: the server holds {taken / _MB:,.0f} MB more, enqueued at {per_s:,.0f} tasks/s")
        with bench.worker() as worker:
            early, late = asyncio.run(_watch(url, worker, tasks, report))
        left = bench.used_memory() - before
        report(f"memory: {left / _MB:,.1f} MB are left in the server when all has run")
        bench.empty()
    return {
        "waiting_mb": taken / _MB,
        "waiting_bytes_each": taken / tasks,
        "rss_early_mb": early / _MB,
        "rss_late_mb": late / _MB,
        "rss_growth_mb": (late - early) / _MB,
        "rss_growth_percent": 100 * (late - early) / early,
    }


async def _watch(url: str, worker: psutil.Process, tasks: int, report: Report) -> tuple[int, int]:
    """The memory of the worker process after the first tasks and after the last."""
    progress = _Progress(Cleo(url), worker)
    try:
        await progress.reach(EARLY, pause=0.05)
        early = _rss(worker)
        report(f"memory: worker RSS {early / _MB:.1f} MB after {progress.done:,} tasks")
        step = max(tasks // 10, 1)
        for target in (*range(step, tasks, step), tasks):
            await progress.reach(target, pause=0.5)
            report(f"memory: {progress.done:,} tasks run, worker RSS {_rss(worker) / _MB:.1f} MB")
        await asyncio.sleep(_SETTLE_S)
        return early, _rss(worker)
    finally:
        await progress.close()


class _Progress:
    """How far a worker is, by the queue's own counter."""

    def __init__(self, cleo: Cleo, worker: psutil.Process) -> None:
        self._cleo = cleo
        self._worker = worker
        self.done = 0

    async def reach(self, target: int, pause: float) -> None:
        """Wait until that many tasks are done; give up on a worker that is gone or makes no progress."""
        moved = time.monotonic()
        while self.done < target:
            await asyncio.sleep(pause)
            done = (await self._cleo.queues.stats(QUEUE)).completed
            if done != self.done:
                self.done, moved = done, time.monotonic()
            elif not is_alive(self._worker) or time.monotonic() - moved > _STALL_S:
                raise MeasurementFailed(f"The worker got no further than {self.done:,} tasks.")

    async def close(self) -> None:
        await self._cleo.close()


def _rss(supervisor: psutil.Process) -> int:
    """Of the process that runs tasks; its supervisor has nothing to do with them."""
    return sum(child.memory_info().rss for child in supervisor.children(recursive=True))
