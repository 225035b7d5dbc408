"""Worker processes that are killed with tasks in their hands: the tasks run again, soon, and only the guilty die."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from cleo_core import Cleo, TaskState
from cleo_core.models import Outcome
from tests.chaos.scenes import Stage, all_ended, assert_sound, kill
from tests.servers import Server
from tests.waiting import SOON, until

HOLDS_THE_FIRST_TIME = """
cleo.configure(worker=WorkerSettings(lease=LEASE, heartbeat=5))

@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    first = first_time(n)
    note_run(ctx, n)
    if first:
        await opened()
    else:
        await asyncio.sleep(AGAIN)
    return n
"""


async def _kill_the_busiest(stage: Stage, server: Server, cleo: Cleo, tasks: str) -> None:
    """Kill one of two processes amid 40 tasks: each of its tasks begins again soon, and all complete.

    They do not wait for their leases to run out, which takes a minute.
    """
    tasks = tasks.replace("LEASE", "60")
    worker = await stage.start(server.url, tasks, "--concurrency", "30", processes=2)
    handles = [await cleo.queues.add("q", "work", {"n": n}) for n in range(40)]
    await until(lambda: len(stage.runs) == 40)
    victim, _ = Counter(run.pid for run in stage.runs).most_common(1)[0]
    lost = {run.n: run.worker for run in stage.runs if run.pid == victim}
    killed_at = time.time()
    kill(victim)
    await until(lambda: len(stage.runs) == 40 + len(lost))
    stage.open_gate()
    assert [await handle.result(timeout=30) for handle in handles] == list(range(40))
    again = stage.runs[40:]
    assert {run.n for run in again} == set(lost)
    delays = sorted(run.at - killed_at for run in again)
    assert delays[-1] < SOON, delays
    for n, dead_worker in lost.items():
        first, second = (await cleo.queues.get_task("q", handles[n].id)).attempts
        assert (first.outcome, first.worker) == (Outcome.LOST, dead_worker)
        assert "was killed by SIGKILL" in first.error_message
        assert (second.outcome, second.number) == (Outcome.COMPLETED, first.number)
        assert second.worker != dead_worker
    await until(lambda: worker.ready == 3)  # The dead process is replaced.
    await assert_sound(cleo, completed=40, lost=len(lost), failed=0, dead=0)


async def test_each_task_of_a_killed_process_runs_again_at_once_and_not_when_its_lease_has_run_out(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    await _kill_the_busiest(stage, server, cleo, HOLDS_THE_FIRST_TIME.replace("AGAIN)", "0)"))


async def test_tasks_that_were_lost_together_run_again_beside_one_another(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    await _kill_the_busiest(stage, server, cleo, HOLDS_THE_FIRST_TIME.replace("AGAIN)", "0.5)"))


async def test_a_task_of_a_machine_that_lost_its_power_is_taken_up_by_another_when_its_lease_has_run_out(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    doomed = await stage.start(server.url, HOLDS_THE_FIRST_TIME.replace("AGAIN)", "0)").replace("LEASE", "15"))
    handle = await cleo.queues.add("q", "work", {"n": 7})
    await until(lambda: stage.runs)
    await stage.start(server.url, None)
    killed_at = time.time()
    doomed.kill_all()
    assert await handle.result(timeout=30) == 7
    first, second = stage.runs
    assert second.at - killed_at < 15 + SOON
    assert first.worker != second.worker
    lost, completed = (await cleo.queues.get_task("q", handle.id)).attempts
    assert (lost.outcome, lost.worker) == (Outcome.LOST, first.worker)
    assert (completed.outcome, completed.worker) == (Outcome.COMPLETED, second.worker)
    await assert_sound(cleo, completed=1, lost=1, active=0, waiting=0)


POISON = """
@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    await asyncio.sleep(0.02)
    return n

@cleo.task(queue="q")
async def poison(ctx: TaskContext) -> None:
    note_run(ctx, -1)
    await asyncio.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.slow), 2])
async def test_a_task_that_kills_three_workers_is_poison_and_harms_none_of_those_beside_it(
    stage: Stage, server: Server, cleo: Cleo, processes: int
) -> None:
    await cleo.queues.pause("q")
    worker = await stage.start(server.url, POISON, processes=processes)
    innocents = [await cleo.queues.add("q", "work", {"n": n}) for n in range(25)]
    poison = await cleo.queues.add("q", "poison")
    innocents += [await cleo.queues.add("q", "work", {"n": n}) for n in range(25, 50)]
    await cleo.queues.resume("q")
    await until(lambda: all_ended(cleo), within=60)
    assert [await handle.result(timeout=30) for handle in innocents] == list(range(50))
    record = await cleo.queues.get_task("q", poison.id)
    assert record.state is TaskState.DEAD
    assert record.reason.startswith("poison")
    assert [attempt.outcome for attempt in record.attempts] == [Outcome.LOST] * 3
    assert len({attempt.worker for attempt in record.attempts}) == 3
    assert {attempt.worker for attempt in record.attempts} == {run.worker for run in stage.runs if run.n < 0}
    assert worker.log.count("was killed by SIGKILL") == 3
    # Some of the innocents were in the hands of the workers that died.
    records = [await cleo.queues.get_task("q", handle.id) for handle in innocents]
    assert any(attempt.outcome is Outcome.LOST for record in records for attempt in record.attempts)
    await assert_sound(cleo, completed=50, dead=1, failed=0)
