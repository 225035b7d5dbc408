"""What an operator does to queues and tasks, and the audit of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from cleo_core import Cleo, Task, TaskNotFound, TaskState
from cleo_core.errors import WrongState
from tests.raw import ask, audit_of, keys_of
from tests.waiting import until


def _echo(cleo: Cleo, ran: list[int] | None = None) -> Task[[int], object, int]:
    @cleo.task(queue="q", max_retries=0)
    async def echo(n: int) -> int:
        if ran is not None:
            ran.append(n)
        if n < 0:
            raise ValueError
        return n

    return echo


async def test_what_runs_when_its_queue_is_paused_goes_on(cleo: Cleo) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> str:
        started.set()
        await go_on.wait()
        return "done"

    async with cleo.worker():
        handle = await work.enqueue()
        await started.wait()
        assert await cleo.queues.pause("q")
        go_on.set()
        assert await handle.result(timeout=30) == "done"
        assert (await cleo.queues.stats("q")).paused


async def test_pausing_and_resuming_twice_changes_nothing_the_second_time(cleo: Cleo) -> None:
    assert [await cleo.queues.pause("q"), await cleo.queues.pause("q")] == [True, False]
    assert [await cleo.queues.resume("q"), await cleo.queues.resume("q")] == [True, False]
    assert await audit_of(cleo, "q") == [("pause", "", 1), ("resume", "", 1)]


async def test_a_paused_queue_does_not_hold_up_another(cleo: Cleo) -> None:
    ran: list[int] = []
    echo = _echo(cleo, ran)
    await cleo.queues.pause("q")
    async with cleo.worker(["q", "other"]):
        held = await echo.enqueue(1)
        assert await (await echo.options(queue="other").enqueue(2)).result(timeout=30) == 2
        assert await held.status() is TaskState.WAITING
    assert ran == [2]


async def test_delayed_tasks_of_a_paused_queue_wait_when_they_are_due(cleo: Cleo) -> None:
    ran: list[int] = []
    echo = _echo(cleo, ran)
    await cleo.queues.pause("q")
    async with cleo.worker(sweep=0.05):
        handle = await echo.options(delay=0.05).enqueue(1)
        await until(lambda: _is(cleo, handle.id, TaskState.WAITING))
        assert ran == []
        await cleo.queues.resume("q")
        assert await handle.result(timeout=30) == 1


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return await cleo.queues.handle("q", task_id).status() is state


@pytest.mark.parametrize("state", ["waiting", "delayed", "completed", "dead", "cancelled"])
async def test_a_task_that_does_not_run_can_be_removed(cleo: Cleo, state: str) -> None:
    echo = _echo(cleo)
    handle = await echo.options(delay=60 if state == "delayed" else None).enqueue(-1 if state == "dead" else 1)
    if state == "cancelled":
        await handle.cancel()
    if state in {"completed", "dead"}:
        async with cleo.worker():
            await until(lambda: _is(cleo, handle.id, TaskState(state)))
    await cleo.queues.remove_task("q", handle.id)
    with pytest.raises(TaskNotFound):
        await handle.status()
    page = await cleo.queues.tasks("q", TaskState(state))
    assert (page.total, page.items) == (0, [])


async def test_a_running_task_cannot_be_removed(cleo: Cleo) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> str:
        started.set()
        await go_on.wait()
        return "done"

    async with cleo.worker():
        handle = await work.enqueue()
        await started.wait()
        with pytest.raises(WrongState, match=r"is active\. Cancel it first"):
            await cleo.queues.remove_task("q", handle.id)
        go_on.set()
        assert await handle.result(timeout=30) == "done"


async def test_removing_an_unknown_task_says_so(cleo: Cleo) -> None:
    with pytest.raises(TaskNotFound, match="nosuch"):
        await cleo.queues.remove_task("q", "nosuch")


async def test_every_action_is_audited_with_who_what_and_how_many(cleo: Cleo) -> None:
    echo = _echo(cleo)
    async with cleo.worker():
        dead = await echo.enqueue_many([(-1,), (-1,)])
        for handle in dead:
            await until(lambda handle=handle: _is(cleo, handle.id, TaskState.DEAD))
    ids = [handle.id for handle in dead]
    await cleo.dead_letters.retry("q", ids)
    await cleo.queues.cancel("q", ids)
    await cleo.queues.remove_task("q", ids[0])
    await cleo.dead_letters.discard("q", ["nosuch"])
    assert await audit_of(cleo, "q") == [("retry", ids[0], 2), ("cancel", ids[0], 2), ("remove", ids[0], 1)]
    entry = (await ask(cleo, "XRANGE", keys_of(cleo, "q").audit, "-", "+"))[0]
    fields = dict(zip(entry[1][::2], entry[1][1::2], strict=True))
    who = json.loads(fields[b"actor"])
    assert who["redis"] == "default"
    assert "@" in who["os"]


async def test_queues_are_known_by_name_once_they_were_used(cleo: Cleo) -> None:
    echo = _echo(cleo)
    for queue in ("b", "a", "c"):
        await echo.options(queue=queue).enqueue(1)
    assert await cleo.queues.names() == ["a", "b", "c"]
    assert await cleo.queues.names(offset=1, limit=1) == ["b"]
    assert await cleo.queues.count() == 3


async def test_workers_are_listed_while_they_work_and_gone_when_they_stop(cleo: Cleo) -> None:
    _echo(cleo)
    async with cleo.worker(["q:3", "other"], concurrency=7) as worker:
        await until(cleo.workers.count)
        (info,) = await cleo.workers.list()
        assert (info.id, info.queues, info.concurrency) == (worker.id, ["q", "other"], 7)
        assert info.tasks == ["echo"]
        assert info.memory > 0
    assert await cleo.workers.list() == []
