"""Leases that run out, tasks that kill their workers, and zombies."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from cleo_core import Cleo, Task, TaskContext, TaskFailed, TaskState
from cleo_core.models import Outcome
from cleo_core.scripts import Held, Settled
from tests.ghosts import GHOST, claim_and_die
from tests.raw import ask, keys_of
from tests.waiting import until


def _echo(cleo: Cleo, max_deliveries: int = 3) -> Task[[int], int, int]:
    @cleo.task(queue="q", max_deliveries=max_deliveries)
    def echo(n: int) -> int:
        return n

    return echo


async def test_a_task_of_a_dead_worker_is_taken_up_by_another_without_being_charged(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def work(ctx: TaskContext) -> int:
        return ctx.attempt

    handle = await work.enqueue()
    assert len(await claim_and_die(cleo, "q")) == 1
    async with cleo.worker(sweep=0.05):
        assert await handle.result(timeout=30) == 1
    record = await cleo.queues.get_task("q", handle.id)
    assert [a.outcome for a in record.attempts] == [Outcome.LOST, Outcome.COMPLETED]
    assert record.attempts[0].worker == GHOST
    assert "let its lease run out" in record.attempts[0].error_message
    assert (await cleo.queues.stats("q")).lost == 1


async def test_a_lost_task_goes_back_to_its_old_place(cleo: Cleo) -> None:
    echo = _echo(cleo)
    first, *others = await echo.enqueue_many([(n,) for n in range(4)])
    await claim_and_die(cleo, "q", lease=0.01)
    scripts = await cleo.backend.scripts()
    await until(lambda: _sweep(cleo))
    answer = await scripts.cycle("q", "other", 4, 60_000, (60, 60), [])
    assert [task.id.decode() for task in answer.claimed] == [first.id, *(handle.id for handle in others)]
    await scripts.release("q", "other", (60, 60), "test")


async def _sweep(cleo: Cleo) -> bool:
    scripts = await cleo.backend.scripts()
    return (await scripts.sweep("q", 100, (60, 60)))[0] > 0


async def test_a_zombie_can_neither_complete_nor_fail_nor_renew_nor_report(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handle = await echo.enqueue(1)
    (old,) = await claim_and_die(cleo, "q")
    await until(lambda: _sweep(cleo))
    scripts = await cleo.backend.scripts()
    (new,) = await claim_and_die(cleo, "q", worker="successor", lease=60)
    for outcome, value in (("completed", b'"zombie"'), ("dead", b'["E","m","t","failed"]'), ("returned", b"")):
        zombie = Settled(old.id, old.receipt, old.group, outcome, 1, value, 0)
        assert (await scripts.cycle("q", GHOST, 0, 1000, (60, 60), [zombie])).stale == [old.id]
    assert await scripts.renew("q", 1000, [Held(old.id, old.receipt)]) == [0]
    assert not await scripts.begin("q", old)
    assert await handle.status() is TaskState.ACTIVE
    good = Settled(new.id, new.receipt, new.group, "completed", 1, b"7", 60)
    assert (await scripts.cycle("q", "successor", 0, 1000, (60, 60), [good])).stale == []
    assert await handle.result(timeout=30) == 7
    late = Settled(old.id, old.receipt, old.group, "completed", 1, b'"zombie"', 60)
    assert (await scripts.cycle("q", GHOST, 0, 1000, (60, 60), [late])).stale == [old.id]
    assert await handle.result(timeout=30) == 7


async def test_a_task_that_killed_three_workers_is_poison_and_names_them(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handle = await echo.enqueue(1)
    for n in range(3):
        assert await claim_and_die(cleo, "q", worker=f"victim-{n}", begin=True), f"claim {n}"
        await until(lambda: _sweep(cleo))
    with pytest.raises(TaskFailed, match="poison: 3 workers"):
        await handle.result(timeout=30)
    record = await cleo.queues.get_task("q", handle.id)
    assert [a.worker for a in record.attempts] == ["victim-0", "victim-1", "victim-2"]
    assert (record.losses, record.state) == (3, TaskState.DEAD)


async def test_a_task_that_may_be_lost_only_once_is_dead_after_the_first_loss(cleo: Cleo) -> None:
    handle = await _echo(cleo, max_deliveries=1).enqueue(1)
    await claim_and_die(cleo, "q", begin=True)
    await until(lambda: _sweep(cleo))
    with pytest.raises(TaskFailed, match=r"poison: 1 workers?"):
        await handle.result(timeout=30)


async def test_a_task_that_had_not_begun_when_its_worker_died_is_not_charged_again(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handle = await echo.enqueue(1)
    for n in range(6):
        assert await claim_and_die(cleo, "q", worker=f"w-{n}"), f"claim {n}"
        await until(lambda: _sweep(cleo))
    async with cleo.worker():
        assert await handle.result(timeout=30) == 1


@pytest.mark.parametrize(("losses", "together"), [(1, True), (2, False)])
async def test_tasks_that_one_more_loss_would_bury_run_one_after_the_other(
    cleo: Cleo, losses: int, together: bool
) -> None:
    running: list[int] = []
    most: list[int] = []

    @cleo.task(queue="q")
    async def work(n: int) -> int:
        running.append(n)
        most.append(len(running))
        await asyncio.sleep(0.01)
        running.remove(n)
        return n

    handles = await work.enqueue_many([(n,) for n in range(10)])
    scripts = await cleo.backend.scripts()
    for _ in range(losses):
        assert len(await claim_and_die(cleo, "q", 10)) == 10
        assert await scripts.release("q", GHOST, (60, 60), "died") == 10
    async with cleo.worker(sweep=0.05):
        assert [await handle.result(timeout=30) for handle in handles] == list(range(10))
    assert (max(most) > 1) is together


async def test_suspects_that_are_lost_again_do_not_stop_the_worker_from_running_suspects(cleo: Cleo) -> None:
    go_on = asyncio.Event()
    started: list[int] = []

    @cleo.task(queue="q", max_deliveries=10)
    async def work(n: int) -> int:
        started.append(n)
        await go_on.wait()
        return n

    handles = await work.enqueue_many([(n,) for n in range(4)])
    await claim_and_die(cleo, "q", 4)
    worker = cleo.worker(sweep=0.05, heartbeat=0.05)
    async with worker:
        await until(lambda: started)
        scripts = await cleo.backend.scripts()
        assert await scripts.release("q", worker.id, (60, 60), "was taken for dead") == 4
        go_on.set()
        assert [await handle.result(timeout=30) for handle in handles] == [0, 1, 2, 3]


@pytest.mark.garbles_data
@pytest.mark.parametrize(
    "head", ["x", "5", "null", '{"v":1,"max_deliveries":"three"}', '{"v":1,"max_deliveries":null}', ""]
)
async def test_a_lost_task_with_a_garbage_head_does_not_stop_the_sweep(cleo: Cleo, head: str) -> None:
    echo = _echo(cleo)
    garbage, good = await echo.enqueue_many([(1,), (2,)])
    await ask(cleo, "HSET", keys_of(cleo, "q").task(garbage.id), "head", head)
    assert len(await claim_and_die(cleo, "q", 2)) == 2
    async with cleo.worker(sweep=0.05):
        assert await good.result(timeout=30) == 2
        with pytest.raises(TaskFailed):
            await garbage.result(timeout=30)


async def test_a_release_gives_back_the_tasks_of_one_worker_only(cleo: Cleo) -> None:
    echo = _echo(cleo)
    await echo.enqueue_many([(n,) for n in range(30)])
    await claim_and_die(cleo, "q", 10, worker="a", lease=60)
    await claim_and_die(cleo, "q", 10, worker="b", lease=60)
    scripts = await cleo.backend.scripts()
    assert await scripts.release("q", "a", (60, 60), "died") == 10
    stats = await cleo.queues.stats("q")
    assert (stats.active, stats.waiting, stats.lost) == (10, 20, 10)
    await scripts.release("q", "b", (60, 60), "died")


async def test_what_a_worker_does_not_know_of_is_handed_back_uncharged(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handles = await echo.enqueue_many([(n,) for n in range(3)])
    claimed = await claim_and_die(cleo, "q", 3, lease=60)
    scripts = await cleo.backend.scripts()
    assert await scripts.hand_back("q", GHOST, [claimed[0].id]) == 2
    record = await cleo.queues.get_task("q", handles[1].id)
    assert (record.state, record.losses, record.attempts) == (TaskState.WAITING, 0, [])
    await scripts.hand_back("q", GHOST, [])


async def test_a_lease_outlives_a_long_task(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def long() -> str:
        ran.append(1)
        await asyncio.sleep(5)
        return "done"

    async with cleo.worker(lease=4, heartbeat=0.1, sweep=0.05):
        assert await (await long.enqueue()).result(timeout=30) == "done"
    assert ran == [1]


async def test_a_blocked_loop_is_not_taken_for_dead(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def block() -> str:
        ran.append(1)
        time.sleep(4)  # noqa: ASYNC251
        return "done"

    async with cleo.worker(lease=3, heartbeat=0.1, sweep=0.05):
        assert await (await block.enqueue()).result(timeout=30) == "done"
    assert ran == [1]
    assert (await cleo.queues.stats("q")).lost == 0


async def test_the_loss_is_in_the_history_and_in_the_events(cleo: Cleo) -> None:
    echo = _echo(cleo)
    await echo.enqueue(1)
    await claim_and_die(cleo, "q")
    await until(lambda: _sweep(cleo))
    line = json.loads(await ask(cleo, "LINDEX", keys_of(cleo, "q").worker_history(GHOST), 0))
    assert (line[7], line[8], line[11]) == ("task_stalled", "waiting", "lost")
    kinds = [event.kind for event in await cleo.events.recent("q")]
    assert kinds == ["task_added", "status_change", "task_stalled"]
