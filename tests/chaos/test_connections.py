"""Connections that are cut in mid-run: nothing is lost, nothing is counted twice, and the worker stays whole."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo
from tests.chaos.scenes import Stage, assert_sound, kill
from tests.raw import kill_connections
from tests.servers import Server
from tests.waiting import until

TASKS = """
@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    await asyncio.sleep(0.02)
    return n
"""


async def _cuts(stage: Stage, server: Server, cleo: Cleo, total: int, cuts: int) -> None:
    worker = await stage.start(server.url, TASKS, "--concurrency", "20", processes=2)
    await cleo.queues.pause("q")
    for first in range(0, total, 500):
        # All at once would keep the loop from looking at the answers for longer than they may take.
        await asyncio.gather(*(cleo.queues.add("q", "work", {"n": n}) for n in range(first, min(total, first + 500))))
    await cleo.queues.resume("q")
    for cut in range(cuts):
        await until(lambda: len(stage.runs) >= cut * total / (cuts + 1))  # noqa: B023
        await until(lambda: kill_connections(cleo, "normal"), what="connections to cut")

    async def all_completed() -> bool:
        return (await cleo.queues.stats("q")).completed >= total

    await until(all_completed, within=60)
    assert sorted(run.n for run in stage.runs) == list(range(total))  # Each once: no process died.
    assert "Traceback" not in worker.log
    await assert_sound(
        cleo, enqueued=total, completed=total, waiting=0, active=0, delayed=0, failed=0, retried=0, dead=0, lost=0
    )


async def test_nothing_is_lost_or_counted_twice_when_connections_are_cut(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    await _cuts(stage, server, cleo, 600, 6)


@pytest.mark.slow
async def test_nothing_is_lost_or_counted_twice_when_connections_are_cut_a_hundred_times(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    await _cuts(stage, server, cleo, 20_000, 100)


async def test_tasks_whose_begin_could_not_be_noted_for_a_cut_connection_are_not_lost_again(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    tasks = """
    cleo.configure(worker=WorkerSettings(lease=10, heartbeat=0.5, sweep=0.2))
    @cleo.task(queue="q")
    async def work(ctx: TaskContext, n: int) -> int:
        first = first_time(n)
        note_run(ctx, n)
        if first:
            await asyncio.Event().wait()
        return n
    """
    worker = await stage.start(server.url, tasks, "--concurrency", "300")
    # One loss more would bury them, so each is run alone, when its begin is on record.
    calls = (cleo.queues.add("q", "work", {"n": n}, max_deliveries=2) for n in range(300))
    handles = await asyncio.gather(*calls)
    await until(lambda: len(stage.runs) == 300)
    kill(stage.runs[0].pid)
    for cut in range(12):
        await until(lambda: len(stage.runs) >= 310 + 20 * cut)  # noqa: B023
        await kill_connections(cleo, "normal")
    assert await asyncio.gather(*(handle.result(timeout=30) for handle in handles)) == list(range(300))
    assert worker.ready == 2
    assert "Traceback" not in worker.log
    await assert_sound(cleo, completed=300, lost=300, dead=0, failed=0)


async def test_a_worker_whose_connections_are_cut_again_and_again_keeps_its_leases(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    tasks = """
    cleo.configure(worker=WorkerSettings(lease=8, heartbeat=0.01, sweep=0.2))
    @cleo.task(queue="q")
    async def long(ctx: TaskContext) -> str:
        note_run(ctx, 0)
        await opened()
        return "done"
    """
    worker = await stage.start(server.url, tasks)
    handle = await cleo.queues.add("q", "long")
    await until(lambda: stage.runs)
    await until(cleo.workers.count)
    (process,) = await cleo.workers.list()
    for _ in range(60):
        await kill_connections(cleo, "normal")
        beat = await _lease_end(cleo, handle.id)
        await until(lambda: _is_renewed(cleo, handle.id, beat), what="a heartbeat after a cut")  # noqa: B023
    stage.open_gate()
    assert await handle.result(timeout=30) == "done"
    assert len(stage.runs) == 1
    assert [info.id for info in await cleo.workers.list()] == [process.id]
    assert "Traceback" not in worker.log
    await assert_sound(cleo, completed=1, lost=0)


async def _lease_end(cleo: Cleo, task_id: str) -> float:
    return (await cleo.queues.get_task("q", task_id)).lease_expires_at or 0.0


async def _is_renewed(cleo: Cleo, task_id: str, before: float) -> bool:
    return await _lease_end(cleo, task_id) > before
