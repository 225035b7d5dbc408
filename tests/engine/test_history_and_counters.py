"""What is kept of the past: a line of every attempt, figures of every minute, and who did what."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from cleo_core import Backoff, Cleo, Task, TaskFailed
from cleo_core.models import Figures
from cleo_core.scripts import Claimed, Settled
from tests.ghosts import GHOST, claim_and_die
from tests.raw import ask, audit_of, keys_of, lines_of
from tests.waiting import until

DAY = 86_400


def _work(cleo: Cleo) -> Task[[], object, None]:
    @cleo.task(queue="q", retention=0)
    async def work() -> None:
        return None

    return work


def _ends(claimed: Sequence[Claimed], times: Sequence[float], outcome: str = "completed") -> list[Settled]:
    """What a worker reports of tasks that ran so many seconds."""
    return [
        Settled(task.id, task.receipt, task.group, outcome, round(seconds * 1e6), b"null", 0)
        for task, seconds in zip(claimed, times, strict=True)
    ]


async def _settle(cleo: Cleo, settled: Sequence[Settled], worker: str = GHOST) -> None:
    scripts = await cleo.backend.scripts()
    answer = await scripts.cycle("q", worker, 0, 1_000, (60, 60), settled)
    assert answer.stale == []


async def _run(cleo: Cleo, work: Task[[], object, None], times: Sequence[float], group: str = "") -> list[str]:
    """Let tasks run for so many seconds each, by a worker's own script; their ids in the order of their settling."""
    for first in range(0, len(times), 500):
        some = times[first : first + 500]
        await work.options(group=group).enqueue_many([()] * len(some))
    ids: list[str] = []
    for first in range(0, len(times), 500):
        some = times[first : first + 500]
        claimed = await claim_and_die(cleo, "q", len(some), lease=60)
        await _settle(cleo, _ends(claimed, some))
        ids += [task.id.decode() for task in claimed]
    return ids


async def _summed(cleo: Cleo) -> Figures:
    """What happened in this test, though another minute may have begun meanwhile."""
    return (await cleo.history.stats("q", seconds=600)).figures


# --- history -----------------------------------------------------------------------------------------


async def test_every_way_an_attempt_can_end_has_its_line(cleo: Cleo) -> None:
    started = asyncio.Event()

    @cleo.task(queue="q", max_retries=0, timeout=0.05)
    async def slow() -> None:
        await asyncio.sleep(60)

    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError("no tea")

    @cleo.task(queue="q")
    async def wait() -> None:
        started.set()
        await asyncio.sleep(60)

    @cleo.task(queue="q")
    async def good() -> None:
        return None

    lost = await good.options(group="lost").enqueue()
    await claim_and_die(cleo, "q", lease=0.01)
    async with cleo.worker(sweep=0.05, heartbeat=0.1):
        await lost.result(timeout=30)
        for task in (slow, fail):
            with pytest.raises(TaskFailed):
                await (await task.enqueue()).result(timeout=30)
        with pytest.raises(TaskFailed):
            await (await cleo.queues.add("q", "nosuch")).result(timeout=30)
        cancelled = await wait.enqueue()
        await started.wait()
        await cancelled.cancel()
        await until(lambda: _cancelled(cleo, 1))
    lines = await lines_of(cleo, keys_of(cleo, "q").history)
    assert [(line[1], line[11], line[12]) for line in reversed(lines)] == [
        ("good", "lost", "WorkerLost"),
        ("good", "completed", ""),
        ("slow", "timed_out", "TaskTimeout"),
        ("fail", "failed", "ValueError"),
        ("nosuch", "refused", "Refused"),
        ("wait", "cancelled", ""),
    ]
    assert lines[-1][5] == GHOST
    assert all(len(line) == 14 for line in lines)


async def _cancelled(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).cancelled == count


async def test_a_waiting_task_that_is_cancelled_was_no_attempt(cleo: Cleo) -> None:
    await (await _work(cleo).enqueue()).cancel()
    assert await ask(cleo, "EXISTS", keys_of(cleo, "q").history) == 0


async def test_lists_keep_the_latest_whatever_the_size_of_a_batch(cleo: Cleo) -> None:
    work = _work(cleo)
    ids = await _run(cleo, work, [0.001] * 450, group="a")
    ids += await _run(cleo, work, [0.001] * 150, group="b")
    keys = keys_of(cleo, "q")
    latest = ids[::-1]
    assert [line[0] for line in await lines_of(cleo, keys.history)] == latest[:500]
    assert [line[0] for line in await lines_of(cleo, keys.group_history("a"))] == latest[150:350]
    assert [line[0] for line in await lines_of(cleo, keys.group_history("b"))] == latest[:150]
    assert [line[0] for line in await lines_of(cleo, keys.worker_history(GHOST))] == latest[:100]


async def test_a_batch_of_a_thousand_ends_keeps_its_last(cleo: Cleo) -> None:
    work = _work(cleo)
    await work.enqueue_many([()] * 1_000)
    claimed = await claim_and_die(cleo, "q", 1_000, lease=60)
    await _settle(cleo, _ends(claimed, [0.001] * 1_000))
    lines = await lines_of(cleo, keys_of(cleo, "q").history)
    assert [line[0] for line in lines] == [task.id.decode() for task in reversed(claimed[500:])]


async def test_every_worker_has_a_list_of_its_own(cleo: Cleo) -> None:
    work = _work(cleo)
    for worker in ("one", "two"):
        await work.enqueue_many([()] * 3)
        claimed = await claim_and_die(cleo, "q", 3, lease=60, worker=worker)
        await _settle(cleo, _ends(claimed, [0.001] * 3), worker)
    keys = keys_of(cleo, "q")
    for worker in ("one", "two"):
        lines = await lines_of(cleo, keys.worker_history(worker))
        assert [line[5] for line in lines] == [worker] * 3


async def test_nothing_of_the_past_is_kept_for_ever(cleo: Cleo) -> None:
    await _run(cleo, _work(cleo), [0.001] * 3, group="g")
    await cleo.queues.pause("q")
    keys = keys_of(cleo, "q")
    for key in (keys.history, keys.group_history("g"), keys.worker_history(GHOST)):
        assert 29 * DAY < await ask(cleo, "TTL", key) <= 30 * DAY
    assert 89 * DAY < await ask(cleo, "TTL", keys.audit) <= 90 * DAY
    minutes = await ask(cleo, "KEYS", f"{cleo.namespace}:*minute:*")
    assert minutes
    for key in minutes:
        assert DAY < await ask(cleo, "TTL", key) <= 2 * DAY


# --- minutes -----------------------------------------------------------------------------------------


DRAW = random.Random(11)
SPREADS = {
    "two peaks": [0.001] * 600 + [5.0] * 400,
    "microseconds": [n * 1e-6 for n in range(20, 1_020)],
    "hours": [DRAW.uniform(3_600, 36_000) for _ in range(1_000)],
    "exponential": [DRAW.expovariate(20) + 1e-5 for _ in range(1_000)],
    "six orders of magnitude": [10 ** DRAW.uniform(-4, 2) for _ in range(1_000)],
}


@pytest.mark.parametrize("times", SPREADS.values(), ids=SPREADS.keys())
async def test_percentiles_of_run_times_are_within_five_percent(cleo: Cleo, times: list[float]) -> None:
    shuffled = DRAW.sample(times, len(times))
    await _run(cleo, _work(cleo), shuffled)
    minute = await _summed(cleo)
    assert minute.completed == len(times)
    ordered = sorted(times)
    assert minute.run.p50 == pytest.approx(ordered[len(times) // 2 - 1], rel=0.05)
    assert minute.run.p95 == pytest.approx(ordered[int(len(times) * 0.95) - 1], rel=0.05)


async def test_run_times_of_failed_attempts_count_too(cleo: Cleo) -> None:
    work = _work(cleo)
    await work.enqueue_many([()] * 10)
    claimed = await claim_and_die(cleo, "q", 10, lease=60)
    failure = b'["ValueError","no","","failed"]'
    ends = [end._replace(value=failure) for end in _ends(claimed[:5], [2.0] * 5, "dead")]
    await _settle(cleo, [*ends, *_ends(claimed[5:], [2.0] * 5)])
    minute = await _summed(cleo)
    assert (minute.completed, minute.failed, minute.died) == (5, 5, 5)
    assert minute.run.p50 == pytest.approx(2.0, rel=0.05)


async def test_waits_are_measured_by_the_servers_clock(cleo: Cleo) -> None:
    work = _work(cleo)
    handles = await work.enqueue_many([()] * 20)
    seconds, microseconds = await ask(cleo, "TIME")
    long_ago = int(seconds) * 1000 + int(microseconds) // 1000 - 120_000
    for handle in handles:
        await ask(cleo, "HSET", keys_of(cleo, "q").task(handle.id), "at", long_ago)
    claimed = await claim_and_die(cleo, "q", 20, lease=60)
    await _settle(cleo, _ends(claimed, [0.001] * 20))
    minute = await _summed(cleo)
    assert minute.wait.p50 == pytest.approx(120, rel=0.06)
    assert minute.wait.p95 == pytest.approx(120, rel=0.06)


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (1, 1), (60, 60), (1_440, 1_440), (10**9, 1_440)])
async def test_so_many_minutes_are_told_and_no_more_than_a_day(cleo: Cleo, asked: int, given: int) -> None:
    minutes = await cleo.analytics.minutes("q", asked)
    assert len(minutes) == given
    assert {minute.completed for minute in minutes} == {0}
    assert minutes[-1].run_p50 is None


async def test_settling_twice_counts_once(cleo: Cleo) -> None:
    await _work(cleo).enqueue()
    claimed = await claim_and_die(cleo, "q", 1, lease=60)
    ends = _ends(claimed, [0.5])
    await _settle(cleo, ends)
    scripts = await cleo.backend.scripts()
    assert (await scripts.cycle("q", GHOST, 0, 1_000, (60, 60), ends)).stale == [claimed[0].id]
    assert (await cleo.queues.stats("q")).completed == 1
    assert len(await lines_of(cleo, keys_of(cleo, "q").history)) == 1


async def test_retries_are_counted_apart_from_failures(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=4, backoff=Backoff.fixed(0))
    async def fail() -> None:
        raise ValueError

    async with cleo.worker():
        with pytest.raises(TaskFailed):
            await (await fail.enqueue()).result(timeout=30)
    stats = await cleo.queues.stats("q")
    assert (stats.failed, stats.retried, stats.died) == (5, 4, 1)


# --- the audit ---------------------------------------------------------------------------------------


async def test_the_audit_tells_every_action_in_order(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError

    async with cleo.worker():
        dead = await fail.enqueue_many([()] * 4)
        for handle in dead:
            with pytest.raises(TaskFailed):
                await handle.result(timeout=30)
    ids = [handle.id for handle in dead]
    await cleo.queues.pause("q")
    assert (await cleo.dead_letters.retry("q", ids[:2])).done == 2
    assert await dead[0].cancel()
    assert (await cleo.dead_letters.discard("q", ids[2:])).done == 2
    await cleo.queues.remove_task("q", ids[1])
    await cleo.queues.resume("q")
    assert await audit_of(cleo, "q") == [
        ("pause", "", 1),
        ("retry", ids[0], 2),
        ("cancel", ids[0], 1),
        ("discard", ids[2], 2),
        ("remove", ids[1], 1),
        ("resume", "", 1),
    ]


async def test_what_changed_nothing_is_not_audited(cleo: Cleo) -> None:
    handle = await _work(cleo).enqueue()
    await cleo.queues.resume("q")
    await cleo.dead_letters.retry("q", [handle.id, "nosuch"])
    await cleo.dead_letters.discard("q", [handle.id])
    await cleo.queues.cancel("q", ["nosuch"])
    assert await audit_of(cleo, "q") == []


async def test_a_cancel_of_thousands_is_audited_with_how_many(cleo: Cleo) -> None:
    handles = await _work(cleo).enqueue_many([()] * 2_500)
    report = await cleo.queues.cancel("q", [handle.id for handle in handles])
    assert report.done == 2_500
    entries = await audit_of(cleo, "q")
    assert {action for action, _, _ in entries} == {"cancel"}
    assert sum(count for _, _, count in entries) == 2_500
