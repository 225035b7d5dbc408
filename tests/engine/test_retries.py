"""Failing, waiting and trying again, until it works or is a dead letter."""

from __future__ import annotations

import asyncio
import time

import pytest

from cleo_core import Backoff, Cleo, TaskContext, TaskFailed, TaskState
from cleo_core.models import Outcome
from tests.raw import ask, keys_of
from tests.waiting import until


async def test_a_task_that_works_at_the_third_attempt_is_completed(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=5, backoff=Backoff.fixed(0.01))
    async def flaky(ctx: TaskContext) -> int:
        if ctx.attempt < 3:
            raise ConnectionError("not yet")
        return ctx.attempt

    async with cleo.worker():
        handle = await flaky.enqueue()
        assert await handle.result(timeout=30) == 3
    record = await cleo.queues.get_task("q", handle.id)
    assert [a.outcome for a in record.attempts] == [Outcome.FAILED, Outcome.FAILED, Outcome.COMPLETED]
    assert [a.number for a in record.attempts] == [1, 2, 3]


async def test_no_retries_means_one_attempt(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError("once")

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed, match="ValueError: once"):
            await handle.result(timeout=30)
    assert len((await cleo.queues.get_task("q", handle.id)).attempts) == 1


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [(Backoff.fixed(200), [200, 200]), (Backoff.exponential(100, jitter=False), [100, 200])],
    ids=["fixed", "exponential"],
)
async def test_attempts_keep_the_distance_that_their_backoff_says(
    cleo: Cleo, backoff: Backoff, expected: list[float]
) -> None:
    @cleo.task(queue="q", max_retries=2, backoff=backoff)
    async def fail() -> None:
        raise ValueError

    distances: list[float] = []
    async with cleo.worker(sweep=0.05):
        handle = await fail.enqueue()
        for number in range(1, 3):
            await until(lambda: _has_failed(cleo, handle.id, number))  # noqa: B023
            record = await cleo.queues.get_task("q", handle.id)
            assert record.due_at is not None
            distances.append(record.due_at - record.attempts[-1].at)
            # Its time comes.
            await ask(cleo, "ZADD", f"{keys_of(cleo, 'q').prefix}delayed", 1, handle.id)
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    assert distances == pytest.approx(expected, abs=0.01)


async def _has_failed(cleo: Cleo, task_id: str, times: int) -> bool:
    return len((await cleo.queues.get_task("q", task_id)).attempts) == times


async def test_jitter_draws_each_wait_from_zero_to_its_full_length(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(1000, jitter=True))
    async def fail() -> None:
        raise ValueError

    async with cleo.worker():
        handles = await fail.enqueue_many([()] * 50)
        await until(lambda: _delayed(cleo, 50))
    page = await cleo.queues.tasks("q", TaskState.DELAYED)
    now = page.at
    waits = [item.due_at - now for item in page.items if item.due_at is not None]
    assert len(waits) == len(handles)
    assert max(waits) <= 1000
    assert max(waits) - min(waits) > 300


async def _delayed(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).delayed == count


async def test_an_async_attempt_over_its_timeout_is_stopped_and_counts_as_failed(cleo: Cleo) -> None:
    stopped = asyncio.Event()

    @cleo.task(queue="q", timeout=0.1, max_retries=0)
    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    async with cleo.worker():
        handle = await slow.enqueue()
        with pytest.raises(TaskFailed, match=r"TaskTimeout: slow ran longer than its timeout of 0\.1 s"):
            await handle.result(timeout=30)
        assert stopped.is_set()
    record = await cleo.queues.get_task("q", handle.id)
    assert record.attempts[0].outcome is Outcome.TIMED_OUT


async def test_a_timeout_error_of_the_task_itself_is_a_failure_like_any_other(cleo: Cleo) -> None:
    @cleo.task(queue="q", timeout=30, max_retries=0)
    async def work() -> None:
        raise TimeoutError("the shop did not answer")

    async with cleo.worker():
        handle = await work.enqueue()
        with pytest.raises(TaskFailed, match="TimeoutError: the shop did not answer"):
            await handle.result(timeout=30)
    assert (await cleo.queues.get_task("q", handle.id)).attempts[0].outcome is Outcome.FAILED


async def test_a_thread_over_its_timeout_is_told_and_counts_as_timed_out(cleo: Cleo) -> None:
    @cleo.task(queue="q", timeout=0.1, max_retries=0)
    def slow(ctx: TaskContext) -> None:
        deadline = time.monotonic() + 20
        while not ctx.cancelled and time.monotonic() < deadline:
            time.sleep(0.01)

    async with cleo.worker():
        handle = await slow.enqueue()
        with pytest.raises(TaskFailed, match="TaskTimeout"):
            await handle.result(timeout=30)


async def test_a_dead_letter_keeps_the_last_fifty_attempts(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=59, backoff=Backoff.fixed(0))
    async def fail(ctx: TaskContext) -> None:
        raise ValueError(f"attempt {ctx.attempt}")

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    attempts = (await cleo.queues.get_task("q", handle.id)).attempts
    assert [attempt.number for attempt in attempts] == list(range(11, 61))
    assert all("raise ValueError" in attempt.traceback for attempt in attempts)


async def test_a_traceback_shows_the_tasks_own_code_and_its_cause(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        try:
            {}["missing"]
        except KeyError as error:
            raise RuntimeError("no price") from error

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    trace = (await cleo.queues.get_task("q", handle.id)).attempts[0].traceback
    assert "KeyError: 'missing'" in trace
    assert 'raise RuntimeError("no price")' in trace
    assert "cleo_core" not in trace


async def test_a_dead_letter_that_is_retried_counts_anew_and_keeps_its_attempts(cleo: Cleo) -> None:
    works: list[bool] = []

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def fail(ctx: TaskContext) -> int:
        if not works:
            raise ValueError(f"attempt {ctx.attempt}")
        return ctx.attempt

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
        works.append(True)
        page = await cleo.dead_letters.list("q")
        assert [item.id for item in page.items] == [handle.id]
        assert (await cleo.dead_letters.retry("q", [handle.id])).done == 1
        assert await handle.result(timeout=30) == 1
    record = await cleo.queues.get_task("q", handle.id)
    assert [a.outcome for a in record.attempts] == ["failed", "failed", "completed"]
    assert (await cleo.queues.stats("q")).dead == 0


async def test_retrying_what_is_not_dead_says_why_not(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    handle = await work.enqueue()
    report = await cleo.dead_letters.retry("q", [handle.id, "nosuch"])
    assert report.done == 0
    assert set(report.failures) == {handle.id, "nosuch"}


async def test_discarded_dead_letters_are_gone_from_the_list(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError

    async with cleo.worker():
        handles = await fail.enqueue_many([()] * 5)
        await until(lambda: _dead(cleo, 5))
    report = await cleo.dead_letters.discard("q", [handle.id for handle in handles[:4]])
    assert report.done == 4
    assert (await cleo.dead_letters.list("q")).total == 1


async def _dead(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).dead == count
