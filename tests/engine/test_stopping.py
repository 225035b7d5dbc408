"""Workers that come and go while there is work: a clean stop costs nothing."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo
from cleo_core.models import Outcome
from tests.waiting import until


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_workers_that_come_and_go_run_each_task_once(cleo: Cleo, kind: str) -> None:
    ran: list[int] = []

    async def note_in_the_loop(n: int) -> None:
        ran.append(n)

    def note_in_a_thread(n: int) -> None:
        ran.append(n)

    if kind == "async":
        handles = await cleo.task(queue="q", name="note")(note_in_the_loop).enqueue_many([(n,) for n in range(300)])
    else:
        handles = await cleo.task(queue="q", name="note")(note_in_a_thread).enqueue_many([(n,) for n in range(300)])
    for _ in range(25):
        enough = len(ran) + 3
        async with cleo.worker(concurrency=1, prefetch=0):
            await until(lambda: len(ran) >= min(enough, 300))  # noqa: B023
    async with cleo.worker():
        for handle in handles:
            await handle.result(timeout=30)
    assert sorted(ran) == list(range(300))


async def test_a_worker_that_is_cancelled_stops_its_tasks_and_hands_them_back_uncharged(cleo: Cleo) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="q", max_retries=0)
    async def work() -> str:
        if started.is_set():
            return "second run"
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return "never"

    worker = cleo.worker(concurrency=1)
    running = asyncio.create_task(worker.run())
    handles = await work.enqueue_many([()] * 3)
    await started.wait()
    running.cancel()
    await asyncio.wait([running], timeout=30)
    assert running.cancelled()
    assert stopped.is_set()
    stats = await cleo.queues.stats("q")
    assert (stats.active, stats.waiting, stats.lost) == (0, 3, 0)
    assert [info.id for info in await cleo.workers.list()] == []
    async with cleo.worker():
        assert [await handle.result(timeout=30) for handle in handles] == ["second run"] * 3
    for handle in handles:
        record = await cleo.queues.get_task("q", handle.id)
        assert record.losses == 0
        assert [attempt.outcome for attempt in record.attempts] == [Outcome.COMPLETED]
