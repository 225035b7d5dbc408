"""Retries of many dead letters: counted, followed with a bar, and told."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed
from cleo_core.cli.options import MAX_IDS
from cleo_core.cli.progress import Progress
from cleo_core.cli.tables import Cell, Colour, Column, Painted, right
from cleo_core.cli.words import NOTHING, ago, count, duration, number, share
from cleo_core.dead_letters.filters import DeadLetterFilter
from cleo_core.dead_letters.retrying import Retrying
from cleo_core.models import RetryRun, RetryState, StopReason

RETRIES = (
    Column("RETRY"),
    Column("STATE"),
    right("RETRIED"),
    right("LOOKED AT"),
    right("OF"),
    right("FAILED"),
    right("BEGUN"),
    right("IDLE"),
    Column("BY"),
)
LOOK = 100_000

RetryId = Annotated[str, typer.Argument(metavar="RETRY", help="The retry's id; see dlq retries.")]
RetryLimit = Annotated[int, typer.Option("--limit", "-n", min=1, max=100, help="How many at most.")]


async def letters_matching(run: Run, queue: str, wanted: DeadLetterFilter) -> list[str]:
    """The ids of the dead letters that fit, counted on the server page by page."""
    found: dict[str, None] = {}
    offset: int | None = 0
    with Progress("Looking at dead letters:", None) as bar:
        while offset is not None and len(found) < MAX_IDS:
            page = await run.cleo.dead_letters.list(queue, offset=offset, limit=1_000, look=LOOK, **wanted)
            found |= dict.fromkeys(letter.id for letter in page.items)
            offset = page.next_offset
            bar.reached(offset or page.total)
    return list(found)


async def follow_retry(run: Run, retrying: Retrying) -> None:
    """Carry a retry on to its end, and tell of it.

    Raises:
        Failed: it stopped before its end.
    """
    last: RetryRun | None = None
    with Progress("Retrying", None) as bar:
        async for step in retrying:
            last = step
            bar.total = step.total
            bar.reached(step.looked)
    assert last is not None
    ended = last
    run.out.show(ended, lambda look: retry_sentence(ended))
    if ended.state is RetryState.STOPPED:
        raise Failed(f"The retry stopped before its end. `cleo dlq carry-on {ended.queue} {ended.id}` goes on with it.")


def retry_sentence(run: RetryRun) -> str:
    """How far a retry is, and why it ended."""
    watched = ""
    if run.first is not None:
        watched = f" Of those tried again {run.succeeded:,} succeeded and {run.failed:,} failed."
    how = {RetryState.DONE: "is done", RetryState.RUNNING: "is running"}.get(run.state, "was stopped")
    if run.stopped_by is StopReason.FAILURES:
        how = f"stopped by itself, because {share(run.failure_rate)} failed again"
    retried = count(run.retried, "dead letter")
    return f"The retry {run.id} of {run.queue} {how}: {retried} retried, {run.looked:,} of {run.total:,} seen.{watched}"


def retry_row(run: RetryRun) -> list[Cell]:
    """A line of the list."""
    stopped = run.state is RetryState.STOPPED
    return [
        run.id,
        Painted(run.state, Colour.YELLOW) if stopped else str(run.state),
        number(run.retried),
        number(run.looked),
        number(run.total),
        number(run.failed) if run.first is not None else NOTHING,
        ago(run.started_at, run.at),
        duration(run.idle),
        run.by,
    ]
