"""Why a task is not running when it is delayed, runs or has ended; several reasons at once; and who may ask."""

from __future__ import annotations

import asyncio
import re

import pytest

from cleo_core import Backoff, Cleo, TaskState
from cleo_core.reasons import (
    Behind,
    Cancelled,
    Claimable,
    Completed,
    Dead,
    DelayedUntil,
    Explanation,
    GroupAtLimit,
    GroupPaused,
    LockHeld,
    NoWorker,
    QueuePaused,
    RateLimited,
    Running,
    Yielding,
)
from tests.explaining import among, beats, declared, kinds, only, release
from tests.ghosts import GHOST, claim_and_die
from tests.raw import ask_at
from tests.servers import Server
from tests.waiting import SOON, until

# --- not yet -------------------------------------------------------------------------------------


async def test_it_is_delayed(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work", delay=90)
    explanation = await cleo.explain(handle.id)
    assert explanation.state is TaskState.DELAYED
    reason = among(explanation, DelayedUntil)
    assert reason.attempt == 1
    assert 60 < reason.due_in <= 90
    assert reason.due_at == pytest.approx(explanation.at + reason.due_in)
    assert re.fullmatch(r"It is due in \d\d s: it was enqueued with a delay\.", reason.text)
    assert kinds(explanation) == [DelayedUntil, NoWorker]


async def test_it_waits_to_be_tried_again(cleo: Cleo) -> None:
    @cleo.task(queue="q", backoff=Backoff.fixed(3_000))
    async def fail() -> None:
        raise ValueError("no")

    async with cleo.worker():
        handle = await fail.enqueue()
        await until(lambda: _is(cleo, handle.id, TaskState.DELAYED))
        await until(lambda: beats(cleo))
        reason = only(await cleo.explain(handle.id), DelayedUntil)
    assert reason.attempt == 2
    assert 2_900 < reason.due_in <= 3_000
    assert reason.text == "It is due in 50 min: attempt 2 follows a failure."


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return await cleo.queues.handle("q", task_id).status() is state


# --- it runs, or has ended -----------------------------------------------------------------------


async def test_it_runs_and_was_asked_to_stop(cleo: Cleo) -> None:
    gate = asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await gate.wait()

    worker = cleo.worker()
    async with worker:
        handle = await work.enqueue()
        await until(lambda: _is(cleo, handle.id, TaskState.ACTIVE))
        reason = only(await cleo.explain(handle.id), Running)
        assert (reason.worker, reason.attempt, reason.cancel_requested) == (worker.id, 1, False)
        assert 0 <= reason.for_seconds < SOON
        assert 15 - SOON < reason.lease_expires_in <= 15
        assert reason.text == f"It has been running for {reason.for_seconds:.1f} s on {worker.id}, attempt 1."
        await handle.cancel()
        reason = only(await cleo.explain(handle.id), Running)
        assert reason.cancel_requested
        assert reason.text.endswith(", attempt 1; it was asked to stop.")
        gate.set()
        await until(lambda: _ended(cleo, handle.id))


async def _ended(cleo: Cleo, task_id: str) -> bool:
    return (await cleo.queues.handle("q", task_id).status()).is_final


async def test_how_long_it_runs_is_counted_from_its_claim(cleo: Cleo) -> None:
    gate = asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> None:
        await gate.wait()

    handle = await work.enqueue()

    async def has_waited() -> bool:
        seconds, _ = await cleo.backend.ask("TIME")
        return int(seconds) > (await cleo.queues.get_task("q", handle.id)).enqueued_at + 1

    await until(has_waited)
    async with cleo.worker():
        await until(lambda: _is(cleo, handle.id, TaskState.ACTIVE))
        explanation = await cleo.explain(handle.id)
        claimed_at = (await cleo.queues.get_task("q", handle.id)).claimed_at
        assert claimed_at is not None
        assert only(explanation, Running).for_seconds == pytest.approx(explanation.at - claimed_at, abs=0.01)
        gate.set()
        await handle.result(timeout=30)


async def test_its_lease_ran_out(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    await claim_and_die(cleo, "q", lease=0.01)

    async def ran_out() -> bool:
        return only(await cleo.explain(handle.id), Running).lease_expires_in < 0

    await until(ran_out)
    reason = only(await cleo.explain(handle.id), Running)
    assert re.fullmatch(
        rf"Its worker {GHOST} has been silent for too long; the lease ran out \d+(\.\d)? s ago, and the next sweep of "
        r"any worker of its queue takes it back\.",
        reason.text,
    )
    await release(cleo)


async def test_it_has_completed(cleo: Cleo) -> None:
    work = declared(cleo)
    async with cleo.worker():
        handle = await work.enqueue()
        await handle.result(timeout=30)
        explanation = await cleo.explain(handle.id)
    assert only(explanation, Completed).text == explanation.text == "It has completed."


async def test_it_was_cancelled(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    await handle.cancel()
    assert only(await cleo.explain(handle.id), Cancelled).text == "It was cancelled and will not run."


@pytest.mark.parametrize(("retries", "attempts"), [(0, "1 attempt"), (2, "3 attempts")])
async def test_it_is_a_dead_letter(cleo: Cleo, retries: int, attempts: str) -> None:
    @cleo.task(queue="q", max_retries=retries, backoff=Backoff.fixed(0.01))
    async def fail() -> None:
        raise ValueError("The card was declined.")

    async with cleo.worker(sweep=0.05):
        handle = await fail.enqueue()
        await until(lambda: _is(cleo, handle.id, TaskState.DEAD))
    reason = only(await cleo.explain(handle.id), Dead)
    assert (reason.attempts, reason.error) == (retries + 1, "ValueError: The card was declined.")
    assert reason.text == (
        f"It is in the dead letters after {attempts}: ValueError: The card was declined. Retry it once that is mended."
    )


async def test_it_is_poison(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    for n in range(3):
        await claim_and_die(cleo, "q", lease=60, worker=f"w-{n}", begin=True)
        await release(cleo, f"w-{n}")
    reason = only(await cleo.explain(handle.id), Dead)
    assert reason.attempts == 3
    assert reason.text.startswith("It is in the dead letters after 3 attempts: poison: 3 workers were lost")


# --- several at once -----------------------------------------------------------------------------


async def test_all_reasons_that_hold_are_told_the_most_decisive_first(cleo: Cleo) -> None:
    await cleo.queues.set_rate_limit("q", "1/60s")
    await cleo.groups.configure("q", "g", concurrency=1, rate_limit="1/60s")
    handles = [await cleo.groups.add_task("q", "g", "work") for _ in range(3)]
    await claim_and_die(cleo, "q", 3, lease=60)
    await cleo.queues.pause("q")
    await cleo.groups.pause("q", "g")
    async with cleo.locks.group("q", "g", drain=False):
        explanation = await cleo.explain(handles[2].id)
    assert kinds(explanation) == [
        QueuePaused, RateLimited, GroupPaused, LockHeld, GroupAtLimit, RateLimited, NoWorker, Behind,
    ]  # fmt: skip
    assert explanation.text.count("\n") == 7
    assert all(line.endswith((".", "--queues q")) for line in explanation.text.splitlines())
    await release(cleo)


async def test_it_is_told_as_json_and_read_back(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "g", concurrency=1)
    handles = [await cleo.groups.add_task("q", "g", "work") for _ in range(2)]
    await claim_and_die(cleo, "q", 1, lease=60)
    explanation = await cleo.explain(handles[1].id)
    assert Explanation.model_validate_json(explanation.model_dump_json()) == explanation
    await release(cleo)


# --- finding it, and who may ask -----------------------------------------------------------------


async def test_it_is_found_among_six_hundred_queues_without_naming_its_own(cleo: Cleo) -> None:
    await asyncio.gather(*(cleo.queues.add(f"queue-{n:03}", "work") for n in range(600)))
    for queue in ("queue-000", "queue-499", "queue-500", "queue-599"):
        handle = await cleo.queues.add(queue, "work")
        explanation = await cleo.explain(handle.id)
        assert explanation.queue == queue
        assert kinds(explanation) == [NoWorker, Behind]


async def test_a_user_that_may_only_read_can_ask(own_server: Server, own_cleo: Cleo, namespace: str) -> None:
    await ask_at(
        own_server.url, "ACL", "SETUSER", "viewer", "on", ">secret", "~*", "&*", "+@read", "+@connection", "+info",
        "+time", "+evalsha_ro", "+eval_ro",
    )  # fmt: skip
    handle = await own_cleo.groups.add_task("q", "g", "work")
    await own_cleo.groups.pause("q", "g")
    async with Cleo(f"redis://viewer:secret@127.0.0.1:{own_server.port}/0", namespace=namespace) as viewer:
        assert kinds(await viewer.explain(handle.id)) == [GroupPaused, NoWorker]
        assert kinds(await viewer.explain(handle.id, "q")) == [GroupPaused, NoWorker]


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Behind(group="", tasks=0, groups=1), "It is the next task; 1 other group has its turn first."),
        (Behind(group="", tasks=1_234, groups=0), "It is behind 1,234 tasks."),
        (Claimable(), "Nothing keeps it: it is next, and a worker will take it at once."),
        (DelayedUntil(due_at=1, due_in=0, attempt=1), "It is due now: it was enqueued with a delay."),
        (
            Yielding(group="g", waiting=1_000),
            "The group 'g' held over 10% of the running slots, so it yields to other groups until its 1,000 waiting "
            "tasks have been started.",
        ),
        (
            GroupAtLimit(group="g", limit=1, running=1, held_by=["x"]),
            "The group 'g' is at its limit: the only slot is taken, by x.",
        ),
    ],
)
def test_numbers_and_nouns_agree(
    reason: Behind | Claimable | DelayedUntil | Yielding | GroupAtLimit, text: str
) -> None:
    assert reason.text == text
