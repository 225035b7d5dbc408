"""Programs that run as users of a role from beginning to end."""

from __future__ import annotations

import logging
import signal
import time

import pytest

from cleo_core import Cleo, Every, ObserverEvent, TaskState
from tests.conftest import StartWorker
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import Grant
from tests.pasts import run, shift
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

TASKS = """
@cleo.task(queue="emails", max_retries=1, backoff=Backoff.fixed(0))
async def send(to: int, context_free: bool = True):
    if to == 13:
        raise ValueError("unlucky")
    if to == 7:
        await send.enqueue(8)
    return to

@cleo.task(queue="emails")
async def long(context: TaskContext):
    context.progress(0.5, "half")
    await asyncio.sleep(600)

@cleo.task(queue="emails")
async def locked():
    async with cleo.locks.group("emails", "acme", wait=30):
        return "had it"
"""


async def test_a_worker_and_a_producer_do_all_their_work(
    server: Server, cleo: Cleo, as_role: AsRole, start_worker: StartWorker, namespace: str
) -> None:
    producer = await as_role("producer")
    grant = Grant("worker", f"{namespace}-worker", namespace)
    await grant.give(server.url)
    try:
        process = start_worker(grant.url(server.port), TASKS, "--queues", "emails")
        handle = await producer.queues.add("emails", "send", {"to": 7})
        assert await handle.result(timeout=30) == 7
        await producer.queues.add("emails", "send", {"to": 13}, delay=0.05)
        had = await producer.queues.add("emails", "locked", {})
        assert await had.result(timeout=30) == "had it"
        running = await producer.queues.add("emails", "long", {})
        await until(lambda: _progress(cleo, running.id))
        await until(lambda: _counts(cleo, completed=3, dead=1))
        assert len(await cleo.workers.list()) == 1
        operator = await as_role("operator")
        assert (await operator.queues.cancel("emails", [running.id])).done == 1
        await until(lambda: _is(cleo, running.id, TaskState.CANCELLED))
        process.signal(signal.SIGTERM)
        assert process.process.wait(30) == 0
        assert "has no permission" not in process.log
        assert "failed" not in process.log.lower().replace("max_failed", ""), process.log
        assert await cleo.workers.count() == 0
    finally:
        await grant.take_back(server.url)


async def _progress(cleo: Cleo, task_id: str) -> bool:
    return (await cleo.queues.get_task("emails", task_id)).progress == 0.5


async def _counts(cleo: Cleo, *, completed: int, dead: int) -> bool:
    stats = await cleo.queues.stats("emails")
    return (stats.completed, stats.dead) == (completed, dead)


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return (await cleo.queues.get_task("emails", task_id)).state is state


async def test_a_worker_does_for_all_what_workers_do(
    cleo: Cleo, as_role: AsRole, caplog: pytest.LogCaptureFixture
) -> None:
    await run(cleo, [0.5] * 3, queue="emails", name="old")
    await shift(cleo, 5, queue="emails")
    user = await as_role("worker")
    rows: list[int] = []

    @user.task(queue="emails", schedule=Every(0.2))
    async def ticking() -> None: ...

    @user.task(queue="emails", batch=3, batch_wait=0.05)
    async def many(some: list[int]) -> None:
        rows.extend(some)

    viewer, operator, producer = await as_role("viewer"), await as_role("operator"), await as_role("producer")
    with caplog.at_level(logging.DEBUG, "cleo"):
        async with user.worker(heartbeat=0.05, sweep=0.2) as worker:
            await (await producer.queues.add("emails", "many", {"some": 1})).result(timeout=30)
            await until(lambda: _has_run(viewer, "ticking"))
            await until(lambda: viewer.workers.signature("many"))
            await until(lambda: _is_folded(cleo))
            await until(lambda: _has_load(viewer, worker.id))
            for order, state in ((operator.workers.pause, "paused"), (operator.workers.resume, "running")):
                await order(worker.id)
                await until(lambda: _is_in(viewer, worker.id, state))  # noqa: B023
            kinds = {event.kind for event in await viewer.events.recent("emails", 1_000)}
            assert ObserverEvent.WORKER_JOINED in kinds
        kinds = {event.kind for event in await viewer.events.recent("emails", 1_000)}
    assert ObserverEvent.WORKER_LEFT in kinds
    assert rows == [1]
    assert [record.getMessage() for record in caplog.records if "permission" in record.getMessage()] == []
    assert (await viewer.history.stats("emails", name="old")).figures.completed == 3


async def _has_run(cleo: Cleo, name: str) -> bool:
    return (await cleo.history.stats("emails", name=name)).figures.completed >= 2


async def _is_folded(cleo: Cleo) -> bool:
    unfolded = await ask(cleo, "ZRANGE", f"{keys_of(cleo, 'emails').prefix}unfolded", 0, -1)
    return all(int(minute) >= int(time.time()) // 60 - 1 for minute in unfolded)


async def _has_load(cleo: Cleo, worker: str) -> bool:
    return bool((await cleo.history.stats(worker=worker)).workers)


async def _is_in(cleo: Cleo, worker: str, state: str) -> bool:
    return (await cleo.workers.get(worker)).state == state
