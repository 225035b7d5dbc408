"""What operators tell workers from afar: to pause, to go on, to drain, to stop; and memory that grows too large."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo, Task, WorkerNotFound, WorkerSettings, WorkerState, WrongState
from cleo_core.models import TaskState, WorkerInfo
from cleo_core.worker.duty import Duty, Ending
from cleo_core.worker.worker import Worker
from tests.raw import ask, kill_connections
from tests.waiting import until


def _held(cleo: Cleo, go_on: asyncio.Event) -> Task[[], object, str]:
    @cleo.task(queue="q")
    async def held() -> str:
        await go_on.wait()
        return "done"

    return held


async def _there(cleo: Cleo, worker: Worker) -> bool:
    return any(info.id == worker.id for info in await cleo.workers.list())


async def _state_is(cleo: Cleo, worker: Worker, state: WorkerState) -> bool:
    return any(info.id == worker.id and info.state is state for info in await cleo.workers.list())


async def _told_at_audit(cleo: Cleo) -> list[tuple[str, str]]:
    entries = await ask(cleo, "XRANGE", cleo.backend.keys.audit, "-", "+")
    told = [dict(zip(flat[::2], flat[1::2], strict=True)) for _, flat in entries]
    return [(fields[b"action"].decode(), fields[b"target"].decode()) for fields in told]


async def test_a_paused_worker_claims_nothing_and_finishes_what_runs_until_it_is_resumed(cleo: Cleo) -> None:
    go_on = asyncio.Event()
    held = _held(cleo, go_on)
    first = await held.enqueue()
    async with cleo.worker(concurrency=1) as worker:
        await until(lambda: _is_active(cleo, 1))
        await until(lambda: _there(cleo, worker))
        assert await cleo.workers.pause(worker.id)
        assert not await cleo.workers.pause(worker.id)
        await until(lambda: worker.state is WorkerState.PAUSED)
        await until(lambda: _state_is(cleo, worker, WorkerState.PAUSED))
        second = await held.enqueue()
        go_on.set()
        assert await first.result(timeout=30) == "done"
        # A wake token that lies about shows that nobody waits for one.
        await until(lambda: ask(cleo, "LLEN", cleo.backend.keys.of_queue("q").wake))
        assert await second.status() is TaskState.WAITING
        assert await cleo.workers.resume(worker.id)
        assert await second.result(timeout=30) == "done"
        assert not await cleo.workers.resume(worker.id)
    assert await _told_at_audit(cleo) == [("worker pause", worker.id), ("worker resume", worker.id)]


async def test_why_a_task_waits_is_said_when_its_workers_are_paused(cleo: Cleo) -> None:
    held = _held(cleo, _set())
    async with cleo.worker(heartbeat=0.05) as worker:
        await until(lambda: _there(cleo, worker))
        await cleo.workers.pause(worker.id)
        await until(lambda: _state_is(cleo, worker, WorkerState.PAUSED))
        explanation = await cleo.explain((await held.enqueue()).id, "q")
        assert [reason.kind for reason in explanation.reasons] == ["workers_paused"]
        assert worker.id in explanation.text


async def _is_active(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).active == count


async def test_what_a_paused_worker_had_claimed_ahead_goes_to_others_uncharged(cleo: Cleo) -> None:
    go_on = asyncio.Event()
    held = _held(cleo, go_on)
    async with cleo.worker(concurrency=1, prefetch=5) as worker:
        worker._pace._rate, worker._pace._flight = 1e6, 1.0  # pyright: ignore[reportPrivateUsage]
        handles = await held.enqueue_many([()] * 4)
        await until(lambda: _is_active(cleo, 4))
        await until(lambda: _there(cleo, worker))
        await cleo.workers.pause(worker.id)
        await until(lambda: _is_active(cleo, 1))
        async with cleo.worker(concurrency=3):
            await until(lambda: _is_active(cleo, 4))
            go_on.set()
            assert [await handle.result(timeout=30) for handle in handles] == ["done"] * 4
    records = [await cleo.queues.get_task("q", handle.id) for handle in handles]
    assert [(record.losses, len(record.attempts)) for record in records] == [(0, 1)] * 4


async def test_a_draining_worker_finishes_what_runs_beyond_its_grace_period_and_ends(cleo: Cleo) -> None:
    go_on = asyncio.Event()
    held = _held(cleo, go_on)
    handle = await held.enqueue()
    worker = cleo.worker(grace=0, heartbeat=0.05)
    running = asyncio.create_task(worker.run())
    await until(lambda: _is_active(cleo, 1))
    await until(lambda: _there(cleo, worker))
    assert await cleo.workers.drain(worker.id)
    assert not await cleo.workers.drain(worker.id)
    await until(lambda: _state_is(cleo, worker, WorkerState.DRAINING))
    for order in (cleo.workers.pause, cleo.workers.resume):
        with pytest.raises(WrongState, match="draining and will end"):
            await order(worker.id)
    later = await held.enqueue()
    assert not running.done()
    go_on.set()
    await asyncio.wait_for(running, 10)
    assert await handle.result(timeout=30) == "done"
    assert await later.status() is TaskState.WAITING
    assert worker.ending is Ending.ORDERED
    with pytest.raises(WorkerNotFound, match=worker.id):
        await cleo.workers.drain(worker.id)


async def test_a_draining_worker_that_is_told_to_stop_hands_back_what_does_not_end(cleo: Cleo) -> None:
    handle = await _held(cleo, asyncio.Event()).enqueue()
    worker = cleo.worker(grace=0.05)
    running = asyncio.create_task(worker.run())
    await until(lambda: _is_active(cleo, 1))
    await until(lambda: _there(cleo, worker))
    await cleo.workers.drain(worker.id)
    await until(lambda: _state_is(cleo, worker, WorkerState.DRAINING))
    assert await cleo.workers.stop(worker.id)
    await asyncio.wait_for(running, 10)
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.state, record.losses) == (TaskState.WAITING, 0)
    assert await _told_at_audit(cleo) == [("worker drain", worker.id), ("worker stop", worker.id)]


async def test_an_order_that_no_channel_carried_is_found_at_the_next_heartbeat(own_cleo: Cleo) -> None:
    _held(own_cleo, asyncio.Event())
    async with own_cleo.worker(heartbeat=0.2) as worker:
        await until(lambda: _there(own_cleo, worker))
        await kill_connections(own_cleo, "pubsub")
        await ask(own_cleo, "SET", own_cleo.backend.keys.order(worker.id), "paused", "EX", 60)
        await until(lambda: worker.state is WorkerState.PAUSED)


async def test_an_order_to_an_earlier_worker_of_the_same_id_is_not_obeyed(cleo: Cleo) -> None:
    handle = await _held(cleo, _set()).enqueue()
    for _ in range(2):
        worker = cleo.worker(worker_id="fixed", heartbeat=0.05)
        running = asyncio.create_task(worker.run())
        await until(lambda: _there(cleo, worker))  # noqa: B023
        assert await handle.result(timeout=30) == "done"
        assert await cleo.workers.stop("fixed")
        await asyncio.wait_for(running, 10)
        handle = await cleo.queues.add("q", "held")


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@pytest.mark.garbles_data
async def test_an_order_that_is_no_state_is_not_obeyed(cleo: Cleo) -> None:
    _held(cleo, asyncio.Event())
    async with cleo.worker(heartbeat=0.02) as worker:
        await until(lambda: _there(cleo, worker))
        await ask(cleo, "SET", cleo.backend.keys.order(worker.id), b"\xff explode", "EX", 60)
        beat = (await cleo.workers.get(worker.id)).beat_at
        await until(lambda: _beat_after(cleo, worker, beat))
        assert worker.state is WorkerState.RUNNING


async def _beat_after(cleo: Cleo, worker: Worker, beat: float) -> bool:
    return (await cleo.workers.get(worker.id)).beat_at > beat


@pytest.mark.parametrize("worker_id", ["nobody", "", "a{b"])
async def test_who_is_not_there_can_not_be_told_anything(cleo: Cleo, worker_id: str) -> None:
    for order in (cleo.workers.pause, cleo.workers.resume, cleo.workers.drain, cleo.workers.stop, cleo.workers.get):
        with pytest.raises((WorkerNotFound, ValueError), match="worker"):
            await order(worker_id)
    assert await _told_at_audit(cleo) == []


# --- memory -----------------------------------------------------------------------------------------


async def test_an_embedded_worker_that_outgrew_its_memory_claims_no_more_and_says_why(cleo: Cleo) -> None:
    held = _held(cleo, _set())
    async with cleo.worker(max_memory=1, heartbeat=0.05) as worker:
        await until(lambda: worker.state is WorkerState.PAUSED)
        handle = await held.enqueue()
        await until(lambda: _says_why(cleo, worker))
        assert await handle.status() is TaskState.WAITING


async def _says_why(cleo: Cleo, worker: Worker) -> bool:
    infos = [info for info in await cleo.workers.list() if info.id == worker.id]
    return bool(infos) and "max_memory" in infos[0].reason


def test_an_embedded_worker_that_has_less_memory_again_claims_again() -> None:
    changes: list[WorkerState] = []
    duty = Duty(1_000, lambda: changes.append(duty.state))
    for memory in (999, 1_000, 1_001, 2_000, 1_000, 500):
        duty.weigh(memory)
    assert changes == [WorkerState.PAUSED, WorkerState.RUNNING]


def test_one_that_was_paused_too_stays_paused_when_it_has_less_memory_again() -> None:
    duty = Duty(1_000, lambda: None)
    duty.pause()
    duty.weigh(2_000)
    duty.weigh(500)
    assert duty.state is WorkerState.PAUSED
    duty.resume()
    assert duty.claims


def test_one_that_is_replaced_drains_once() -> None:
    duty = Duty(1_000, lambda: None)
    duty.replaceable = True
    duty.weigh(2_000)
    assert (duty.state, duty.ending) == (WorkerState.DRAINING, Ending.OUTGROWN)
    duty.obey(WorkerState.STOPPING)
    assert (duty.state, duty.ending) == (WorkerState.STOPPING, Ending.OUTGROWN)
    duty.obey(WorkerState.DRAINING)
    assert duty.state is WorkerState.STOPPING


def test_max_memory_is_a_positive_number_of_bytes() -> None:
    for wrong in (0, -1, "much"):
        with pytest.raises(ValueError, match="max_memory"):
            WorkerSettings(max_memory=wrong)  # pyright: ignore[reportArgumentType]


def test_a_worker_of_before_the_states_were_told_counts_as_running() -> None:
    fields = {"id": "w", "host": "h", "pid": 1, "version": "0", "queues": [], "tasks": [], "concurrency": 1}
    numbers = dict.fromkeys(("active", "processed", "failed", "cpu", "memory", "loop_lag", "started_at", "beat_at"), 0)
    assert WorkerInfo.model_validate({**fields, **numbers, "stopping": False}).state is WorkerState.RUNNING
