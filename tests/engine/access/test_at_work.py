"""Programs that run as users of a role from beginning to end."""

from __future__ import annotations

import signal

from cleo_core import Cleo, TaskState
from tests.conftest import StartWorker
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import Grant
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
    async with cleo.locks.group("emails", "acme", wait=5):
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
        assert await had.result(timeout=10) == "had it"
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
