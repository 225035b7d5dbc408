"""Calling tasks off, in every state they can be in."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from cleo_core import Backoff, Cleo, TaskCancelled, TaskContext, TaskNotFound, TaskState
from tests.ghosts import claim_and_die
from tests.raw import ask
from tests.waiting import SOON, until


async def test_a_delayed_task_that_is_cancelled_never_runs(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def note(n: int) -> None:
        ran.append(n)

    handle = await note.options(delay=0.1).enqueue(1)
    assert await handle.cancel()
    async with cleo.worker():
        await (await note.options(delay=0.3).enqueue(2)).result(timeout=30)
    assert ran == [2]
    assert (await cleo.queues.stats("q")).delayed == 0


async def test_a_running_async_task_is_stopped_at_once(cleo: Cleo) -> None:
    started, stopped = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="q")
    async def sleep_long() -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    async with cleo.worker(lease=300, heartbeat=100):
        handle = await sleep_long.enqueue()
        await started.wait()
        await until(lambda: _listens_for_control(cleo))
        began = time.monotonic()
        assert await handle.cancel()
        with pytest.raises(TaskCancelled):
            await handle.result(timeout=30)
        assert time.monotonic() - began < SOON
        assert stopped.is_set()
    stats = await cleo.queues.stats("q")
    assert (stats.active, stats.cancelled, stats.failed) == (0, 1, 0)


async def test_a_cancel_in_the_first_moments_of_a_worker_does_not_wait_for_its_next_heartbeat(cleo: Cleo) -> None:
    started = asyncio.Event()

    @cleo.task(queue="q")
    async def sleep_long() -> None:
        started.set()
        await asyncio.sleep(60)

    for _ in range(5):
        started.clear()
        async with cleo.worker(lease=300, heartbeat=100):
            handle = await sleep_long.enqueue()
            await started.wait()
            assert await handle.cancel()
            with pytest.raises(TaskCancelled):
                await handle.result(timeout=30)


async def _listens_for_control(cleo: Cleo) -> bool:
    channels = await ask(cleo, "PUBSUB", "CHANNELS", f"{cleo.namespace}:control:*")
    return bool(channels)


async def test_a_thread_that_looks_at_its_context_stops_by_itself(cleo: Cleo) -> None:
    started = threading.Event()

    @cleo.task(queue="q")
    def spin(ctx: TaskContext) -> str:
        started.set()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            ctx.heartbeat()
            time.sleep(0.01)
        return "never told"

    async with cleo.worker():
        handle = await spin.enqueue()
        await until(started.is_set)
        assert await handle.cancel()
        with pytest.raises(TaskCancelled):
            await handle.result(timeout=30)


async def test_a_thread_may_look_without_raising(cleo: Cleo) -> None:
    started = threading.Event()
    saw: list[bool] = []

    @cleo.task(queue="q")
    def spin(ctx: TaskContext) -> None:
        started.set()
        deadline = time.monotonic() + 20
        while not ctx.cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        saw.append(ctx.cancelled)

    async with cleo.worker():
        handle = await spin.enqueue()
        await until(started.is_set)
        await handle.cancel()
        await until(lambda: saw)
        await handle.result(timeout=30)
    assert saw == [True]


async def test_a_cancelled_task_that_fails_instead_is_not_retried(cleo: Cleo) -> None:
    started = asyncio.Event()
    attempts: list[int] = []

    @cleo.task(queue="q", max_retries=5, backoff=Backoff.fixed(0.01))
    async def stubborn() -> None:
        attempts.append(1)
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise ValueError("cleaning up failed") from None

    async with cleo.worker():
        handle = await stubborn.enqueue()
        await started.wait()
        await handle.cancel()
        with pytest.raises(TaskCancelled):
            await handle.result(timeout=30)
    assert attempts == [1]


async def test_a_task_that_completes_in_spite_of_a_cancel_is_completed(cleo: Cleo) -> None:
    started = asyncio.Event()

    @cleo.task(queue="q")
    async def finish_anyway() -> str:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "finished anyway"
        return "slept"

    async with cleo.worker():
        handle = await finish_anyway.enqueue()
        await started.wait()
        await handle.cancel()
        assert await handle.result(timeout=30) == "finished anyway"


async def test_a_task_between_two_attempts_can_be_cancelled(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=3, backoff=Backoff.fixed(60))
    async def fail() -> None:
        raise ValueError("first attempt")

    async with cleo.worker():
        handle = await fail.enqueue()
        await until(lambda: _is_delayed(cleo, handle.id))
        assert await handle.cancel()
    record = await cleo.queues.get_task("q", handle.id)
    assert record.state is TaskState.CANCELLED
    assert [attempt.error_message for attempt in record.attempts] == ["first attempt"]


async def _is_delayed(cleo: Cleo, task_id: str) -> bool:
    return await cleo.queues.handle("q", task_id).status() is TaskState.DELAYED


async def test_a_task_that_was_claimed_ahead_can_be_cancelled_before_it_begins(cleo: Cleo) -> None:
    go_on = asyncio.Event()
    ran: list[int] = []

    @cleo.task(queue="q")
    async def hold(n: int) -> None:
        ran.append(n)
        await go_on.wait()

    handles = await hold.enqueue_many([(n,) for n in range(4)])
    async with cleo.worker(concurrency=2):
        await until(lambda: len(ran) == 2)
        for handle in handles[2:]:
            await handle.cancel()
        go_on.set()
        for handle in handles[:2]:
            await handle.result(timeout=30)
        for handle in handles[2:]:
            with pytest.raises(TaskCancelled):
                await handle.result(timeout=30)
    assert sorted(ran) == [0, 1]


async def test_an_ended_task_cannot_be_cancelled(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> str:
        return "done"

    async with cleo.worker():
        handle = await work.enqueue()
        await handle.result(timeout=30)
        assert not await handle.cancel()
        assert await handle.result(timeout=30) == "done"


async def test_cancelling_twice_counts_once(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    handle = await work.enqueue()
    assert await handle.cancel()
    assert not await handle.cancel()
    assert (await cleo.queues.stats("q")).cancelled == 1


async def test_cancelling_an_unknown_task_says_so(cleo: Cleo) -> None:
    with pytest.raises(TaskNotFound, match="nosuch"):
        await cleo.queues.handle("q", "nosuch").cancel()


async def test_a_task_whose_worker_died_after_a_cancel_was_asked_for_is_cancelled_with_one_attempt(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        raise AssertionError("must not run")

    handle = await work.enqueue()
    await claim_and_die(cleo, "q")
    assert await handle.cancel()
    async with cleo.worker(sweep=0.05):
        with pytest.raises(TaskCancelled):
            await handle.result(timeout=30)
    record = await cleo.queues.get_task("q", handle.id)
    assert [attempt.outcome for attempt in record.attempts] == ["lost"]


async def test_many_tasks_are_cancelled_in_one_call_and_told_apart(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work(n: int) -> None:
        return None

    handles = await work.enqueue_many([(n,) for n in range(3)])
    await handles[0].cancel()
    report = await cleo.queues.cancel("q", [handle.id for handle in handles] + ["nosuch"])
    assert report.done == 2
    assert report.failures == {
        handles[0].id: "It is cancelled, so it can't be cancelled.",
        "nosuch": "There is no such task any more.",
    }
