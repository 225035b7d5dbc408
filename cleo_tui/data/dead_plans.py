"""Plans about dead letters: some of them, named, or all of a kind of error; and bringing back what was discarded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

from cleo_core import Cleo
from cleo_core.errors import CleoError, DiscardNotFound
from cleo_core.models import BulkReport, DeadLetterKind, Discard, RetryRun, RetryState
from cleo_tui import say
from cleo_tui.data.plans import Plan, Run, Step, Target, Verb, one_by_one, task_plan

PAGE = 1_000
NOUN = "dead letter"
ONE_RETRIED = "It goes back to the end of its queue, with all its retries before it."
ONE_DISCARDED = "It is kept in the trash for 10 minutes, from where U brings it back; then it is gone for good."
RETRIED = "They go back to the end of their queue, with all their retries before them."
DISCARDED = "They are kept in the trash for 10 minutes, from where U brings them back; then they are gone for good."


def retry_plan(cleo: Cleo, queue: str, targets: Sequence[Target]) -> Plan:
    """Put dead letters back into their queue."""
    consequence = say.of(len(targets), ONE_RETRIED, RETRIED)
    return task_plan(Verb.RETRY, cleo, queue, targets, consequence, cleo.dead_letters.retry)


def discard_plan(cleo: Cleo, queue: str, targets: Sequence[Target]) -> Plan:
    """Move dead letters into the trash, as one discard however many steps it takes."""
    discard: list[str] = []

    async def apply(queue: str, ids: Sequence[str]) -> BulkReport:
        report = await cleo.dead_letters.discard(queue, ids, into=discard[0] if discard else None)
        discard[:] = [report.discard]
        return report

    consequence = say.of(len(targets), ONE_DISCARDED, DISCARDED)
    return task_plan(Verb.DISCARD, cleo, queue, targets, consequence, apply)


# --- all of a kind -----------------------------------------------------------------------------------


def retry_kinds_plan(cleo: Cleo, queue: str, kinds: Sequence[DeadLetterKind]) -> Plan:
    """Retry all dead letters of some kinds; stopping it stops the run on the server."""

    async def run() -> AsyncGenerator[Step]:
        looked = retried = total = 0
        for kind in kinds:
            step: RetryRun | None = None
            try:
                async for step in cleo.dead_letters.retry_all(queue, fingerprint=kind.fingerprint):
                    yield Step(looked + step.looked, retried + step.retried)
            finally:
                if step is not None and step.state is RetryState.RUNNING:
                    with suppress(CleoError):
                        await cleo.dead_letters.stop_retry(queue, step.id)
            if step is not None:
                looked, retried, total = looked + step.looked, retried + step.retried, total + step.total
        yield Step(looked, retried, total)

    consequence = f"{RETRIED} Meant are those that are dead when it begins; Stop or esc stops it between two steps."
    return _kinds_plan(Verb.RETRY, cleo, queue, kinds, consequence, run)


def discard_kinds_plan(cleo: Cleo, queue: str, kinds: Sequence[DeadLetterKind], at: float) -> Plan:
    """Discard the dead letters of some kinds that were there at a time of the server's clock, all as one discard."""

    async def run() -> AsyncGenerator[Step]:
        attempted = done = 0
        discard: str | None = None
        for kind in kinds:
            # Those that died later are newer, so they stand before the others and are passed over.
            later = 0
            while True:
                page = await cleo.dead_letters.list(
                    queue, offset=later, limit=PAGE, fingerprint=kind.fingerprint, until=at
                )
                later += page.looked - len(page.items)
                if not page.items and page.next_offset is None:
                    break
                if not page.items:
                    continue
                report = await cleo.dead_letters.discard(queue, [letter.id for letter in page.items], into=discard)
                discard = report.discard
                attempted, done = attempted + len(page.items), done + report.done
                yield Step(attempted, done, failures=report.failures)
        yield Step(attempted, done, attempted)

    return _kinds_plan(Verb.DISCARD, cleo, queue, kinds, DISCARDED, run)


def _kinds_plan(
    verb: Verb,
    cleo: Cleo,
    queue: str,
    kinds: Sequence[DeadLetterKind],
    consequence: str,
    run: Run,
) -> Plan:
    wanted = {kind.fingerprint for kind in kinds}

    async def look(_sample: Sequence[Target]) -> str:
        """How many letters there are of all the kinds: those with the most are told of by one call."""
        now = (await cleo.dead_letters.kinds(queue, limit=PAGE)).items
        count = sum(kind.count for kind in now if kind.fingerprint in wanted)
        return f"{say.plural(count, NOUN)} of {'this kind' if len(wanted) == 1 else 'these kinds'}"

    targets = tuple(Target(kind.fingerprint, f"{say.count(kind.count)}  {kind.pattern}") for kind in kinds)
    size = sum(kind.count for kind in kinds)
    return Plan(verb, queue, targets, consequence, run, noun=NOUN, look=look, size=size)


# --- with care ---------------------------------------------------------------------------------------


def staged_plan(
    cleo: Cleo,
    queue: str,
    what: Target,
    size: int,
    stage: tuple[int, float, float],
    filters: dict[str, Any],
    carry: Callable[[RetryRun, AsyncIterator[RetryRun]], None],
) -> Plan:
    """Retry dead letters a few first, then at a rate. ``carry`` takes over the run as soon as it has begun.

    Raises:
        InvalidOption: a number that can't be.
    """
    first, rate, stop_at = stage
    retrying = cleo.dead_letters.retry_staged(queue, first=first, rate=rate, stop_at_failure_rate=stop_at, **filters)

    async def run() -> AsyncGenerator[Step]:
        steps = aiter(retrying)
        begun = await anext(steps)
        carry(begun, steps)
        yield Step(size, size)

    return Plan(
        Verb.RETRY,
        queue,
        (what,),
        f"{say.plural(first, 'letter')} first; when each has been tried, the others at {say.rate(rate)}. It stops by "
        f"itself when {say.percent(stop_at)} of the last 100 tried have failed.",
        run,
        noun=NOUN,
        size=size,
        question=f"Retry {say.plural(size, NOUN)} of {queue} in stages?",
        outcome=f"The staged retry of {queue} has begun.",
    )


def stop_retry_plan(cleo: Cleo, retry: RetryRun) -> Plan:
    """Stop a retry of many, whichever process carries it on."""

    async def stop(retry_id: str) -> str:
        stopped = await cleo.dead_letters.stop_retry(retry.queue, retry_id)
        return "It was done already." if stopped.state is RetryState.DONE else ""

    targets = (_target_of(retry),)
    return Plan(
        Verb.STOP,
        retry.queue,
        targets,
        "Before its next step, whichever process carries it on. What was retried stays retried; it can be carried on.",
        one_by_one(targets, stop),
        noun="retry",
        question=f"Stop the retry of {retry.queue}?",
        outcome=f"The retry of {retry.queue} is stopped.",
    )


def resume_retry_plan(cleo: Cleo, retry: RetryRun, carry: Callable[[RetryRun, AsyncIterator[RetryRun]], None]) -> Plan:
    """Carry on a retry that was stopped or has lost its process."""

    async def run() -> AsyncGenerator[Step]:
        steps = aiter(cleo.dead_letters.resume_retry(retry.queue, retry.id))
        begun = await anext(steps)
        carry(begun, steps)
        yield Step(1, 1)

    careful = " A staged one begins with a first few again." if retry.first is not None else ""
    return Plan(
        Verb.RESUME_RETRY,
        retry.queue,
        (_target_of(retry),),
        f"No letter is retried twice. This console carries it on, as long as it runs.{careful}",
        run,
        noun="retry",
        question=f"Carry on the retry of {retry.queue}?",
        outcome=f"The retry of {retry.queue} goes on.",
    )


def _target_of(retry: RetryRun) -> Target:
    return Target(retry.id, f"{say.count(retry.retried)} of {say.count(retry.total)} retried, begun by {retry.by}")


# --- the trash ---------------------------------------------------------------------------------------


def undo_plan(cleo: Cleo, queue: str, discards: Sequence[Discard], now: float) -> Plan:
    """Bring back what some discards took."""

    async def run() -> AsyncGenerator[Step]:
        attempted = done = 0
        for discard in discards:
            failures: dict[str, str] = {}
            try:
                report = await cleo.dead_letters.undo(queue, discard.id)
                done, failures = done + report.done, report.failures
            except DiscardNotFound as error:
                failures[discard.id] = str(error)
            attempted += discard.count
            yield Step(attempted, done, failures=failures)

    targets = tuple(Target(discard.id, discard_text(discard, now)) for discard in discards)
    size = sum(discard.count for discard in discards)
    again = say.of(size, "It is a dead letter again, as it was", "They are dead letters again, as they were")
    consequence = f"{again}; what has expired meanwhile stays away."
    return Plan(
        Verb.UNDO,
        queue,
        targets,
        consequence,
        run,
        noun=NOUN,
        size=size,
        question=f"Bring back {say.plural(size, NOUN)} of {queue}?",
    )


def discard_text(discard: Discard, now: float) -> str:
    """A discard in a line."""
    left = say.duration(max(0.0, discard.expires_at - now))
    by = f" by {discard.by}" if discard.by else ""
    ago = say.ago(max(0.0, now - discard.at))
    return f"{say.plural(discard.count, 'letter')}, discarded {ago}{by}, kept for another {left}"
