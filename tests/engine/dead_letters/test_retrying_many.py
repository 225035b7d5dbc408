"""Retrying many dead letters: in slices, once each, resumable, and with care."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from contextlib import suppress
from typing import Any

import pytest

from cleo_core import Cleo, RetryNotFound
from cleo_core.errors import InvalidOption, WrongState
from cleo_core.fingerprints import fingerprint_of
from cleo_core.models import RetryRun, RetryState, StopReason
from tests.engine.dead_letters.burying import bury, claim, complete, fail, numbered
from tests.processes import ROOT
from tests.raw import ask, audit_of, keys_of
from tests.servers import Server
from tests.waiting import until


async def _waiting(cleo: Cleo) -> int:
    return (await cleo.queues.stats("q")).waiting


async def test_all_that_match_are_retried_and_nothing_else(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 600), ("KeyError", "a"), name="charge")
    await bury(cleo, numbered("b", 300), ("ValueError", "b"), name="charge")
    await bury(cleo, numbered("c", 200), ("ValueError", "b"), name="mail")
    run = await cleo.dead_letters.retry_all("q", fingerprint=fingerprint_of("ValueError: b"), name="charge")
    assert (run.state, run.retried, run.looked, run.total) == (RetryState.DONE, 300, 500, 500)
    assert await _waiting(cleo) == 300
    assert {kind.pattern: kind.count for kind in (await cleo.dead_letters.kinds("q")).items} == {
        "KeyError: a": 600,
        "ValueError: b": 200,
    }
    run = await cleo.dead_letters.retry_all("q")
    assert (run.retried, (await cleo.queues.stats("q")).dead) == (800, 0)


async def test_each_step_reports_how_far_it_is(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 1_100))
    steps = [step async for step in cleo.dead_letters.retry_all("q")]
    assert [step.retried for step in steps] == [0, 250, 500, 750, 1_000, 1_100]
    assert [step.state for step in steps[:-1]] == [RetryState.RUNNING] * 5
    assert {step.total for step in steps} == {1_100}
    assert len({step.id for step in steps}) == 1


async def test_retrying_all_of_nothing_is_done_at_once(cleo: Cleo) -> None:
    run = await cleo.dead_letters.retry_all("q")
    assert (run.state, run.retried, run.total) == (RetryState.DONE, 0, 0)


async def test_a_task_that_fails_again_meanwhile_is_not_retried_again(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 600))
    retried = 0
    async for step in cleo.dead_letters.retry_all("q"):
        tasks = await claim(cleo, 1_000)
        await fail(cleo, tasks)
        retried = step.retried
    assert retried == 600
    assert (await cleo.queues.stats("q")).died == 1_200
    assert (await cleo.queues.stats("q")).dead == 600


async def test_letters_that_died_in_the_same_moment_are_all_retried(cleo: Cleo) -> None:
    ids = numbered("a", 2_000)
    await bury(cleo, ids)
    key = f"{keys_of(cleo, 'q').prefix}dead"
    kind = (await cleo.dead_letters.kinds("q")).items[0].fingerprint
    score = await ask(cleo, "ZSCORE", key, "a0")
    for index in (key, f"{keys_of(cleo, 'q').prefix}dead:fp:{kind}"):
        await ask(cleo, "ZADD", index, *(part for task_id in ids for part in (score, task_id)))
    odd = [task_id for task_id in ids if int(task_id[1:]) % 2]
    await cleo.dead_letters.discard("q", odd[:700])
    run = await cleo.dead_letters.retry_all("q")
    assert run.retried == 1_300


CRASHING = """
import asyncio, os, sys
from cleo_core import Cleo
async def main():
    async with Cleo(sys.argv[1], namespace=sys.argv[2]) as cleo:
        told = 0
        async for step in cleo.dead_letters.retry_all("q"):
            print(step.id, step.retried, flush=True)
            told += 1
            if told == 8:
                await asyncio.Event().wait()
asyncio.run(main())
"""


def _start(url: str, namespace: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(CRASHING), url, namespace]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def test_a_retry_whose_process_is_killed_goes_on_where_it_was(cleo: Cleo, server: Server) -> None:
    await bury(cleo, numbered("a", 10_000))
    process = _start(server.url, cleo.namespace)
    try:
        assert process.stdout is not None
        lines = [await asyncio.to_thread(process.stdout.readline) for _ in range(8)]
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    told = int(lines[-1].split()[1])
    (run,) = await cleo.dead_letters.retries("q")
    assert run.id == lines[0].split()[0]
    assert run.state is RetryState.RUNNING
    assert told <= run.retried < 10_000
    assert await _waiting(cleo) == run.retried
    steps = [step async for step in cleo.dead_letters.resume_retry("q", run.id)]
    assert steps[0].retried == run.retried
    assert (steps[-1].state, steps[-1].retried) == (RetryState.DONE, 10_000)
    stats = await cleo.queues.stats("q")
    assert (stats.waiting, stats.dead) == (10_000, 0)
    with pytest.raises(WrongState, match=r"is done: it retried 10,000 letters"):
        await cleo.dead_letters.resume_retry("q", run.id)


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
async def test_many_thousand_dead_letters_are_retried_each_once(cleo: Cleo, count: int) -> None:
    await bury(cleo, numbered("a", count))
    run = await cleo.dead_letters.retry_all("q")
    assert (run.retried, run.looked, run.state) == (count, count, RetryState.DONE)
    stats = await cleo.queues.stats("q")
    assert (stats.waiting, stats.dead) == (count, 0)
    assert (await cleo.dead_letters.kinds("q")).total == 0


async def test_two_processes_that_carry_one_retry_on_do_no_letter_twice(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 5_000))
    runs = cleo.dead_letters.retry_all("q")
    iterator = aiter(runs)
    begun = await anext(iterator)

    async def rest() -> RetryRun:
        last = begun
        async for step in iterator:
            last = step
        return last

    first, second = await asyncio.gather(rest(), _finish(cleo, begun.id))
    assert max(first.retried, second.retried) == 5_000
    events = await ask(cleo, "HGET", keys_of(cleo, "q").queue, "waiting")
    assert int(events) == 5_000


async def _finish(cleo: Cleo, run: str) -> RetryRun:
    return await cleo.dead_letters.resume_retry("q", run)


async def test_a_retry_is_stopped_from_elsewhere_and_goes_on_when_it_is_resumed(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 2_000))
    last: RetryRun | None = None
    async for step in cleo.dead_letters.retry_all("q"):
        last = step
        if step.retried == 500:
            await cleo.dead_letters.stop_retry("q", step.id)
    assert last is not None
    assert (last.state, last.stopped_by, last.retried) == (RetryState.STOPPED, StopReason.HAND, 500)
    assert await _waiting(cleo) == 500
    assert (await cleo.dead_letters.resume_retry("q", last.id)).retried == 2_000


async def test_beginning_and_ending_a_retry_are_audited_with_how_many(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 300), name="charge")
    run = await cleo.dead_letters.retry_all("q", name="charge")
    assert await audit_of(cleo, "q") == [
        ("retry all", '{"name": "charge"}', 300),
        ("retried all", f"retry {run.id}", 300),
    ]
    assert "@" in run.by


@pytest.mark.parametrize("run", ["", "nosuch", "0123456789ab", "a:watch"])
async def test_a_retry_that_is_not_there_says_so(cleo: Cleo, run: str) -> None:
    with pytest.raises(RetryNotFound, match="kept for a week"):
        await cleo.dead_letters.stop_retry("q", run)
    with pytest.raises(RetryNotFound):
        await cleo.dead_letters.resume_retry("q", run)


async def test_only_the_last_hundred_retries_are_listed(cleo: Cleo) -> None:
    for _ in range(103):
        await cleo.dead_letters.retry_all("q")
    assert len(await cleo.dead_letters.retries("q", limit=1_000)) == 100


# --- staged ------------------------------------------------------------------------------------------


async def _judge(cleo: Cleo, good: int, bad: int) -> int:
    """Work on what waits: so many complete and so many fail; how many there were."""
    tasks = await claim(cleo, good + bad)
    await complete(cleo, tasks[:good])
    await fail(cleo, tasks[good:])
    return len(tasks)


async def test_a_staged_retry_begins_with_a_few_and_waits_for_them(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 50))
    seen: list[tuple[int, int]] = []
    async for step in cleo.dead_letters.retry_staged("q", first=5, rate=1_000):
        seen.append((step.retried, step.unjudged))
        if len(seen) == 4:
            assert seen[1:] == [(5, 5)] * 3
            assert await _judge(cleo, 5, 0) == 5
        elif len(seen) > 4:
            await _judge(cleo, 50, 0)
    (run,) = await cleo.dead_letters.retries("q")
    assert (run.state, run.retried, run.succeeded, run.failed) == (RetryState.DONE, 50, 50, 0)
    assert run.failure_rate == 0


async def test_a_staged_retry_stops_by_itself_when_the_first_few_fail(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 50))
    run: RetryRun | None = None
    async for step in cleo.dead_letters.retry_staged("q", first=4, rate=1_000, stop_at_failure_rate=0.5):
        run = step
        await _judge(cleo, 2, 2)
    assert run is not None
    assert (run.state, run.stopped_by) == (RetryState.STOPPED, StopReason.FAILURES)
    assert (run.retried, run.succeeded, run.failed, run.failure_rate) == (4, 2, 2, 0.5)
    assert (await cleo.queues.stats("q")).dead == 48


async def test_a_staged_retry_stops_by_itself_when_later_ones_fail(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 400))
    run: RetryRun | None = None
    async for step in cleo.dead_letters.retry_staged("q", first=50, rate=100, stop_at_failure_rate=0.3):
        run = step
        await _judge(cleo, *((0, 500) if step.succeeded >= 50 else (500, 0)))
    assert run is not None
    assert run.stopped_by is StopReason.FAILURES
    assert run.succeeded >= 50
    assert run.retried < 400
    assert run.failure_rate is not None
    assert run.failure_rate >= 0.3


async def test_a_first_attempt_that_fails_counts_even_if_it_is_to_be_tried_again(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def work() -> None:
        raise ValueError

    async with cleo.worker(sweep=0.1):
        await work.enqueue_many([()] * 20)
        await until(lambda: _dead(cleo, 20))
        await cleo.queues.pause("q")
        # From now on each failure is to be tried again in an hour.
        for letter in (await cleo.dead_letters.list("q")).items:
            head = '{"v":1,"max_retries":5,"backoff":["fixed",3600,3600,false]}'
            await ask(cleo, "HSET", keys_of(cleo, "q").task(letter.id), "head", head)
        await cleo.queues.resume("q")
        run = await cleo.dead_letters.retry_staged("q", first=3)
    assert run.stopped_by is StopReason.FAILURES
    assert (run.retried, run.failed) == (3, 3)


async def _dead(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).dead == count


async def test_a_staged_retry_keeps_to_its_rate(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 500))
    steps: list[RetryRun] = []
    async for step in cleo.dead_letters.retry_staged("q", first=1, rate=50):
        steps.append(step)
        await _judge(cleo, 500, 0)
        if step.retried >= 60:
            break
    passed = steps[-1].at - steps[0].at
    assert steps[-1].retried <= 1 + 50 * (passed + 1)
    assert (await cleo.dead_letters.retries("q"))[0].state is RetryState.RUNNING


async def test_a_staged_retry_is_taken_up_by_another_process_without_a_rush(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 2_000))
    async for step in cleo.dead_letters.retry_staged("q", first=1, rate=10):
        await _judge(cleo, 500, 0)
        if step.succeeded >= 2:
            break
    (run,) = await cleo.dead_letters.retries("q")
    # An hour goes by.
    hour_ago = run.at * 1000 - 3_600_000
    await ask(cleo, "HSET", f"{keys_of(cleo, 'q').prefix}retry:{run.id}", "tat", f"{hour_ago:.0f}")
    await ask(cleo, "HSET", f"{keys_of(cleo, 'q').prefix}retry:{run.id}", "step", f"{hour_ago:.0f}")
    (abandoned,) = await cleo.dead_letters.retries("q")
    assert abandoned.idle == pytest.approx(3_600, abs=10)
    steps = aiter(cleo.dead_letters.resume_retry("q", run.id))
    await anext(steps)
    after = await anext(steps)
    assert run.retried < after.retried <= run.retried + 11


async def test_a_staged_retry_does_not_fill_a_queue_that_nobody_works_on(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 1_500))
    async for step in cleo.dead_letters.retry_staged("q", first=1, rate=10_000):
        if step.retried == 1:
            await _judge(cleo, 1, 0)
        if step.unjudged >= 1_000:
            break
    (run,) = await cleo.dead_letters.retries("q")
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            async for step in cleo.dead_letters.resume_retry("q", run.id):
                assert step.unjudged == 1_000
    assert (await cleo.dead_letters.retries("q"))[0].retried == 1_001


async def test_a_stopped_staged_retry_begins_with_a_few_again(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 50))
    async for _ in cleo.dead_letters.retry_staged("q", first=4, rate=1_000):
        await _judge(cleo, 0, 4)
    (run,) = await cleo.dead_letters.retries("q")
    assert run.stopped_by is StopReason.FAILURES
    steps = aiter(cleo.dead_letters.resume_retry("q", run.id))
    resumed = [await anext(steps) for _ in range(3)]
    assert [step.retried for step in resumed] == [4, 8, 8]
    assert resumed[0].failure_rate is None


@pytest.mark.parametrize(
    "numbers",
    [
        {"first": 0},
        {"first": 5_000},
        {"rate": 0},
        {"rate": float("nan")},
        {"rate": 1e9},
        {"stop_at_failure_rate": 0},
        {"stop_at_failure_rate": 1.5},
    ],
)
async def test_numbers_that_can_not_be_are_refused(cleo: Cleo, numbers: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        await cleo.dead_letters.retry_staged("q", **numbers)
    assert await cleo.dead_letters.retries("q") == []
