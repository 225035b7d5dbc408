"""``cleo worker`` when an operator has its processes end, or when they outgrow their memory."""

from __future__ import annotations

import signal

import pytest

from cleo_core import Cleo, ObserverEvent
from tests.conftest import StartWorker
from tests.listening import Listener
from tests.processes import WorkerProcess
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

TASKS = """
@cleo.task(queue="q")
async def work(n: int) -> int:
    return n * 2

@cleo.task(queue="q")
async def held() -> str:
    while not notes.exists("go:" + os.environ["TEST_NAMESPACE"]):
        await asyncio.sleep(0.02)
    return "done"

kept = []

@cleo.task(queue="q")
def hoard() -> int:
    kept.append(b"x" * 300_000_000)
    return os.getpid()
"""


async def _ids(cleo: Cleo) -> list[str]:
    return sorted(info.id for info in await cleo.workers.list())


async def _there_are(cleo: Cleo, count: int) -> bool:
    return len(await _ids(cleo)) == count


@pytest.fixture
async def pair(start_worker: StartWorker, server: Server, cleo: Cleo) -> WorkerProcess:
    """Two worker processes under one supervisor, both in the registry."""
    started = start_worker(server.url, TASKS, "--processes", "2", "--concurrency", "3", "--grace", "0")
    await until(lambda: _there_are(cleo, 2))
    return started


async def test_a_process_that_was_told_to_end_is_not_replaced_and_when_all_have_ended_so_does_the_command(
    pair: WorkerProcess, cleo: Cleo
) -> None:
    first, second = await _ids(cleo)
    held = [await cleo.queues.add("q", "held") for _ in range(4)]
    await until(lambda: _active(cleo, 4))
    await cleo.workers.drain(first)
    await _let_go(cleo)
    await until(lambda: "none is started in its place" in pair.log)
    assert await _ids(cleo) == [second]
    assert [await handle.result(timeout=30) for handle in held] == ["done"] * 4
    assert await (await cleo.queues.add("q", "work", {"n": 2})).result(timeout=30) == 4
    await cleo.workers.stop(second)
    await until(lambda: pair.process.poll() is not None)
    assert pair.process.returncode == 0
    assert pair.remaining == []
    assert pair.ready == 2


async def _let_go(cleo: Cleo) -> None:
    await ask(cleo, "SET", f"go:{cleo.namespace}", "1", "EX", 600)


async def _active(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).active == count


async def test_a_process_that_is_killed_while_it_drains_is_not_replaced_and_its_task_runs_elsewhere(
    pair: WorkerProcess, cleo: Cleo
) -> None:
    held = [await cleo.queues.add("q", "held") for _ in range(6)]
    await until(lambda: _active(cleo, 6))
    victim = pair.children[0]
    (info,) = [info for info in await cleo.workers.list() if info.pid == victim.pid]
    await cleo.workers.drain(info.id)
    await until(lambda: _stops(cleo, info.id))
    victim.kill()
    await until(lambda: "none is started in its place" in pair.log)
    await _let_go(cleo)
    assert [await handle.result(timeout=30) for handle in held] == ["done"] * 6
    assert pair.ready == 2
    pair.signal(signal.SIGTERM)
    await until(lambda: pair.process.poll() is not None)


async def _stops(cleo: Cleo, worker_id: str) -> bool:
    return (await cleo.workers.get(worker_id)).stopping


async def test_a_process_that_is_killed_has_left_once_and_its_successor_has_joined(
    pair: WorkerProcess, cleo: Cleo
) -> None:
    async with Listener(cleo) as listener:
        victim = pair.children[0]
        (info,) = [info for info in await cleo.workers.list() if info.pid == victim.pid]
        victim.kill()
        await until(lambda: _joined(listener))
        assert info.id not in await _ids(cleo)
        pair.signal(signal.SIGTERM)
        await until(lambda: pair.process.poll() is not None)
        await until(lambda: len(_left(listener)) == 3)
    left = dict(_left(listener))
    assert len(left) == 3
    assert left[info.id] == "was killed by SIGKILL"


def _joined(listener: Listener) -> list[str]:
    return [event.worker for event in listener.events if event.kind is ObserverEvent.WORKER_JOINED]


def _left(listener: Listener) -> list[tuple[str, str]]:
    return [(event.worker, event.detail) for event in listener.events if event.kind is ObserverEvent.WORKER_LEFT]


async def test_a_process_that_outgrows_its_memory_finishes_what_runs_and_is_replaced(
    start_worker: StartWorker, server: Server, cleo: Cleo
) -> None:
    worker = start_worker(server.url, TASKS, "--max-memory", "250")
    await until(lambda: _there_are(cleo, 1))
    held = await cleo.queues.add("q", "held")
    hoard = await cleo.queues.add("q", "hoard")
    pid = await hoard.result(timeout=30)
    await until(lambda: "The worker claims no more and is replaced" in worker.log)
    await _let_go(cleo)
    await until(lambda: "outgrew its memory and is replaced" in worker.log)
    assert await held.result(timeout=30) == "done"
    await until(lambda: worker.ready == 2)
    assert (await cleo.queues.get_task("q", held.id)).losses == 0
    assert await (await cleo.queues.add("q", "hoard")).result(timeout=30) != pid
    worker.signal(signal.SIGTERM)
    await until(lambda: worker.process.poll() is not None)
