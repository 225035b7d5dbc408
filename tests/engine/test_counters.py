"""The counts of a queue and the figures of its minutes."""

from __future__ import annotations

import asyncio
import itertools
import json
import random

import pytest

from cleo_core import Backoff, Cleo, Task, TaskContext
from cleo_core.scripts import Settled
from tests.ghosts import claim_and_die
from tests.raw import ask, keys_of, lines_of
from tests.waiting import until


def _outcomes(cleo: Cleo) -> Task[[str], object, None]:
    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0), group="g")
    async def work(ctx: TaskContext, how: str) -> None:
        if how == "fail" or (how == "flaky" and ctx.attempt == 1):
            raise ValueError(how)

    return work  # pyright: ignore[reportReturnType]


async def test_every_outcome_is_counted_once(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    async with cleo.worker():
        for how in ("good", "good", "good", "flaky", "flaky", "fail"):
            await work.enqueue(how)
        await until(lambda: _ended(cleo, 6))
    waiting = await work.enqueue("good")
    await (await work.enqueue("good")).cancel()
    await work.options(delay=60).enqueue("good")
    stats = await cleo.queues.stats("q")
    assert (stats.enqueued, stats.completed, stats.failed, stats.retried, stats.died) == (9, 5, 4, 3, 1)
    assert (stats.cancelled, stats.lost, stats.waiting, stats.active, stats.delayed) == (1, 0, 1, 0, 1)
    assert (stats.dead, stats.kept, stats.groups) == (1, 6, 1)
    assert stats.oldest_waiting is not None
    assert stats.oldest_waiting < 30
    assert stats.next_due_at is not None
    assert 30 < stats.next_due_at - stats.at <= 60
    await waiting.cancel()


async def _ended(cleo: Cleo, count: int) -> bool:
    stats = await cleo.queues.stats("q")
    return stats.completed + stats.died == count


async def test_an_empty_queue_has_empty_counts(cleo: Cleo) -> None:
    stats = await cleo.queues.stats("never-used")
    assert (stats.waiting, stats.enqueued, stats.oldest_waiting, stats.next_due_at) == (0, 0, None, None)


async def test_a_minute_tells_what_happened_in_it(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    async with cleo.worker():
        for how in ("good", "flaky", "fail"):
            await work.enqueue(how)
        await until(lambda: _ended(cleo, 3))
    minutes = await cleo.analytics.minutes("q", 3)
    assert [round(later.at - earlier.at) for earlier, later in itertools.pairwise(minutes)] == [60, 60]
    totals = [sum(getattr(minute, name) for minute in minutes) for name in ("enqueued", "completed", "failed", "died")]
    assert totals == [3, 2, 3, 1]
    assert minutes[0].run_p50 is None or minutes[0].completed


@pytest.mark.parametrize("spread", ["even", "long tail", "one value"])
async def test_percentiles_are_within_five_percent(cleo: Cleo, spread: str) -> None:
    draw = random.Random(7)
    times = {
        "even": [draw.uniform(0.01, 2.0) for _ in range(2000)],
        "long tail": [draw.lognormvariate(-3, 1.5) for _ in range(2000)],
        "one value": [0.25] * 2000,
    }[spread]
    work = _outcomes(cleo)
    await work.options(retention=0).enqueue_many([("good",)] * len(times))
    claimed = await claim_and_die(cleo, "q", len(times), lease=60)
    scripts = await cleo.backend.scripts()
    settled = [
        Settled(task.id, task.receipt, task.group, "completed", round(seconds * 1e6), b"null", 0)
        for task, seconds in zip(claimed, times, strict=True)
    ]
    await scripts.cycle("q", "ghost-1", 0, 1000, (60, 60), settled)
    run = (await cleo.history.stats("q", seconds=600)).figures.run
    ordered = sorted(times)
    assert run.p50 == pytest.approx(ordered[999], rel=0.05)
    assert run.p95 == pytest.approx(ordered[1899], rel=0.05)


async def test_the_wait_is_measured_from_when_a_task_could_run(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    handle = await work.options(delay=0.3).enqueue("good")
    async with cleo.worker():
        await until(lambda: _ended(cleo, 1))
    (line,) = await lines_of(cleo, keys_of(cleo, "q").history)
    record = await cleo.queues.get_task("q", handle.id)
    assert record.finished_at is not None
    assert 0 <= line[6] / 1000 <= record.finished_at - record.enqueued_at - 0.3 + 0.01


async def test_histories_keep_a_line_of_every_attempt_by_queue_group_and_worker(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    async with cleo.worker() as worker:
        await work.enqueue("flaky")
        await until(lambda: _ended(cleo, 1))
        await work.options(group="other").enqueue("good")
        await until(lambda: _ended(cleo, 2))
    keys = keys_of(cleo, "q")
    everything = await lines_of(cleo, keys.history)
    assert [(line[2], line[4], line[11]) for line in everything] == [
        ("other", 1, "completed"),
        ("g", 2, "completed"),
        ("g", 1, "failed"),
    ]
    assert everything[2][12:14] == ["ValueError", "flaky"]
    assert await lines_of(cleo, keys.group_history("g")) == everything[1:]
    assert await lines_of(cleo, keys.worker_history(worker.id)) == everything


async def test_histories_are_cut_to_their_lengths(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    async with cleo.worker() as worker:
        await work.options(retention=0).enqueue_many([("good",)] * 700)
        await until(lambda: _ended(cleo, 700))
        last = await work.enqueue("good")
        await last.result(timeout=30)
    keys = keys_of(cleo, "q")
    lengths = [await ask(cleo, "LLEN", key) for key in (keys.history, keys.group_history("g"))]
    assert lengths == [500, 200]
    assert await ask(cleo, "LLEN", keys.worker_history(worker.id)) == 100
    assert json.loads(await ask(cleo, "LINDEX", keys.history, 0))[0] == last.id


async def test_counts_do_not_drift_under_a_mixed_load(cleo: Cleo) -> None:
    work = _outcomes(cleo)
    draw = random.Random(3)
    async with cleo.worker(concurrency=20), cleo.worker(concurrency=20):
        handles = [
            await work.options(group=draw.choice("abc"), delay=draw.choice([None, 0.01])).enqueue(
                draw.choice(["good", "flaky", "fail"])
            )
            for _ in range(300)
        ]
        await asyncio.gather(*(handle.cancel() for handle in draw.sample(handles, 60)))
        await until(lambda: _all_final(cleo, 300))
    stats = await cleo.queues.stats("q")
    assert (stats.enqueued, stats.waiting, stats.active, stats.delayed) == (300, 0, 0, 0)
    assert stats.completed + stats.died + stats.cancelled == 300
    assert stats.failed == stats.retried + stats.died


async def _all_final(cleo: Cleo, count: int) -> bool:
    stats = await cleo.queues.stats("q")
    return stats.completed + stats.died + stats.cancelled == count
