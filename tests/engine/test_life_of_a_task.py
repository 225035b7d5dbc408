"""The life of a task, in every way it can end."""

from __future__ import annotations

import pytest

from cleo_core import Backoff, Cleo, TaskCancelled, TaskContext, TaskFailed, TaskState
from tests.waiting import until


async def test_a_task_runs_and_its_result_comes_back(cleo: Cleo) -> None:
    @cleo.task(queue="sums")
    async def add(a: int, b: int = 2) -> int:
        return a + b

    async with cleo.worker():
        handle = await add.enqueue(40)
        assert await handle.result(timeout=30) == 42
        assert await handle.status() is TaskState.COMPLETED


async def test_a_failing_task_is_retried_and_then_dead_with_every_traceback(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=2, backoff=Backoff.fixed(0.01))
    async def fail(ctx: TaskContext) -> None:
        raise ValueError(f"attempt {ctx.attempt}")

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed, match="ValueError: attempt 3"):
            await handle.result(timeout=30)
    record = await cleo.queues.get_task("q", handle.id)
    assert [a.error_message for a in record.attempts] == ["attempt 1", "attempt 2", "attempt 3"]
    assert all('raise ValueError(f"attempt {ctx.attempt}")' in a.traceback for a in record.attempts)


async def test_a_waiting_task_that_is_cancelled_never_runs(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def note(n: int) -> None:
        ran.append(n)

    first, second = await note.enqueue_many([(1,), (2,)])
    assert await first.cancel()
    async with cleo.worker():
        await second.result(timeout=30)
        with pytest.raises(TaskCancelled):
            await first.result(timeout=30)
    assert ran == [2]
    stats = await cleo.queues.stats("q")
    assert (stats.waiting, stats.cancelled, stats.completed) == (0, 1, 1)


async def test_a_paused_queue_is_not_served_until_it_is_resumed(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> str:
        return "done"

    await cleo.queues.pause("q")
    async with cleo.worker():
        handle = await work.enqueue()
        await until(cleo.workers.count)
        assert await handle.status() is TaskState.WAITING
        await cleo.queues.resume("q")
        assert await handle.result(timeout=30) == "done"
