"""Waiting for the end of tasks: alone, in crowds, too short, over broken connections."""

from __future__ import annotations

import asyncio
import time

import pytest
from pydantic import BaseModel

from cleo_core import Cleo, Task, TaskCancelled, TaskFailed, TaskNotFound, TaskState, waits
from tests.raw import ask, kill_connections
from tests.waiting import SOON, until


class Receipt(BaseModel):
    total: float


def _gate(cleo: Cleo, gate: asyncio.Event) -> Task[[int], object, int]:
    @cleo.task(queue="q")
    async def wait_at(n: int) -> int:
        await gate.wait()
        return n

    return wait_at


async def test_several_who_wait_for_one_task_all_get_its_result(cleo: Cleo) -> None:
    gate = asyncio.Event()
    task = _gate(cleo, gate)
    async with cleo.worker():
        handle = await task.enqueue(5)
        other = cleo.queues.handle("q", handle.id)
        waiting = [asyncio.create_task(h.result(timeout=30)) for h in (handle, handle, other)]
        await until(lambda: _is_active(cleo, handle.id))
        gate.set()
        assert await asyncio.gather(*waiting) == [5, 5, 5]


async def _is_active(cleo: Cleo, task_id: str) -> bool:
    return await cleo.queues.handle("q", task_id).status() is TaskState.ACTIVE


async def test_hundreds_may_be_waited_for_at_once(cleo: Cleo) -> None:
    gate = asyncio.Event()
    task = _gate(cleo, gate)
    handles = await task.enqueue_many([(n,) for n in range(300)])
    async with cleo.worker(concurrency=300):
        waiting = asyncio.gather(*(handle.result(timeout=30) for handle in handles))
        await asyncio.sleep(0)
        gate.set()
        assert await waiting == list(range(300))


async def test_a_result_comes_without_polling(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "RECHECK", 60)
    gate = asyncio.Event()
    task = _gate(cleo, gate)
    async with cleo.worker():
        handle = await task.enqueue(1)
        waiting = asyncio.create_task(handle.result(timeout=30))
        await until(lambda: _subscribed(cleo))
        await until(lambda: _is_active(cleo, handle.id))
        began = time.monotonic()
        gate.set()
        await waiting
        assert time.monotonic() - began < SOON


async def _subscribed(cleo: Cleo) -> bool:
    return bool(await ask(cleo, "PUBSUB", "CHANNELS", f"{cleo.namespace}:*:done:*"))


async def test_waiting_too_short_is_told_and_changes_nothing(cleo: Cleo) -> None:
    gate = asyncio.Event()
    task = _gate(cleo, gate)
    async with cleo.worker():
        handle = await task.enqueue(1)
        with pytest.raises(TimeoutError, match=f"{handle.id} in q has not ended within 0.05 s"):
            await handle.result(timeout=0.05)
        gate.set()
        assert await handle.result(timeout=30) == 1


async def test_a_wait_survives_the_loss_of_its_connections(own_cleo: Cleo) -> None:
    gate = asyncio.Event()
    task = _gate(own_cleo, gate)
    async with own_cleo.worker():
        handle = await task.enqueue(9)
        waiting = asyncio.create_task(handle.result(timeout=30))
        await until(lambda: _subscribed(own_cleo))
        assert await kill_connections(own_cleo, "pubsub") >= 1
        gate.set()
        assert await waiting == 9
        again = await task.enqueue(10)
        assert await again.result(timeout=30) == 10


async def test_a_removed_task_ends_the_wait_for_it(cleo: Cleo) -> None:
    task = _gate(cleo, asyncio.Event())
    handle = await task.enqueue(1)
    waiting = asyncio.create_task(handle.result(timeout=30))
    await until(lambda: _subscribed(cleo))
    await cleo.queues.remove_task("q", handle.id)
    with pytest.raises(TaskNotFound):
        await waiting


async def test_a_wait_ends_with_a_cancel(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "RECHECK", 60)
    task = _gate(cleo, asyncio.Event())
    handle = await task.enqueue(1)
    waiting = asyncio.create_task(handle.result(timeout=30))
    await until(lambda: _subscribed(cleo))
    began = time.monotonic()
    await handle.cancel()
    with pytest.raises(TaskCancelled):
        await waiting
    assert time.monotonic() - began < SOON


async def test_the_result_of_a_handle_has_its_declared_type(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def buy() -> Receipt:
        return Receipt(total=2.5)

    async with cleo.worker():
        assert await (await buy.enqueue()).result(timeout=30) == Receipt(total=2.5)


async def test_a_result_that_belies_its_annotation_comes_as_it_is(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def lie() -> int:
        return "no number"  # pyright: ignore[reportReturnType]

    async with cleo.worker():
        assert await (await lie.enqueue()).result(timeout=30) == "no number"


async def test_none_is_a_result_too(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def nothing() -> None:
        return None

    async with cleo.worker():
        assert await (await nothing.enqueue()).result(timeout=30) is None  # pyright: ignore[reportGeneralTypeIssues]


async def test_waiting_for_an_unknown_task_says_so(cleo: Cleo) -> None:
    with pytest.raises(TaskNotFound, match="no task nosuch in q"):
        await cleo.queues.handle("q", "nosuch").result(timeout=30)


async def test_a_failure_names_the_task_and_its_last_error(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError("out of tea")

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed) as told:
            await handle.result(timeout=30)
    assert (told.value.task_id, told.value.error) == (handle.id, "ValueError: out of tea")


async def test_an_abandoned_wait_leaves_no_subscription(cleo: Cleo) -> None:
    task = _gate(cleo, asyncio.Event())
    handle = await task.enqueue(1)
    waiting = asyncio.create_task(handle.result())
    await until(lambda: _subscribed(cleo))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: _unsubscribed(cleo))


async def _unsubscribed(cleo: Cleo) -> bool:
    return not await _subscribed(cleo)
