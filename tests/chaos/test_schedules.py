"""Worker processes that race for the times of schedules and are killed meanwhile: each time is run once."""

from __future__ import annotations

import pytest

from cleo_core import Cleo
from tests.conftest import StartWorker
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

TASKS = """
from cleo_core import Cron, Every

@cleo.task(queue="q", schedule=[Every(0.2), Cron("* * * * * *")])
async def tick() -> None:
    note("ticks", "x")
"""


async def _runs(cleo: Cleo) -> int:
    return sum(item.runs for item in (await cleo.schedules.list("q")).items)


@pytest.mark.xdist_group("processes")
async def test_five_processes_fire_each_time_once_though_one_after_the_other_is_killed(
    start_worker: StartWorker, server: Server, cleo: Cleo
) -> None:
    worker = start_worker(server.url, TASKS, "--processes", "5", "--concurrency", "4")
    await until(lambda: worker.ready >= 5, within=60)
    await until(lambda: _runs_reach(cleo, 10))
    for _ in range(3):
        worker.children[0].kill()
        reached = await _runs(cleo)
        await until(lambda: _runs_reach(cleo, reached + 12))  # noqa: B023
    worker.kill_all()
    for item in (await cleo.schedules.list("q")).items:
        await cleo.schedules.pause("q", item.id)
    runs, skipped = await _runs(cleo), sum(item.skipped for item in (await cleo.schedules.list("q")).items)
    stats = await cleo.queues.stats("q")
    # A tick is a task, and its id is its time: as many tasks as runs means that none was stored twice.
    assert stats.enqueued == runs
    assert await _distinct(cleo) == runs
    spans = [_times(item.created_at, item.last_at or 0, 0.2 if "every" in item.id else 1.0) for item in
             (await cleo.schedules.list("q")).items]  # fmt: skip
    assert abs(sum(spans) - runs - skipped) <= 2


async def _runs_reach(cleo: Cleo, count: int) -> bool:
    return await _runs(cleo) >= count


def _times(first: float, last: float, period: float) -> int:
    return round((last - first) / period)


async def _distinct(cleo: Cleo) -> int:
    """How many different tasks there are."""
    cursor: bytes = b"0"
    found: set[bytes] = set()
    while True:
        cursor, keys = await ask(cleo, "SCAN", cursor, "MATCH", f"{cleo.namespace}:*task:*@*", "COUNT", 1000)
        found.update(keys)
        if int(cursor) == 0:
            return len(found)
