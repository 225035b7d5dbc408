"""Workers that are told to stop: what runs finishes, the rest goes back as if nobody had touched it."""

from __future__ import annotations

import signal
import time

from cleo_core import Cleo, TaskState
from cleo_core.models import Outcome
from tests.chaos.scenes import Stage, all_ended, assert_sound, is_alive
from tests.servers import Server
from tests.waiting import SOON, until

TASKS = """
@cleo.task(queue="q")
async def quick() -> None:
    pass

@cleo.task(queue="q")
async def hold(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    await opened()
    return ctx.attempt

@cleo.task(queue="q")
def hold_in_a_thread(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    while not os.path.exists("gate"):
        time.sleep(0.02)
    return ctx.attempt
"""


async def test_on_sigterm_running_tasks_finish_and_the_others_go_back_untouched(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    await cleo.queues.pause("q")
    worker = await stage.start(server.url, TASKS, "--concurrency", "4")
    for _ in range(300):
        await cleo.queues.add("q", "quick")
    handles = [await cleo.queues.add("q", "hold", {"n": n}) for n in range(12)]
    await cleo.queues.resume("q")

    async def more_is_held_than_runs() -> bool:
        stats = await cleo.queues.stats("q")
        return len(stage.runs) == 4 and stats.completed == 300 and stats.active > 4

    await until(more_is_held_than_runs)
    worker.signal(signal.SIGTERM)

    async def only_what_runs_is_held() -> bool:
        stats = await cleo.queues.stats("q")
        return (stats.active, stats.waiting) == (4, 8)

    await until(only_what_runs_is_held)
    stage.open_gate()
    await until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 0
    assert [await handle.result(timeout=30) for handle in handles[:4]] == [1] * 4
    await assert_sound(cleo, completed=304, waiting=8, active=0, lost=0, failed=0)
    for handle in handles[4:]:
        record = await cleo.queues.get_task("q", handle.id)
        assert (record.state, record.attempts, record.losses) == (TaskState.WAITING, [], 0)
    assert await cleo.workers.list() == []
    await stage.start(server.url, None)
    assert [await handle.result(timeout=30) for handle in handles] == [1] * 12
    assert [run.n for run in stage.runs[4:]] == list(range(4, 12))
    await assert_sound(cleo, completed=312, lost=0)


async def test_tasks_that_outlive_the_grace_go_back_uncharged_and_run_elsewhere(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    worker = await stage.start(server.url, TASKS, "--grace", "0.5")
    handles = [await cleo.queues.add("q", name, {"n": 0}) for name in ("hold", "hold_in_a_thread")]
    await until(lambda: len(stage.runs) == 2)
    worker.signal(signal.SIGTERM)
    await until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 0
    for handle in handles:
        record = await cleo.queues.get_task("q", handle.id)
        assert (record.state, record.attempts, record.losses) == (TaskState.WAITING, [], 0)
    await assert_sound(cleo, waiting=2, active=0, lost=0, failed=0)
    stage.open_gate()
    await stage.start(server.url, None)
    assert [await handle.result(timeout=30) for handle in handles] == [1, 1]
    assert len({run.worker for run in stage.runs}) == 2
    await assert_sound(cleo, completed=2, waiting=0, lost=0)


async def test_a_second_signal_ends_a_worker_at_once(stage: Stage, server: Server, cleo: Cleo) -> None:
    worker = await stage.start(server.url, TASKS)
    handles = [await cleo.queues.add("q", name, {"n": 0}) for name in ("hold", "hold_in_a_thread")]
    await until(lambda: len(stage.runs) == 2)
    children = [child.pid for child in worker.children]
    worker.signal(signal.SIGTERM)
    await until(lambda: "A second signal ends them at once" in worker.log)
    signalled_at = time.monotonic()
    worker.signal(signal.SIGTERM)
    await until(lambda: worker.process.poll() is not None)
    assert time.monotonic() - signalled_at < SOON
    assert worker.process.returncode == 1
    assert not any(map(is_alive, children))
    await assert_sound(cleo, waiting=2, active=0, failed=0)
    for handle in handles:
        (attempt,) = (await cleo.queues.get_task("q", handle.id)).attempts
        assert attempt.outcome is Outcome.LOST


async def test_processes_whose_supervisor_was_killed_finish_what_runs_and_end(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    worker = await stage.start(server.url, TASKS, "--concurrency", "1", processes=2)
    handles = [await cleo.queues.add("q", "hold", {"n": n}) for n in range(5)]
    await until(lambda: len(stage.runs) == 2)
    children = [child.pid for child in worker.children]
    worker.process.kill()
    worker.process.wait()
    await until(lambda: worker.log.count("The supervisor is gone") == 2)
    assert all(map(is_alive, children))
    stage.open_gate()
    await until(lambda: not any(map(is_alive, children)))
    assert [await handle.result(timeout=30) for handle in handles[:2]] == [1, 1]
    stats = await assert_sound(cleo, active=0, lost=0, failed=0)
    assert stats.completed + stats.waiting == 5
    await stage.start(server.url, None)
    await until(lambda: all_ended(cleo))
    await assert_sound(cleo, completed=5, lost=0)


async def test_results_that_can_not_be_settled_while_a_worker_stops_are_settled_when_the_server_is_back_in_time(
    stage: Stage, own_server: Server, own_cleo: Cleo
) -> None:
    worker = await stage.start(own_server.url, TASKS)
    handle = await own_cleo.queues.add("q", "hold", {"n": 0})
    await until(lambda: stage.runs)
    own_server.kill()
    stage.open_gate()
    await until(lambda: "tries again" in worker.log)
    worker.signal(signal.SIGTERM)
    await until(lambda: "Results wait" in worker.log or worker.process.poll() is not None)
    own_server.start()
    await until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 0
    assert await handle.result(timeout=30) == 1
    await assert_sound(own_cleo, completed=1, active=0, lost=0)
