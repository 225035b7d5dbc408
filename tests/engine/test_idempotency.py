"""A task id makes a call idempotent, whatever state the first one is in."""

from __future__ import annotations

import asyncio

from cleo_core import Cleo, TaskState
from tests.waiting import until


async def test_a_second_call_with_the_same_id_stores_nothing(cleo: Cleo) -> None:
    ran: list[str] = []

    @cleo.task(queue="q")
    async def order(item: str) -> str:
        ran.append(item)
        return item

    first = await order.options(task_id="order-17").enqueue("tea")
    second = await order.options(task_id="order-17").enqueue("coffee")
    assert (first.created, second.created) == (True, False)
    async with cleo.worker():
        assert await second.result(timeout=30) == "tea"
    assert ran == ["tea"]
    assert (await cleo.queues.stats("q")).enqueued == 1


async def test_an_id_is_taken_while_its_task_runs_and_after_it_has_ended(cleo: Cleo) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="q", max_retries=0)
    async def work(fail: bool) -> str:
        started.set()
        await go_on.wait()
        if fail:
            raise ValueError("no")
        return "done"

    async with cleo.worker():
        first = await work.options(task_id="one").enqueue(False)
        await started.wait()
        while_running = await work.options(task_id="one").enqueue(False)
        assert not while_running.created
        assert await while_running.status() is TaskState.ACTIVE
        go_on.set()
        assert await first.result(timeout=30) == "done"
        after = await work.options(task_id="one").enqueue(False)
        assert not after.created
        assert await after.result(timeout=30) == "done"

        dead = await work.options(task_id="two").enqueue(True)
        await until(lambda: _state(cleo, "two", TaskState.DEAD))
        assert not (await work.options(task_id="two").enqueue(False)).created
        assert await dead.status() is TaskState.DEAD


async def _state(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return await cleo.queues.handle("q", task_id).status() is state


async def test_an_id_is_free_again_when_its_record_is_removed(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    first = await work.options(task_id="one").enqueue()
    await cleo.queues.remove_task("q", first.id)
    assert (await work.options(task_id="one").enqueue()).created


async def test_the_same_id_in_another_queue_is_another_task(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    here = await work.options(task_id="one").enqueue()
    there = await work.options(task_id="one", queue="other").enqueue()
    assert here.created
    assert there.created


async def test_of_many_that_enqueue_one_id_at_once_exactly_one_creates_it(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    handles = await asyncio.gather(*(work.options(task_id="one").enqueue() for _ in range(50)))
    assert sum(handle.created for handle in handles) == 1
    assert (await cleo.queues.stats("q")).waiting == 1


async def test_a_delayed_task_keeps_its_time_when_its_id_comes_again(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    first = await work.options(task_id="one", delay=60).enqueue()
    due = (await cleo.queues.get_task("q", first.id)).due_at
    again = await work.options(task_id="one").enqueue()
    assert not again.created
    assert await again.status() is TaskState.DELAYED
    assert (await cleo.queues.get_task("q", first.id)).due_at == due
