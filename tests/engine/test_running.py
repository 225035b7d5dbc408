"""Where and when tasks run: in the loop, in threads, in processes, at once or later."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextvars import ContextVar

import psutil
import pytest
from pydantic import BaseModel

from cleo_core import Cleo, TaskState
from tests import process_tasks
from tests.servers import Server
from tests.waiting import SOON, until


class Order(BaseModel):
    number: int
    lines: dict[str, float] = {}


async def test_an_async_task_runs_in_the_workers_loop(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    async with cleo.worker():
        assert await (await where.enqueue()).result(timeout=30)


async def test_a_plain_function_runs_in_a_thread_and_does_not_block_the_loop(cleo: Cleo) -> None:
    reached, go_on = threading.Event(), threading.Event()

    @cleo.task(queue="q")
    def block() -> str:
        reached.set()
        go_on.wait(60)
        return threading.current_thread().name

    @cleo.task(queue="q")
    async def quick() -> str:
        return "quick"

    async with cleo.worker():
        blocked = await block.enqueue()
        await until(reached.is_set)
        assert await (await quick.enqueue()).result(timeout=30) == "quick"
        go_on.set()
        assert (await blocked.result(timeout=30)).startswith("cleo-task")


@pytest.mark.parametrize("batch", [None, 1])
async def test_what_a_task_sets_in_its_context_is_not_seen_by_the_next(cleo: Cleo, batch: int | None) -> None:
    mark: ContextVar[str] = ContextVar("mark", default="none")

    async def swap(text: str) -> str:
        before = mark.get()
        mark.set(text)
        return before

    async def swap_each(texts: list[str]) -> list[str]:
        return [await swap(text) for text in texts]

    task = cleo.task(queue="q")(swap) if batch is None else cleo.task(queue="q", batch=batch)(swap_each)
    handles = await task.enqueue_many([(str(n),) for n in range(5)])
    async with cleo.worker(concurrency=1):
        assert [await handle.result(timeout=30) for handle in handles] == ["none"] * 5
    assert mark.get() == "none"


async def test_threads_run_side_by_side_up_to_their_number(cleo: Cleo) -> None:
    together = threading.Barrier(4)

    @cleo.task(queue="q")
    def meet() -> int:
        return together.wait(30)

    async with cleo.worker(threads=4):
        handles = await meet.enqueue_many([()] * 4)
        assert {await handle.result(timeout=30) for handle in handles} == {0, 1, 2, 3}


async def test_a_process_task_runs_in_another_process(server: Server) -> None:
    namespace = f"test-process-{time.time_ns()}"
    async with process_tasks.cleo_at(server.url, namespace) as cleo, cleo.worker():
        handle = await process_tasks.square.enqueue(process_tasks.Number(value=7))
        assert await handle.result(timeout=30) == 49
        pid = await (await process_tasks.where.enqueue()).result(timeout=30)
        assert pid != process_tasks.own_pid()


async def test_a_process_that_dies_costs_its_task_an_attempt_and_no_other_task(server: Server) -> None:
    namespace = f"test-process-{time.time_ns()}"
    async with process_tasks.cleo_at(server.url, namespace) as cleo, cleo.worker():
        broken = await process_tasks.die.enqueue()
        await until(lambda: _is(cleo, broken.id, TaskState.DEAD))
        handle = await process_tasks.square.enqueue(process_tasks.Number(value=3))
        assert await handle.result(timeout=30) == 9


async def test_the_death_of_an_idle_process_costs_no_task_an_attempt(server: Server) -> None:
    namespace = f"test-process-{time.time_ns()}"
    async with process_tasks.cleo_at(server.url, namespace) as cleo, cleo.worker():
        where = process_tasks.where.options(max_retries=0)
        pid = 0
        for _ in range(2):
            pid = await (await where.enqueue()).result(timeout=30)
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: not psutil.pid_exists(pid))  # Its parent knows then.
        assert await (await where.enqueue()).result(timeout=30) != pid


async def test_an_error_that_cannot_be_unpickled_fails_its_task_alone(server: Server) -> None:
    namespace = f"test-process-{time.time_ns()}"
    async with process_tasks.cleo_at(server.url, namespace) as cleo, cleo.worker():
        broken = await process_tasks.raise_awkward_error.enqueue()
        await until(lambda: _is(cleo, broken.id, TaskState.DEAD))
        record = await cleo.queues.get_task("p", broken.id)
        assert record.attempts[0].error_type == "AwkwardError"
        assert "raise AwkwardError" in record.attempts[0].traceback
        handle = await process_tasks.square.enqueue(process_tasks.Number(value=3))
        assert await handle.result(timeout=30) == 9


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return (await cleo.queues.get_task("p", task_id)).state is state


async def test_a_delayed_task_runs_when_its_time_has_come_and_not_before(cleo: Cleo) -> None:
    ran: list[float] = []

    @cleo.task(queue="q")
    async def note() -> None:
        ran.append(time.time())

    async with cleo.worker(idle_wait=60, sweep=60):
        began = time.time()
        handle = await note.options(delay=0.4).enqueue()
        assert await handle.status() is TaskState.DELAYED
        await handle.result(timeout=30)
    assert 0.38 <= ran[0] - began < SOON


async def test_a_shorter_delay_overtakes_a_longer_one(cleo: Cleo) -> None:
    ran: list[str] = []

    @cleo.task(queue="q")
    async def note(name: str) -> None:
        ran.append(name)

    async with cleo.worker():
        late = await note.options(delay=600).enqueue("late")
        soon = await note.options(delay=0.2).enqueue("soon")
        await soon.result(timeout=30)
        assert await late.status() is TaskState.DELAYED
        await late.cancel()
    assert ran == ["soon"]


async def test_a_thousand_due_tasks_are_promoted_in_slices_and_all_run(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def note(n: int) -> None:
        ran.append(n)

    await note.options(delay=0.2).enqueue_many([(n,) for n in range(1000)])
    async with cleo.worker():
        await until(lambda: len(ran) == 1000)
    assert sorted(ran) == list(range(1000))


async def test_arguments_arrive_as_their_declared_types(cleo: Cleo) -> None:
    seen: list[Order] = []

    @cleo.task(queue="q")
    async def take(order: Order, *, urgent: bool = False) -> Order:
        seen.append(order)
        return order.model_copy(update={"number": order.number + urgent})

    async with cleo.worker():
        handle = await take.enqueue(Order(number=1, lines={"tea": 2.5}), urgent=True)
        assert await handle.result(timeout=30) == Order(number=2, lines={"tea": 2.5})
    assert seen == [Order(number=1, lines={"tea": 2.5})]


async def test_calling_a_task_runs_it_here_without_a_queue(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    @cleo.task(queue="q")
    def triple(n: int) -> int:
        return 3 * n

    assert await double(4) == 8
    assert triple(4) == 12
    assert (await cleo.queues.stats("q")).enqueued == 0


async def test_tasks_beyond_the_concurrency_wait_for_a_slot(cleo: Cleo) -> None:
    running: set[int] = set()
    most: list[int] = []

    @cleo.task(queue="q")
    async def work(n: int) -> None:
        running.add(n)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.discard(n)

    async with cleo.worker(concurrency=5):
        for handle in await work.enqueue_many([(n,) for n in range(50)]):
            await handle.result(timeout=30)
    assert max(most) == 5


async def test_the_largest_concurrency_settles_what_ends_at_once(cleo: Cleo) -> None:
    @cleo.task(queue="q", retention=0)
    async def instant() -> None:
        return None

    await instant.enqueue_many([()] * 12_000)
    async with cleo.worker(concurrency=10_000):
        await until(lambda: _completed(cleo, 12_000))


async def _completed(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).completed == count


@pytest.mark.parametrize("seconds", [0.0, 0.3])
async def test_an_idle_worker_takes_a_new_task_at_once(cleo: Cleo, seconds: float) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    async with cleo.worker(idle_wait=60, sweep=60):
        await until(cleo.workers.count)
        await (await work.options(delay=seconds).enqueue()).result(timeout=30)
        began = time.monotonic()
        await (await work.enqueue()).result(timeout=30)
        assert time.monotonic() - began < SOON
