"""Running tasks that look stuck: each reason with its numbers, and a blocked worker told apart from a dead one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cleo_core import Cleo
from cleo_core.errors import InvalidOption
from cleo_core.models import (
    FarPastUsual,
    LeaseRanOut,
    PastTimeout,
    StuckKind,
    WorkerBlocked,
    WorkerHealth,
    WorkerSilent,
)
from cleo_core.scripts import Held
from tests.engine.dead_letters.burying import claim, complete, numbered, store
from tests.ghosts import GHOST, claim_and_die
from tests.pasts import fold, run, shift
from tests.processes import WorkerProcess
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import SOON, until


async def _kinds(cleo: Cleo, at_least: float = 5.0) -> dict[str, set[StuckKind]]:
    page = await cleo.workers.stuck("q", at_least=at_least)
    return {task.id: {reason.kind for reason in task.reasons} for task in page.items}


@pytest.fixture
def _no_heartbeat_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Workers of which nothing was ever heard are thought to have just started."""
    monkeypatch.setattr("cleo_core.stuck.START", 600.0)


async def test_tasks_that_run_as_they_should_are_not_stuck(cleo: Cleo) -> None:
    go_on = asyncio.Event()

    @cleo.task(queue="q", timeout=60)
    async def work() -> None:
        await go_on.wait()

    async with cleo.worker():
        await work.enqueue_many([()] * 5)
        await until(lambda: _active(cleo, 5))
        page = await cleo.workers.stuck("q")
        assert (page.items, page.total, page.looked, page.next_offset) == ([], 5, 5, None)
        go_on.set()


async def _active(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).active == count


async def test_a_task_whose_lease_ran_out_is_stuck(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await claim_and_die(cleo, "q", lease=0.001)
    await until(lambda: _kinds(cleo))
    (task,) = (await cleo.workers.stuck("q")).items
    assert (task.id, task.worker, task.health, task.heartbeat_age) == ("a", GHOST, WorkerHealth.SILENT, None)
    (reason,) = task.reasons
    assert isinstance(reason, LeaseRanOut)
    assert reason.ago == pytest.approx(-task.lease, abs=0.01)
    assert "next sweep" in reason.text
    await cleo.workers.recover_stuck("q")


async def test_a_worker_that_is_not_heard_of_is_silent(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await claim_and_die(cleo, "q", lease=600)
    assert await _kinds(cleo) == {}
    await _age(cleo, "a", 10)
    (task,) = (await cleo.workers.stuck("q")).items
    (reason,) = task.reasons
    assert isinstance(reason, WorkerSilent)
    assert (reason.worker, reason.age) == (GHOST, None)
    assert 9.9 < task.running < 10 + SOON
    assert 600 - SOON < task.lease <= 600


async def _age(cleo: Cleo, task_id: str, seconds: float) -> None:
    """As if the task had been claimed so long ago."""
    key = keys_of(cleo, "q").task(task_id)
    at = int(await ask(cleo, "HGET", key, "at"))
    await ask(cleo, "HSET", key, "ready", f"{at - 1000 * seconds:.0f}")


async def _begun(cleo: Cleo, task_id: str, seconds: float) -> None:
    """As if a heartbeat had told that the task has run for so long."""
    receipt = await ask(cleo, "HGET", f"{keys_of(cleo, 'q').prefix}active", task_id)
    scripts = await cleo.backend.scripts()
    assert await scripts.renew("q", 600_000, [Held(task_id.encode(), receipt, round(1000 * seconds))]) == [1]


async def test_a_task_past_its_timeout_is_stuck_with_the_numbers(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    await store(cleo, ["a", "b"])
    await ask(cleo, "HSET", keys_of(cleo, "q").task("a"), "head", '{"v":1,"timeout":30}')
    await scripts.cycle("q", "w", 2, 600_000, (60, 60), [])
    await _begun(cleo, "a", 10)
    assert StuckKind.PAST_TIMEOUT not in (await _kinds(cleo)).get("a", set())
    await _begun(cleo, "a", 40)
    task = next(task for task in (await cleo.workers.stuck("q")).items if task.id == "a")
    reason = next(reason for reason in task.reasons if isinstance(reason, PastTimeout))
    assert reason.timeout == 30
    assert 39.9 < reason.running < 40 + SOON


async def test_a_timeout_counts_from_when_the_attempt_began_not_from_its_claim(cleo: Cleo) -> None:
    go_on = asyncio.Event()

    @cleo.task(queue="q", batch=10, batch_wait=60, timeout=5)
    async def gathered(numbers: list[int]) -> None:
        """Waits for others of its kind, and so is claimed long before it begins."""

    @cleo.task(queue="q", timeout=60)
    async def running() -> None:
        await go_on.wait()

    async with cleo.worker(heartbeat=0.05):
        await gathered.options(task_id="ahead").enqueue(1)
        await running.options(task_id="begun").enqueue()
        await until(lambda: _active(cleo, 2))
        await ask(cleo, "HSET", keys_of(cleo, "q").task("begun"), "head", '{"v":1,"timeout":0.01}')
        for task_id in ("ahead", "begun"):
            await _age(cleo, task_id, 40)
        await until(lambda: _kinds(cleo))
        (task,) = (await cleo.workers.stuck("q")).items
        assert (task.id, task.begun, [reason.kind for reason in task.reasons]) == (
            "begun", True, [StuckKind.PAST_TIMEOUT]
        )  # fmt: skip
        assert 2 < task.running < 2 + 2 * SOON
        go_on.set()


async def test_of_a_task_that_the_next_loss_would_bury_the_begin_is_known_at_once(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await ask(cleo, "HSET", keys_of(cleo, "q").task("a"), "head", '{"v":1,"max_deliveries":1}')
    await claim_and_die(cleo, "q", lease=600, begin=True)
    await _age(cleo, "a", 40)
    assert await _kinds(cleo) == {}  # It was claimed long ago, but has just begun.
    await _begun(cleo, "a", 10)
    (task,) = (await cleo.workers.stuck("q")).items
    assert (task.begun, [reason.kind for reason in task.reasons]) == (True, [StuckKind.WORKER_SILENT])
    assert 9.9 < task.running < 10 + SOON


async def test_what_an_earlier_attempt_told_of_its_begin_says_nothing_of_the_next(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await ask(cleo, "HSET", keys_of(cleo, "q").task("a"), "head", '{"v":1,"timeout":5}')
    await claim(cleo, 1)
    await _begun(cleo, "a", 40)
    assert StuckKind.PAST_TIMEOUT in (await _kinds(cleo))["a"]
    await cleo.workers.recover_stuck("q", ["a"])
    await claim(cleo, 1)
    await _age(cleo, "a", 40)
    (task,) = (await cleo.workers.stuck("q")).items
    assert (task.begun, [reason.kind for reason in task.reasons]) == (False, [StuckKind.WORKER_SILENT])
    assert 39.9 < task.running < 40 + SOON


async def test_a_timeout_of_the_group_counts_too(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "acme", timeout=20)
    await store(cleo, ["a"], group="acme")
    await claim(cleo, 1)
    await _begun(cleo, "a", 30)
    assert StuckKind.PAST_TIMEOUT in (await _kinds(cleo))["a"]


@pytest.mark.usefixtures("_no_heartbeat_is_missed")
async def test_a_task_that_runs_far_longer_than_its_like_is_stuck(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 30))
    await complete(cleo, await claim(cleo, 30))
    await store(cleo, ["odd"])
    await claim(cleo, 1)
    await _begun(cleo, "odd", 60)
    assert await _kinds(cleo, at_least=60 + SOON) == {}
    (task,) = (await cleo.workers.stuck("q", at_least=30)).items
    (reason,) = task.reasons
    assert isinstance(reason, FarPastUsual)
    assert reason.p99 == pytest.approx(0.001, rel=0.06)
    assert reason.factor == 3
    assert (await cleo.workers.stuck("q", at_least=30, past_usual=100_000)).items == []


@pytest.mark.usefixtures("_no_heartbeat_is_missed")
async def test_what_is_usual_is_known_of_folded_minutes_too_and_of_each_name_by_itself(cleo: Cleo) -> None:
    await run(cleo, [0.01] * 25, name="quick")
    await run(cleo, [100.0] * 25, name="slow")
    await shift(cleo, 5)
    await fold(cleo)
    await run(cleo, [0.01] * 10, name="quick")
    await store(cleo, ["short", "long"], name="quick")
    await claim(cleo, 2)
    await store(cleo, ["patient"], name="slow")
    await claim(cleo, 1)
    await _begun(cleo, "short", 0.02)
    await _begun(cleo, "long", 60)
    await _begun(cleo, "patient", 60)
    (task,) = (await cleo.workers.stuck("q", at_least=30)).items
    (reason,) = task.reasons
    assert isinstance(reason, FarPastUsual)
    assert (task.id, reason.p99) == ("long", pytest.approx(0.01, rel=0.06))


@pytest.mark.usefixtures("_no_heartbeat_is_missed")
async def test_what_ran_longer_ago_than_an_hour_says_nothing_of_what_is_usual(cleo: Cleo) -> None:
    await run(cleo, [0.01] * 25)
    await shift(cleo, 70)
    await fold(cleo)
    await store(cleo, ["odd"])
    await claim(cleo, 1)
    await _begun(cleo, "odd", 60)
    assert await _kinds(cleo, at_least=30) == {}


@pytest.mark.usefixtures("_no_heartbeat_is_missed")
async def test_of_what_ran_too_seldom_nothing_is_usual(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 5))
    await complete(cleo, await claim(cleo, 5))
    await store(cleo, ["odd"])
    await claim(cleo, 1)
    await _begun(cleo, "odd", 60)
    assert await _kinds(cleo, at_least=30) == {}


BLOCKING = """
cleo.configure(worker=WorkerSettings(lease=4, heartbeat=1))

@cleo.task(queue="q", max_retries=0)
async def block(seconds: float) -> None:
    time.sleep(seconds)

@cleo.task(queue="q", max_retries=0)
async def wait(seconds: float) -> None:
    await asyncio.sleep(seconds)
"""


async def test_a_worker_whose_loop_is_blocked_is_told_apart_from_a_dead_one(
    cleo: Cleo, server: Server, start_worker: Callable[..., WorkerProcess]
) -> None:
    worker = start_worker(server.url, BLOCKING, "--queues", "q", "--concurrency", "2")
    await cleo.queues.add("q", "wait", {"seconds": 300}, task_id="beside")
    await until(lambda: _active(cleo, 1))
    assert await _kinds(cleo) == {}
    await cleo.queues.add("q", "block", {"seconds": 300}, task_id="culprit")
    await until(lambda: _all_blocked(cleo), within=40)
    page = await cleo.workers.stuck("q")
    for task in page.items:
        assert task.health is WorkerHealth.BLOCKED
        assert task.lease > 0
        assert task.heartbeat_age is not None
        assert task.heartbeat_age < 15
        reason = next(reason for reason in task.reasons if isinstance(reason, WorkerBlocked))
        assert reason.lag > 2
        assert "blocked" in reason.text
    assert {task.id for task in page.items} == {"beside", "culprit"}
    worker.kill_all()
    await _silent_for(cleo, 15)
    await until(lambda: _all_forsaken(cleo), within=40)
    assert {task.health for task in (await cleo.workers.stuck("q")).items} == {WorkerHealth.SILENT}


async def _silent_for(cleo: Cleo, seconds: float) -> None:
    """As if the last heartbeat of the only worker had been so much earlier."""
    (worker,) = await cleo.workers.list()
    earlier = worker.model_copy(update={"beat_at": worker.beat_at - seconds})
    await ask(cleo, "SET", cleo.backend.keys.worker(worker.id), earlier.model_dump_json(), "KEEPTTL")


async def _all_blocked(cleo: Cleo) -> bool:
    return [StuckKind.WORKER_BLOCKED in kinds for kinds in (await _kinds(cleo)).values()] == [True, True]


async def _all_forsaken(cleo: Cleo) -> bool:
    kinds = list((await _kinds(cleo)).values())
    return len(kinds) == 2 and all({StuckKind.LEASE_RAN_OUT, StuckKind.WORKER_SILENT} <= found for found in kinds)


async def test_a_look_goes_on_where_it_stopped(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 1_200))
    for _ in range(12):
        await claim_and_die(cleo, "q", 100, lease=0.001)
    await until(lambda: _kinds(cleo))
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = await cleo.workers.stuck("q", offset=offset, limit=350)
        assert (len(page.items) <= 350, page.total) == (True, 1_200)
        found += [task.id for task in page.items]
        offset = page.next_offset
    assert sorted(found) == sorted(numbered("a", 1_200))
    assert (await cleo.workers.stuck("q", look=100)).next_offset == 100
    assert (await cleo.workers.stuck("q", offset=5_000)).items == []


async def test_numbers_that_can_not_be_are_refused(cleo: Cleo) -> None:
    for past_usual, at_least in ((0.5, 5.0), (float("nan"), 5.0), (3.0, -1.0)):
        with pytest.raises(InvalidOption):
            await cleo.workers.stuck("q", past_usual=past_usual, at_least=at_least)
