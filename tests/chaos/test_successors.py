"""Workers that are taken for dead and are not, and workers that seem dead and must not be taken for it."""

from __future__ import annotations

import os
import re
import signal

import pytest

from cleo_core import Cleo
from cleo_core.models import Outcome
from tests.chaos.scenes import SHORT_LEASES, Stage, all_ended, assert_sound
from tests.servers import Server
from tests.waiting import until

TASKS = (
    SHORT_LEASES
    + """
@cleo.task(queue="q")
async def in_the_loop(ctx: TaskContext) -> str:
    first = first_time("task")
    note_run(ctx, 0)
    if first:
        await opened()
    return "zombie" if first else "successor"

@cleo.task(queue="q")
def in_a_thread(ctx: TaskContext) -> str:
    first = first_time("task")
    note_run(ctx, 0)
    while first and not os.path.exists("gate"):
        time.sleep(0.02)
    return "zombie" if first else "successor"

@cleo.task(queue="q")
async def stubborn(ctx: TaskContext) -> str:
    first = first_time("task")
    note_run(ctx, 0)
    while first and not os.path.exists("gate"):
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            pass
    return "zombie" if first else "successor"

@cleo.task(queue="q")
async def quick(ctx: TaskContext) -> str:
    write("quick", ctx.worker)
    await asyncio.sleep(0.05)
    return ctx.worker
"""
)


@pytest.mark.parametrize(
    ("kind", "returns"),
    [("in_the_loop", "on-waking"), ("in_a_thread", "on-waking"), ("stubborn", "after-it-knows")],
)
async def test_a_zombie_does_not_overwrite_the_result_of_its_successor(
    stage: Stage, server: Server, cleo: Cleo, kind: str, returns: str
) -> None:
    worker = await stage.start(server.url, TASKS, "--concurrency", "2", processes=2)
    handle = await cleo.queues.add("q", kind)
    await until(lambda: stage.runs)
    zombie = stage.runs[0]
    os.kill(zombie.pid, signal.SIGSTOP)
    assert await handle.result(timeout=30) == "successor"
    if returns == "on-waking":
        stage.open_gate()
    os.kill(zombie.pid, signal.SIGCONT)
    await until(lambda: re.search(r"lease on task \S+ was lost|results were refused", worker.log), what="a warning")
    stage.open_gate()
    # The zombie goes on as a worker like any other: it claims again when its task has returned.
    handles = [await cleo.queues.add("q", "quick") for _ in range(40)]
    by_worker = {await quick.result(timeout=30) for quick in handles}
    await until(lambda: all_ended(cleo))
    assert zombie.worker in by_worker
    assert worker.ready == 2
    assert await handle.result(timeout=30) == "successor"
    lost, completed = (await cleo.queues.get_task("q", handle.id)).attempts
    assert (lost.outcome, lost.worker) == (Outcome.LOST, zombie.worker)
    assert (completed.outcome, completed.worker) == (Outcome.COMPLETED, stage.runs[1].worker)
    assert len(stage.runs) == 2
    await assert_sound(cleo, completed=1 + 40, lost=1, failed=0, dead=0, active=0)


async def test_a_task_that_blocks_the_loop_of_its_worker_beyond_the_lease_runs_once(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    tasks = """
    cleo.configure(worker=WorkerSettings(lease=4, heartbeat=0.5, sweep=0.2))
    @cleo.task(queue="q")
    async def block(ctx: TaskContext) -> str:
        note_run(ctx, 0)
        time.sleep(6)
        return "done"
    """
    worker = await stage.start(server.url, tasks, processes=2)
    handle = await cleo.queues.add("q", "block")
    assert await handle.result(timeout=30) == "done"
    assert len(stage.runs) == 1
    (attempt,) = (await cleo.queues.get_task("q", handle.id)).attempts
    assert (attempt.outcome, attempt.worker) == (Outcome.COMPLETED, stage.runs[0].worker)
    assert "lease" not in worker.log
    await assert_sound(cleo, completed=1, lost=0, active=0)
