"""Why a task is not running: each reason is made true on a real server, and told with its numbers."""

from __future__ import annotations

import asyncio
import re

import pytest

from cleo_core import Cleo, GroupOrder, InvalidName, TaskNotFound, TaskPriority, TaskState
from cleo_core.reasons import (
    Behind,
    Claimable,
    GroupAtLimit,
    GroupPaused,
    LockAwaited,
    LockHeld,
    NoWorker,
    NoWorkerKnowsTask,
    QueuePaused,
    RateLimited,
    WorkersBusy,
    Yielding,
)
from tests.conftest import StartWorker
from tests.explaining import among, beats, declared, kinds, only, release
from tests.ghosts import claim_and_die
from tests.waiting import SOON, until

# --- nothing, or nobody, keeps it ----------------------------------------------------------------


async def test_no_task_of_that_id(cleo: Cleo) -> None:
    with pytest.raises(TaskNotFound, match="no task nothing in any queue"):
        await cleo.explain("nothing")
    await cleo.queues.add("q", "work")
    with pytest.raises(TaskNotFound, match="no task nothing in any queue"):
        await cleo.explain("nothing")
    with pytest.raises(TaskNotFound, match="no task nothing in q"):
        await cleo.explain("nothing", "q")


@pytest.mark.parametrize(("task_id", "queue"), [("", None), ("a{b", None), ("x", "a}b"), ("x", "")])
async def test_what_can_not_be_a_name_is_refused(cleo: Cleo, task_id: str, queue: str | None) -> None:
    with pytest.raises(InvalidName):
        await cleo.explain(task_id, queue)


async def test_a_removed_task_is_not_found(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    await cleo.queues.remove_task("q", handle.id)
    with pytest.raises(TaskNotFound):
        await cleo.explain(handle.id)


async def test_no_worker_serves_the_queue(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    explanation = await cleo.explain(handle.id)
    assert only(explanation, NoWorker).queue == "q"
    assert (explanation.task_id, explanation.queue, explanation.name) == (handle.id, "q", "work")
    assert (explanation.group, explanation.state) == ("", TaskState.WAITING)
    assert explanation.text == "No live worker serves the queue q. Start one: cleo worker MODULE:NAME --queues q"


async def test_no_worker_knows_the_task(cleo: Cleo) -> None:
    declared(cleo)
    await cleo.queues.pause("q")
    async with cleo.worker(["q"]):
        await until(lambda: beats(cleo))
        handle = await cleo.queues.add("q", "mystery")
        reason = among(await cleo.explain(handle.id), NoWorkerKnowsTask)
        assert (reason.name, reason.workers) == ("mystery", 1)
        assert reason.text == (
            "The only worker of this queue doesn't know the task 'mystery'; the first that claims it makes it a dead "
            "letter. Deploy workers that declare it."
        )
        async with cleo.worker(["q"]):
            await until(lambda: _workers(cleo, 2))
            reason = among(await cleo.explain(handle.id), NoWorkerKnowsTask)
            assert reason.text.startswith("None of the 2 workers of this queue knows the task 'mystery';")


async def _workers(cleo: Cleo, count: int) -> bool:
    return await cleo.workers.count() == count


async def test_a_worker_of_another_queue_does_not_count(cleo: Cleo) -> None:
    declared(cleo)
    async with cleo.worker(["other"]):
        await until(lambda: beats(cleo))
        handle = await cleo.queues.add("q", "work")
        only(await cleo.explain(handle.id), NoWorker)


async def test_all_slots_of_the_workers_are_taken(cleo: Cleo) -> None:
    gate = asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> None:
        await gate.wait()

    for slots, text in (
        (1, "The only slot of the only worker is taken. Start more workers, or wait for a task to end."),
        (2, "All 2 slots of the only worker are taken. Start more workers, or wait for a task to end."),
    ):
        gate.clear()
        async with cleo.worker(concurrency=slots, prefetch=0, heartbeat=0.05):
            busy = await work.enqueue_many([()] * slots)
            await until(lambda: beats(cleo, active=slots))  # noqa: B023
            handle = await work.enqueue()
            reason = only(await cleo.explain(handle.id), WorkersBusy)
            assert (reason.workers, reason.slots, reason.text) == (1, slots, text)
            gate.set()
            for each in [*busy, handle]:
                await each.result(timeout=30)


async def test_nothing_keeps_it_but_that_its_worker_has_not_looked_yet(cleo: Cleo, start_worker: StartWorker) -> None:
    worker = start_worker(cleo.backend.redis.url, "@cleo.task(queue='q')\nasync def work() -> int: return 7\n")
    await until(lambda: beats(cleo))
    (child,) = worker.children
    child.suspend()
    handle = await cleo.queues.add("q", "work")
    explanation = await cleo.explain(handle.id)
    assert only(explanation, Claimable).text == "Nothing keeps it: it is next, and a worker will take it at once."
    child.resume()
    assert await handle.result(timeout=30) == 7


# --- closed doors --------------------------------------------------------------------------------


async def test_the_queue_is_paused(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    await cleo.queues.pause("q")
    reason = among(await cleo.explain(handle.id), QueuePaused)
    assert reason.text == "The queue q is paused. Resume it to let its tasks run."
    await cleo.queues.resume("q")
    only(await cleo.explain(handle.id), NoWorker)


@pytest.mark.parametrize(
    ("group", "named"), [("Acme & Co", "The group 'Acme & Co'"), ("", "The group of tasks without")]
)
async def test_the_group_is_paused(cleo: Cleo, group: str, named: str) -> None:
    handle = await cleo.groups.add_task("q", group, "work")
    await cleo.groups.pause("q", group)
    explanation = await cleo.explain(handle.id)
    reason = among(explanation, GroupPaused)
    assert reason.group == explanation.group == group
    # A name keeps its case.
    assert reason.text.startswith(named)
    assert reason.text.endswith("is paused. Resume it to let its tasks run.")


async def test_the_group_is_at_its_limit_and_who_holds_it(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "g", concurrency=3)
    handles = [await cleo.groups.add_task("q", "g", "work", task_id=f"task-{n}") for n in range(5)]
    assert len(await claim_and_die(cleo, "q", 5, lease=60)) == 3
    reason = among(await cleo.explain(handles[3].id), GroupAtLimit)
    assert (reason.limit, reason.running) == (3, 3)
    assert reason.held_by == ["task-0", "task-1", "task-2"]
    assert reason.text == ("The group 'g' is at its limit: 3 of 3 slots are taken, by task-0, task-1, task-2.")
    # A limit that was lowered meanwhile.
    await cleo.groups.configure("q", "g", concurrency=1)
    reason = among(await cleo.explain(handles[3].id), GroupAtLimit)
    assert (reason.limit, reason.running) == (1, 3)
    assert reason.text == (
        "The group 'g' is over its limit of 1, which was lowered: 3 run, namely task-0, task-1, task-2."
    )
    await release(cleo)


async def test_of_many_who_hold_a_group_ten_are_named(cleo: Cleo) -> None:
    await cleo.groups.set_defaults("q", concurrency=12)
    handles = [await cleo.groups.add_task("q", "g", "work") for _ in range(13)]
    await claim_and_die(cleo, "q", 13, lease=60)
    reason = among(await cleo.explain(handles[12].id), GroupAtLimit)
    assert len(set(reason.held_by)) == 10
    assert set(reason.held_by) <= {handle.id for handle in handles[:12]}
    assert reason.text.endswith(" and 2 more.")
    await release(cleo)


async def test_the_group_is_at_its_rate_limit(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "g", rate_limit="1/m")
    handles = [await cleo.groups.add_task("q", "g", "work") for _ in range(2)]
    await claim_and_die(cleo, "q", 2, lease=60)
    reason = among(await cleo.explain(handles[1].id), RateLimited)
    assert (reason.group, str(reason.rate_limit)) == ("g", "1/m")
    assert 30 < reason.free_in <= 60
    assert re.fullmatch(r"The group 'g' is at its rate limit of 1/m; free again in \d\d s\.", reason.text)
    await release(cleo)


async def test_the_queue_is_at_its_rate_limit(cleo: Cleo) -> None:
    await cleo.queues.set_rate_limit("q", "2/10m burst 2")
    handles = [await cleo.queues.add("q", "work") for _ in range(3)]
    assert len(await claim_and_die(cleo, "q", 3, lease=60)) == 2
    reason = among(await cleo.explain(handles[2].id), RateLimited)
    assert reason.group is None
    assert 270 < reason.free_in <= 300
    assert reason.text == "The queue is at its rate limit of 2/600s burst 2; free again in 5 min."
    await release(cleo)


async def test_the_group_is_locked_by_whom_and_for_how_long(cleo: Cleo) -> None:
    handle = await cleo.groups.add_task("q", "g", "work")
    async with cleo.locks.group("q", "g", ttl=60, owner="nightly import") as lock:
        reason = among(await cleo.explain(handle.id), LockHeld)
        assert (reason.owner, reason.fence) == ("nightly import", lock.fence)
        assert 0 <= reason.held_for < SOON
        assert 60 - SOON < reason.expires_in <= 60
        assert re.fullmatch(
            r"The group 'g' has been locked by nightly import for \d+(\.\d)? s; the lock runs out in \d\d s if it "
            r"is not renewed\.",
            reason.text,
        )
    only(await cleo.explain(handle.id), NoWorker)


async def test_the_lock_of_the_group_is_awaited(cleo: Cleo) -> None:
    handles = [await cleo.groups.add_task("q", "g", "work") for _ in range(3)]
    await claim_and_die(cleo, "q", 1, lease=60)
    taking = asyncio.create_task(cleo.locks.group("q", "g", wait=60).acquire())

    async def awaited(running: int) -> bool:
        reasons = (await cleo.explain(handles[2].id)).reasons
        return any(isinstance(reason, LockAwaited) and reason.running == running for reason in reasons)

    await until(lambda: awaited(1))
    reason = among(await cleo.explain(handles[2].id), LockAwaited)
    assert reason.text == (
        "Somebody waits for the lock of the group 'g': none of its tasks is started until the one that runs has ended "
        "and the lock was given back."
    )
    assert LockAwaited(group="g", running=2).text.endswith(
        "until the 2 that run have ended and the lock was given back."
    )
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
    await release(cleo)


async def test_under_dynamic_a_group_with_too_many_slots_yields(cleo: Cleo) -> None:
    await cleo.groups.set_strategy("q", "dynamic")
    for n in range(31):
        await cleo.groups.add_task("q", "hog", "work", task_id=f"hog-{n}")
    await claim_and_die(cleo, "q", 30, lease=60)
    await cleo.groups.add_task("q", "quiet", "work")
    # The next look at the hog finds that it holds too much.
    await claim_and_die(cleo, "q", 1, lease=60, worker="other")
    explanation = await cleo.explain("hog-30")
    reason = among(explanation, Yielding)
    assert (reason.group, reason.waiting) == ("hog", 1)
    assert reason.text == (
        "The group 'hog' held over 10% of the running slots, so it yields to other groups until its 1 waiting task has "
        "been started."
    )
    await release(cleo)
    await release(cleo, "other")


# --- the line ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "ahead"),
    [
        (GroupOrder.PRIORITY, [1, 4, 2, 0, 3]),
        (GroupOrder.FIFO, [0, 1, 2, 3, 4]),
        (GroupOrder.LIFO, [4, 3, 2, 1, 0]),
    ],
)
@pytest.mark.parametrize("own", [True, False])
async def test_how_many_come_before_it_in_each_order(
    cleo: Cleo, order: GroupOrder, ahead: list[int], own: bool
) -> None:
    priorities = [TaskPriority.HIGH, TaskPriority.LOW, TaskPriority.HIGH, TaskPriority.CRITICAL, TaskPriority.NORMAL]
    handles = [await cleo.groups.add_task("q", "g", "work", priority=priority) for priority in priorities]
    if own:
        await cleo.groups.configure("q", "g", order=order)
    else:
        await cleo.groups.set_order("q", order)
    for handle, expected in zip(handles, ahead, strict=True):
        explanation = await cleo.explain(handle.id)
        if expected == 0:
            assert kinds(explanation) == [NoWorker]
            continue
        reason = among(explanation, Behind)
        assert (reason.group, reason.tasks, reason.groups) == ("g", expected, 0)
        noun = "1 task" if expected == 1 else f"{expected} tasks"
        assert reason.text == f"It is behind {noun} of the group 'g'."
    # And so they are claimed.
    claimed = await claim_and_die(cleo, "q", 5, lease=60)
    assert [task.id.decode() for task in claimed] == [
        handle.id for _, handle in sorted(zip(ahead, handles, strict=True), key=lambda pair: pair[0])
    ]
    await release(cleo)


async def test_how_many_groups_have_their_turn_first(cleo: Cleo) -> None:
    handles = [await cleo.groups.add_task("q", group, "work") for group in ("a", "b", "c")]
    first, second, third = [await cleo.explain(handle.id) for handle in handles]
    assert kinds(first) == [NoWorker]
    assert among(second, Behind).text == ("It is the next task of the group 'b'; 1 other group has its turn first.")
    assert among(third, Behind).text == ("It is the next task of the group 'c'; 2 other groups have their turn first.")
    plain = [await cleo.queues.add("other", "work") for _ in range(2)]
    assert among(await cleo.explain(plain[1].id), Behind).text == "It is behind 1 task."
