"""Taking running tasks back: by sweeps that race, and by hand."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from cleo_core import Cleo, StaleLease, TaskContext
from cleo_core.errors import InvalidOption
from cleo_core.models import DeathReason, StuckKind
from cleo_core.scripts import Held, Settled
from cleo_core.worker.maintenance import sweep
from tests.engine.dead_letters.burying import claim, numbered, store
from tests.ghosts import claim_and_die
from tests.raw import ask, audit_of, keys_of, lines_of
from tests.waiting import until


async def _run_out(cleo: Cleo, count: int) -> None:
    """Wait until so many leases have run out."""

    async def are_over() -> bool:
        seconds, micro = await ask(cleo, "TIME")
        now = int(seconds) * 1000 + int(micro) // 1000
        return await ask(cleo, "ZCOUNT", f"{keys_of(cleo, 'q').prefix}leases", "-inf", now) == count

    await until(are_over)


async def _sweep(cleo: Cleo) -> int:
    return await sweep(cleo.backend, await cleo.backend.scripts(), "q")


async def test_sweeps_that_race_take_each_task_back_once(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 1_500))
    for _ in range(15):
        await claim_and_die(cleo, "q", 100, lease=0.001)
    await _run_out(cleo, 1_500)
    others = [Cleo(cleo.backend.redis.url, namespace=cleo.namespace) for _ in range(6)]
    try:
        taken = await asyncio.gather(*map(_sweep, others))
    finally:
        for other in others:
            await other.close()
    assert sum(taken) == 1_500
    stats = await cleo.queues.stats("q")
    assert (stats.waiting, stats.active, stats.lost) == (1_500, 0, 1_500)
    tasks = await claim(cleo, 1_000)
    assert {task.losses for task in tasks} == {1}


async def test_sweeps_and_recoveries_by_hand_that_race_take_each_task_back_once(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 400))
    for _ in range(4):
        await claim_and_die(cleo, "q", 100, lease=0.001)
    await _run_out(cleo, 400)
    scripts = await cleo.backend.scripts()
    swept, one, other = await asyncio.gather(
        sweep(cleo.backend, scripts, "q"), cleo.workers.recover_stuck("q"), cleo.workers.recover_stuck()
    )
    assert swept + one.done + other.done == 400
    history = Counter(line[0] for line in await lines_of(cleo, keys_of(cleo, "q").history))
    assert set(history.values()) == {1}
    assert (await cleo.queues.stats("q")).waiting == 400


async def test_what_lost_its_lease_is_charged_by_hand_as_by_a_sweep(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    for number in range(3):
        await claim_and_die(cleo, "q", lease=0.001, begin=True)
        await _run_out(cleo, 1)
        report = await cleo.workers.recover_stuck("q")
        assert (report.done, report.charged, report.dead) == (1, 1, int(number == 2))
    letter = await cleo.dead_letters.get("q", "a")
    assert letter.death is DeathReason.POISON
    assert [action for action, _, _ in await audit_of(cleo, "q")] == ["recover"] * 3
    figures = (await cleo.history.stats("q", name="work")).figures
    assert (figures.lost, figures.died) == (3, 1)


async def test_what_is_taken_from_a_holder_is_not_charged_and_the_holder_is_refused(
    cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    held = asyncio.Event()
    refused: list[BaseException] = []
    runs: list[str] = []

    @cleo.task(queue="q", max_retries=0, max_deliveries=1)
    async def work(context: TaskContext) -> str:
        runs.append(context.task_id)
        if len(runs) > 1:
            return "second"
        held.set()
        try:
            await asyncio.Event().wait()
        finally:
            try:
                context.heartbeat()
            except StaleLease as error:
                refused.append(error)
        return "first"

    with caplog.at_level(logging.WARNING, "cleo.worker"):
        async with cleo.worker(lease=180, heartbeat=60):
            handle = await work.enqueue()
            await held.wait()
            report = await cleo.workers.recover_stuck("q", [handle.id])
            assert (report.done, report.charged, report.failures) == (1, 0, {})
            assert await handle.result(timeout=30) == "second"
    assert len(refused) == 1
    record = await cleo.queues.get_task("q", handle.id)
    assert record.losses == 0
    assert record.attempts[0].error_type == "TakenBack"
    assert "by " in record.attempts[0].error_message
    assert await audit_of(cleo, "q") == [("recover", handle.id, 1)]
    assert (await cleo.queues.stats("q")).completed == 1


async def test_what_the_old_holder_settles_is_stale(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    (task,) = await claim(cleo, 1)
    await cleo.workers.recover_stuck("q", ["a"])
    scripts = await cleo.backend.scripts()
    assert await scripts.renew("q", 1_000, [Held(task.id, task.receipt)]) == [0]
    late = Settled(task.id, task.receipt, task.group, "completed", 1, b"null", 60)
    assert (await scripts.cycle("q", "w", 0, 1_000, (60, 60), [late])).stale == [b"a"]
    assert (await cleo.queues.stats("q")).waiting == 1


async def test_a_recovered_task_keeps_its_place(cleo: Cleo) -> None:
    await store(cleo, ["a", "b", "c"])
    await claim(cleo, 1)
    await cleo.workers.recover_stuck("q", ["a"])
    assert [task.id for task in await claim(cleo, 3)] == [b"a", b"b", b"c"]


async def test_what_runs_under_another_lease_by_now_is_left_alone(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await claim_and_die(cleo, "q", lease=0.001)
    await _run_out(cleo, 1)
    (stuck,) = (await cleo.workers.stuck("q")).items
    await cleo.workers.recover_stuck("q")
    await claim(cleo, 1)
    report = await cleo.workers.recover_stuck("q", [stuck])
    assert report.done == 0
    assert "another lease" in report.failures["a"]
    assert (await cleo.queues.stats("q")).active == 1


async def test_recovering_what_does_not_run_says_why_not(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    report = await cleo.workers.recover_stuck("q", ["a", "nosuch", "a"])
    assert report.done == 0
    assert set(report.failures) == {"a", "nosuch"}
    assert await audit_of(cleo, "q") == []
    with pytest.raises(InvalidOption, match="Say in which"):
        await cleo.workers.recover_stuck(None, ["a"])


async def test_a_task_named_twice_is_taken_back_once(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await claim(cleo, 1)
    assert (await cleo.workers.recover_stuck("q", ["a", "a"])).done == 1
    assert (await cleo.queues.stats("q")).waiting == 1


async def test_a_recovered_task_that_was_to_be_cancelled_is_cancelled(cleo: Cleo) -> None:
    await store(cleo, ["a"])
    await claim(cleo, 1)
    await cleo.queues.cancel("q", ["a"])
    assert (await cleo.workers.recover_stuck("q", ["a"])).done == 1
    assert (await cleo.queues.stats("q")).cancelled == 1


async def test_without_names_only_what_nobody_works_on_is_taken_back(cleo: Cleo) -> None:
    await store(cleo, ["held", "lost"])
    (held,) = await claim(cleo, 1)
    assert held.id == b"held"
    await ask(cleo, "HSET", keys_of(cleo, "q").task("held"), "head", '{"v":1,"timeout":1}')
    scripts = await cleo.backend.scripts()
    assert await scripts.renew("q", 600_000, [Held(held.id, held.receipt, 4_500)]) == [1]
    await claim_and_die(cleo, "q", lease=0.001)
    await _run_out(cleo, 1)
    assert {task.id for task in (await cleo.workers.stuck("q")).items} == {"held", "lost"}
    assert (await cleo.workers.recover_stuck()).done == 1
    assert [task.id for task in (await cleo.workers.stuck("q")).items] == ["held"]
    assert (await cleo.workers.recover_stuck("q", kinds=[StuckKind.PAST_TIMEOUT])).done == 1
    assert (await cleo.queues.stats("q")).active == 0


async def test_thousands_are_taken_back_in_slices(cleo: Cleo) -> None:
    await store(cleo, numbered("a", 2_500))
    for _ in range(25):
        await claim_and_die(cleo, "q", 100, lease=0.001)
    await _run_out(cleo, 2_500)
    assert (await cleo.workers.recover_stuck("q")).done == 2_500
    entries = await audit_of(cleo, "q")
    assert sum(count for _, _, count in entries) == 2_500
    assert max(count for _, _, count in entries) <= 500
