"""A locked group and the workers: nothing is claimed, what runs is waited for, and work goes on by itself after."""

from __future__ import annotations

import asyncio
import time

import pytest

from cleo_core import Cleo, LockTimeout, Task, TaskContext, TaskState, group_lock
from cleo_core.group_lock import PATIENCE
from tests.ghosts import claim_and_die
from tests.lockers import Locker
from tests.raw import ask, keys_of
from tests.waiting import SOON, until


def _recorder(cleo: Cleo, ran: list[int]) -> Task[[int], object, int]:
    @cleo.task(queue="q", group="g")
    async def note(n: int) -> int:
        ran.append(n)
        return n

    return note


async def _waits_for_lock(cleo: Cleo) -> bool:
    """Whether the group is closed because somebody waits for its lock."""
    info = await cleo.groups.get("q", "g")
    return info.lock is None and info.standing == "locked"


async def test_workers_claim_nothing_of_a_locked_group_and_go_on_with_the_others(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    async with cleo.worker(idle_wait=60, sweep=60):
        async with cleo.locks.group("q", "g", ttl=60):
            handles = await note.enqueue_many([(1,), (2,)])
            for n in range(10, 40):
                assert await (await note.options(group="other").enqueue(n)).result(timeout=30) == n
            assert ran == list(range(10, 40))
            assert [await handle.status() for handle in handles] == [TaskState.WAITING] * 2
        released = time.monotonic()
        assert [await handle.result(timeout=30) for handle in handles] == [1, 2]
        assert time.monotonic() - released < SOON


async def test_a_worker_goes_on_by_itself_when_the_time_of_a_dead_holder_is_over(cleo: Cleo, namespace: str) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    async with cleo.worker(idle_wait=60, sweep=60):
        with Locker(cleo.backend.redis.url, namespace, "q", "g", ttl=4) as doomed:
            await until(lambda: cleo.locks.is_locked("q", "g"))
            handle = await note.enqueue(1)
            await until(lambda: _is_throttled(cleo))
            doomed.kill()
        killed_at = time.monotonic()
        assert await handle.result(timeout=30) == 1
        assert time.monotonic() - killed_at < 4 + SOON


async def _is_throttled(cleo: Cleo) -> bool:
    return (await cleo.groups.get("q", "g")).throttled_until is not None


async def test_a_worker_that_sleeps_until_a_lock_ends_looks_sooner_when_it_is_shortened(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    async with cleo.worker(idle_wait=60, sweep=60):
        lock = cleo.locks.group("q", "g", ttl=60, renew=False)
        await lock.acquire()
        handle = await note.enqueue(1)
        await until(lambda: _is_throttled(cleo))
        await lock.extend(0.2)
        shortened = time.monotonic()
        assert await handle.result(timeout=30) == 1
        assert time.monotonic() - shortened < SOON


async def test_a_waiter_that_is_killed_keeps_the_group_closed_no_longer_than_its_patience(
    cleo: Cleo, namespace: str
) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    gate = asyncio.Event()

    @cleo.task(queue="q", group="g")
    async def hold() -> None:
        await gate.wait()

    async with cleo.worker(idle_wait=60, sweep=60):
        held = await hold.enqueue()
        await until(lambda: _runs(cleo, held.id))
        with Locker(cleo.backend.redis.url, namespace, "q", "g") as doomed:
            await until(lambda: _waits_for_lock(cleo))
            handle = await note.enqueue(1)
            doomed.kill()
        killed_at = time.monotonic()
        assert await handle.result(timeout=30) == 1
        assert time.monotonic() - killed_at < PATIENCE + SOON
        gate.set()
        await held.result(timeout=30)


async def _runs(cleo: Cleo, task_id: str) -> bool:
    return await cleo.queues.handle("q", task_id).status() is TaskState.ACTIVE


async def test_drain_waits_for_running_tasks_and_closes_the_group_meanwhile(cleo: Cleo) -> None:
    ran: list[int] = []
    note = _recorder(cleo, ran)
    gate = asyncio.Event()

    @cleo.task(queue="q", group="g")
    async def hold() -> None:
        await gate.wait()
        ran.append(0)

    async with cleo.worker():
        held = await hold.enqueue()
        await until(lambda: _runs(cleo, held.id))
        lock = cleo.locks.group("q", "g", wait=60)
        taking = asyncio.create_task(lock.acquire())
        await until(lambda: _waits_for_lock(cleo))
        handle = await note.enqueue(1)
        assert await (await note.options(group="other").enqueue(2)).result(timeout=30) == 2
        with pytest.raises(LockTimeout, match="one of its tasks runs"):
            await cleo.locks.group("q", "g", wait=0).acquire()
        gate.set()
        await taking
        assert ran == [2, 0]
        assert await handle.status() is TaskState.WAITING
        assert await lock.release()
        assert await handle.result(timeout=30) == 1


async def test_without_drain_running_tasks_are_not_waited_for(cleo: Cleo) -> None:
    note = _recorder(cleo, [])
    await note.enqueue(1)
    await claim_and_die(cleo, "q", lease=60)
    async with cleo.locks.group("q", "g", wait=0, drain=False) as lock:
        assert lock.held
    scripts = await cleo.backend.scripts()
    assert await scripts.release("q", "ghost-1", (60, 60), "died") == 1


async def test_who_gives_up_waiting_opens_the_group_at_once(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_lock, "PATIENCE", 60)
    ran: list[int] = []
    note = _recorder(cleo, ran)
    gate = asyncio.Event()

    @cleo.task(queue="q", group="g")
    async def hold() -> None:
        await gate.wait()

    async with cleo.worker(idle_wait=60, sweep=60):
        held = await hold.enqueue()
        await until(lambda: _runs(cleo, held.id))
        taking = asyncio.create_task(cleo.locks.group("q", "g", wait=60).acquire())
        await until(lambda: _waits_for_lock(cleo))
        handle = await note.enqueue(1)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        gave_up = time.monotonic()
        assert await handle.result(timeout=30) == 1
        assert time.monotonic() - gave_up < SOON
        gate.set()
        await held.result(timeout=30)


async def test_who_is_cancelled_at_any_moment_leaves_no_place_in_the_line(cleo: Cleo) -> None:
    await _recorder(cleo, []).enqueue(1)
    await claim_and_die(cleo, "q", lease=60)
    line = keys_of(cleo, "q").prefix + "line:g"
    for moment in range(120):
        taking = asyncio.create_task(cleo.locks.group("q", "g", wait=60).acquire())
        await asyncio.sleep(moment / 20_000)
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking
        await until(lambda: _is_empty(cleo, line), what=f"nobody in line, cancelled after {moment / 20} ms")


async def _is_empty(cleo: Cleo, line: str) -> bool:
    return await ask(cleo, "ZCARD", line) == 0


async def test_two_tasks_of_a_group_that_lock_it_exclude_each_other_and_do_not_wait_for_each_other(cleo: Cleo) -> None:
    inside: list[int] = []
    most: list[int] = []

    @cleo.task(queue="q", group="g", max_retries=0)
    async def work(ctx: TaskContext, n: int) -> str:
        async with cleo.locks.group("q", "g", wait=20):
            inside.append(n)
            most.append(len(inside))
            holder = await cleo.locks.holder("q", "g")
            assert holder is not None
            inside.remove(n)
        assert f"task {ctx.task_id}" in holder.owner
        return holder.owner

    async with cleo.worker():
        handles = await work.enqueue_many([(n,) for n in range(8)])
        owners = [await handle.result(timeout=30) for handle in handles]
    assert most == [1] * 8
    assert len(set(owners)) == 8


async def test_a_task_of_the_group_comes_before_who_waits_for_it_to_end(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_lock, "PATIENCE", 60)
    somebody_waits = asyncio.Event()
    order: list[str] = []

    @cleo.task(queue="q", group="g", max_retries=0)
    async def work() -> None:
        await somebody_waits.wait()
        async with cleo.locks.group("q", "g", wait=20):
            order.append("task")

    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: _runs(cleo, handle.id))
        outside = cleo.locks.group("q", "g", wait=60)
        taking = asyncio.create_task(outside.acquire())
        await until(lambda: _waits_for_lock(cleo))
        began = time.monotonic()
        somebody_waits.set()
        await taking
        order.append("outside")
        await outside.release()
        await handle.result(timeout=30)
    assert order == ["task", "outside"]
    assert time.monotonic() - began < SOON


async def test_a_task_that_is_stopped_gives_its_lock_back(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g")
    async def work() -> None:
        async with cleo.locks.group("q", "other", ttl=60):
            await asyncio.Event().wait()

    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: cleo.locks.is_locked("q", "other"))
        await handle.cancel()
        await until(lambda: _ended(cleo, handle.id))
        assert not await cleo.locks.is_locked("q", "other")


async def _ended(cleo: Cleo, task_id: str) -> bool:
    return (await cleo.queues.handle("q", task_id).status()).is_final


async def test_a_task_whose_lock_is_lost_fails_and_is_tried_again(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def work() -> None:
        async with cleo.locks.group("q", "g", ttl=6):
            await asyncio.Event().wait()

    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: cleo.locks.is_locked("q", "g"))
        assert await cleo.locks.force_release("q", "g")
        await until(lambda: _ended(cleo, handle.id))
    record = await cleo.queues.get_task("q", handle.id)
    # Cancelled it was not: the loss of the lock is an error like others.
    assert (record.state, record.attempts[0].error_type) == (TaskState.DEAD, "LockLost")
