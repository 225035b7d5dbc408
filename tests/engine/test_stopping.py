"""Workers that come and go while there is work: a clean stop costs nothing."""

from __future__ import annotations

import pytest

from cleo_core import Cleo
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
