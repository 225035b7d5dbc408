"""Signals and suspensions at moments at which nobody expects them."""

from __future__ import annotations

import signal
import time

import pytest

from cleo_core import Cleo, TaskState
from tests.chaos.scenes import SHORT_LEASES, Stage, assert_sound
from tests.conftest import StartWorker
from tests.processes import WorkerProcess
from tests.servers import Server
from tests.waiting import SOON, until

QUICK = """
@cleo.task(queue="q")
async def quick(n: int) -> int:
    await asyncio.sleep(0.05)
    return n
"""
BLOCK = """
@cleo.task(queue="q")
def block(ctx: TaskContext) -> None:
    note_run(ctx, 0)
    time.sleep(600)
"""


async def _ended(worker: WorkerProcess) -> int:
    await until(lambda: worker.process.poll() is not None, what=worker.log)
    assert worker.remaining == []
    return worker.process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_an_idle_worker_stops_at_once_and_cleanly(
    stage: Stage, server: Server, cleo: Cleo, number: signal.Signals
) -> None:
    worker = await stage.start(server.url, QUICK)
    began = time.monotonic()
    worker.signal(number)
    assert await _ended(worker) == 0
    assert time.monotonic() - began < SOON
    assert await cleo.workers.list() == []


async def test_a_signal_while_the_processes_start_ends_them_cleanly(
    stage: Stage, server: Server, start_worker: StartWorker
) -> None:
    running = await stage.start(server.url, QUICK)
    starting = start_worker(server.url, None, "--processes", "2")
    await until(lambda: starting.children)
    starting.signal(signal.SIGTERM)
    assert await _ended(starting) == 0
    running.signal(signal.SIGTERM)
    assert await _ended(running) == 0


async def test_a_thread_that_can_not_be_stopped_does_not_hold_up_the_end(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    worker = await stage.start(server.url, BLOCK, "--grace", "0.5")
    handle = await cleo.queues.add("q", "block")
    await until(lambda: stage.runs)
    worker.signal(signal.SIGTERM)
    assert await _ended(worker) == 0
    assert await handle.status() is TaskState.WAITING
    await assert_sound(cleo, waiting=1)


async def test_a_worker_that_has_no_server_can_be_stopped(start_worker: StartWorker) -> None:
    worker = start_worker("redis://127.0.0.1:1/0", QUICK)
    await until(lambda: "tries again" in worker.log)
    worker.signal(signal.SIGTERM)
    await _ended(worker)


async def test_a_worker_that_was_suspended_works_on_after_it_woke(stage: Stage, server: Server, cleo: Cleo) -> None:
    worker = await stage.start(server.url, SHORT_LEASES + QUICK, "--concurrency", "5")
    handles = [await cleo.queues.add("q", "quick", {"n": n}) for n in range(60)]
    await until(lambda: _completed(cleo))
    (child,) = worker.children
    child.suspend()
    await until(lambda: _swept(cleo), what="leases that ran out")
    child.resume()
    assert [await handle.result(timeout=30) for handle in handles] == list(range(60))
    await assert_sound(cleo, completed=60)


async def _completed(cleo: Cleo) -> int:
    return (await cleo.queues.stats("q")).completed


async def _swept(cleo: Cleo) -> bool:
    scripts = await cleo.backend.scripts()
    return (await scripts.sweep("q", 100, (60, 60)))[0] > 0
