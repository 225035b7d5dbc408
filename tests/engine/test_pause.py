"""Pausing and resuming: what stops, what goes on, and how soon work begins again."""

from __future__ import annotations

import asyncio
import time

import pytest

from cleo_core import Backoff, Cleo, InvalidName, Task, TaskFailed, TaskState
from tests.ghosts import claim_and_die
from tests.raw import audit_of
from tests.waiting import SOON, until


def _recorder(cleo: Cleo, ran: list[int]) -> Task[[int], object, int]:
    @cleo.task(queue="q", max_retries=0)
    async def note(n: int) -> int:
        ran.append(n)
        if n < 0:
            raise ValueError(n)
        return n

    return note


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return await cleo.queues.handle("q", task_id).status() is state


async def test_a_pause_holds_for_every_worker_of_the_queue(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    async with cleo.worker(["q", "other"]), cleo.worker(["q", "other"]):
        await (await note.enqueue(0)).result(timeout=30)
        await cleo.queues.pause("q")
        handles = await note.enqueue_many([(n,) for n in range(1, 20)])
        # Another queue is served meanwhile, so the workers do look for work.
        assert await (await note.options(queue="other").enqueue(99)).result(timeout=30) == 99
        assert (await cleo.queues.stats("q")).waiting == 19
        assert ran == [0, 99]
        await cleo.queues.resume("q")
        assert [await handle.result(timeout=30) for handle in handles] == list(range(1, 20))


async def test_a_queue_that_was_never_used_can_be_paused_ahead(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    assert await cleo.queues.pause("q")
    assert (await cleo.queues.stats("q")).paused
    async with cleo.worker():
        handle = await note.enqueue(1)
        await until(cleo.workers.count)
        assert await handle.status() is TaskState.WAITING
        await cleo.queues.resume("q")
        await handle.result(timeout=30)
    assert not (await cleo.queues.stats("q")).paused


async def test_a_resume_wakes_an_idle_worker_at_once(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    await cleo.queues.pause("q")
    async with cleo.worker(idle_wait=60, sweep=60):
        await note.enqueue(1)
        await until(cleo.workers.count)
        resumed = time.monotonic()
        await cleo.queues.resume("q")
        await until(lambda: ran)
        assert time.monotonic() - resumed < SOON


async def test_a_retry_that_falls_due_during_a_pause_waits_for_its_end(cleo: Cleo) -> None:
    failed = asyncio.Event()

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0.05))
    async def flaky() -> str:
        if not failed.is_set():
            await cleo.queues.pause("q")
            failed.set()
            raise ValueError
        return "second attempt"

    async with cleo.worker(sweep=0.05):
        handle = await flaky.enqueue()
        await failed.wait()
        await until(lambda: _is(cleo, handle.id, TaskState.WAITING))
        assert (await cleo.queues.stats("q")).active == 0
        await cleo.queues.resume("q")
        assert await handle.result(timeout=30) == "second attempt"


async def test_a_task_that_was_lost_during_a_pause_waits_for_its_end(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    handle = await note.enqueue(1)
    await claim_and_die(cleo, "q")
    await cleo.queues.pause("q")
    async with cleo.worker(sweep=0.05):
        await until(lambda: _is(cleo, handle.id, TaskState.WAITING))
        assert ran == []
        await cleo.queues.resume("q")
        assert await handle.result(timeout=30) == 1


async def test_tasks_of_a_paused_queue_can_be_cancelled_removed_and_retried(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    async with cleo.worker():
        dead = await note.enqueue(-1)
        with pytest.raises(TaskFailed):
            await dead.result(timeout=30)
    await cleo.queues.pause("q")
    first, second, third = await note.enqueue_many([(1,), (2,), (3,)])
    assert await first.cancel()
    await cleo.queues.remove_task("q", second.id)
    assert (await cleo.dead_letters.retry("q", [dead.id])).done == 1
    stats = await cleo.queues.stats("q")
    assert (stats.waiting, stats.cancelled, stats.dead, stats.paused) == (2, 1, 0, True)
    await cleo.queues.resume("q")
    async with cleo.worker():
        assert await third.result(timeout=30) == 3
        with pytest.raises(TaskFailed):
            await dead.result(timeout=30)


async def test_a_pause_outlives_the_one_who_paused(cleo: Cleo, namespace: str) -> None:
    async with Cleo(cleo.backend.redis.url, namespace=namespace) as operator:
        await operator.queues.pause("q")
    assert (await cleo.queues.stats("q")).paused
    assert await cleo.queues.pause("q") is False
    assert await cleo.queues.resume("q") is True


async def test_of_many_who_pause_at_once_one_did_it(cleo: Cleo) -> None:
    assert sorted(await asyncio.gather(*(cleo.queues.pause("q") for _ in range(10)))) == [False] * 9 + [True]
    assert await audit_of(cleo, "q") == [("pause", "", 1)]


@pytest.mark.parametrize("queue", ["", "a{b", "a\nb"])
async def test_what_can_not_be_a_queue_can_not_be_paused(cleo: Cleo, queue: str) -> None:
    with pytest.raises(InvalidName):
        await cleo.queues.pause(queue)
    with pytest.raises(InvalidName):
        await cleo.queues.resume(queue)
