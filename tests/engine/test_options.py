"""What a call may change of what was declared."""

from __future__ import annotations

from cleo_core import Backoff, Cleo, TaskPriority, TaskState
from tests.waiting import until


async def test_a_call_may_go_to_another_queue_and_group_with_another_priority(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="declared")
    async def work() -> None:
        return None

    plain = await cleo.queues.get_task("q", (await work.enqueue()).id)
    handle = await work.options(queue="other", group="acme", priority=TaskPriority.CRITICAL).enqueue()
    moved = await cleo.queues.get_task("other", handle.id)
    assert (plain.queue, plain.group, plain.priority) == ("q", "declared", TaskPriority.NORMAL)
    assert (moved.queue, moved.group, moved.priority) == ("other", "acme", TaskPriority.CRITICAL)


async def test_an_empty_group_takes_a_call_out_of_its_declared_group(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="declared")
    async def work() -> None:
        return None

    handle = await work.options(group="").enqueue()
    assert (await cleo.queues.get_task("q", handle.id)).group == ""


async def test_a_call_may_have_its_own_retries_backoff_and_timeout(cleo: Cleo) -> None:
    attempts: list[int] = []

    @cleo.task(queue="q", max_retries=5, backoff=Backoff.fixed(60))
    async def fail() -> None:
        attempts.append(1)
        raise ValueError

    async with cleo.worker():
        handle = await fail.options(max_retries=1, backoff=Backoff.fixed(0.01)).enqueue()
        await until(lambda: _dead(cleo, handle.id))
    assert len(attempts) == 2


async def _dead(cleo: Cleo, task_id: str) -> bool:
    return await cleo.queues.handle("q", task_id).status() is TaskState.DEAD


async def test_options_of_one_call_change_no_other(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=5)
    async def work() -> None:
        return None

    changed = await work.options(max_retries=1, delay=60).enqueue()
    plain = await work.enqueue()
    assert (await cleo.queues.get_task("q", changed.id)).options["max_retries"] == 1
    record = await cleo.queues.get_task("q", plain.id)
    assert (record.options["max_retries"], record.state) == (5, TaskState.WAITING)


async def test_a_task_added_by_name_has_its_declared_options(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g", priority=TaskPriority.HIGH, max_retries=7)
    async def work(n: int) -> None:
        return None

    handle = await cleo.queues.add("q", "work", {"n": "5"})
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.group, record.priority, record.options["max_retries"]) == ("g", TaskPriority.HIGH, 7)
    assert record.arguments == {"n": 5}


async def test_a_task_may_be_added_by_a_program_without_its_code(cleo: Cleo, namespace: str) -> None:
    producer = Cleo(cleo.backend.redis.url, namespace=namespace)

    @cleo.task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    async with producer, cleo.worker():
        handle = await producer.queues.add("q", "double", {"n": 21}, task_id="t-1", group="acme", delay=0.1)
        assert handle.id == "t-1"
        assert await handle.result(timeout=30) == 42
