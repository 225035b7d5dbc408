"""``cleo dlq``: the dead letters, which are tasks that failed for good."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.bulk import change_many, may_change, tell_report
from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.letter_options import Fingerprint, OfGroup, OfName, OfWorker, WithText, letters_that
from cleo_core.cli.options import DryRun, Limit, Offset, Queue, TaskId, TaskIds, Yes, ids_of
from cleo_core.cli.shapes import Plan
from cleo_core.cli.tables import Column, Look, right, table, wide
from cleo_core.cli.task_views import task_page, task_table
from cleo_core.cli.when import Since, Until
from cleo_core.cli.words import ago, count, number
from cleo_core.models import (
    BulkReport,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    Discard,
    DiscardReport,
)

app = group("Dead letters: tasks that failed for good.")

KINDS = (Column("KIND"), right("LETTERS"), right("FIRST"), right("LAST"), wide("PATTERN"))
TRASH = (Column("DISCARD"), right("LETTERS"), right("WHEN"), right("GOES"), Column("BY"))

DiscardId = Annotated[str, typer.Argument(metavar="DISCARD", help="The discard's id; see dlq trash.")]


@command(app, "kinds", shows=DeadLetterKinds)
async def list_kinds(run: Run, queue: Queue, limit: Limit = 100, offset: Offset = 0) -> None:
    """List the dead letters of a queue by the kind of their error, the most frequent first."""
    kinds = await run.cleo.dead_letters.kinds(await run.known_queue(queue), offset=offset, limit=limit)
    rows = (
        [kind.fingerprint, number(kind.count), ago(kind.first_at, kinds.at), ago(kind.last_at, kinds.at), kind.pattern]
        for kind in kinds.items
    )
    run.out.show(kinds, lambda look: table(look, KINDS, rows))


@command(app, "list", shows=DeadLetterPage)
async def list_letters(
    run: Run,
    queue: Queue,
    kind: Fingerprint = None,
    name: OfName = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    text: WithText = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 100,
    offset: Offset = 0,
    look_at: Annotated[
        int, typer.Option("--look-at", min=1, max=100_000, help="How many letters a filter may look at, at most.")
    ] = 5_000,
) -> None:
    """List the dead letters of a queue, the latest first, or those that fit."""
    wanted = letters_that(kind=kind, name=name, group=group, worker=worker, text=text, since=since, until=until)
    await run.known_queue(queue)
    page = await run.cleo.dead_letters.list(queue, offset=offset, limit=limit, look=look_at, **wanted)
    run.out.show(page, lambda look: task_table(look, page.items, page.at))
    if page.next_offset is not None:
        seen = f"{len(page.items):,} of {page.total:,} dead letters"
        run.out.say(f"{seen}; --offset {page.next_offset} goes on.")


@command(app, "show", shows=DeadLetterRecord)
async def show_letter(run: Run, queue: Queue, task_id: TaskId) -> None:
    """Show a dead letter whole, with every attempt's traceback."""
    record = await run.cleo.dead_letters.get(await run.known_queue(queue), task_id)
    run.out.show(record, lambda look: task_page(look, record))


@command(app, "retry", shows=BulkReport | Plan)
async def retry_letters(run: Run, queue: Queue, ids: TaskIds = None, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Put dead letters back into their queue, with all their retries before them."""
    await run.known_queue(queue)
    retry = run.cleo.dead_letters.retry
    await change_many(run, queue, _named(ids), retry, verb="retry", done="retried", yes=yes, dry_run=dry_run)


@command(app, "discard", shows=DiscardReport | Plan)
async def discard_letters(
    run: Run, queue: Queue, ids: TaskIds = None, yes: Yes = False, dry_run: DryRun = False
) -> None:
    """Move dead letters into the trash; for 10 minutes dlq undo brings them back."""
    chosen = _named(ids)
    await run.known_queue(queue)
    if not may_change(run, queue, chosen, verb="discard", yes=yes, dry_run=dry_run):
        return
    report = await run.cleo.dead_letters.discard(queue, chosen)
    run.out.say(f"`cleo dlq undo {queue} {report.discard}` brings them back for 10 minutes.")
    tell_report(run, report, len(chosen), "discarded")


@command(app, "trash", shows=list[Discard])
async def list_trash(run: Run, queue: Queue, limit: Limit = 100) -> None:
    """List what was discarded and can still be brought back, the latest first."""
    discards = await run.cleo.dead_letters.trash(await run.known_queue(queue), limit=limit)

    def text(look: Look) -> str:
        now = max((each.at for each in discards), default=0.0)
        rows = (
            [each.id, number(each.count), ago(each.at, now), ago(each.expires_at, now), each.by] for each in discards
        )
        return table(look, TRASH, rows)

    run.out.show(discards, text)


@command(app, "undo", shows=BulkReport)
async def undo_discard(run: Run, queue: Queue, discard: DiscardId) -> None:
    """Bring back what a discard took."""
    report = await run.cleo.dead_letters.undo(await run.known_queue(queue), discard)
    tell_report(run, report, report.done + len(report.failures), "brought back")


@command(app, "forget", shows=BulkReport | Plan)
async def forget_discard(run: Run, queue: Queue, discard: DiscardId, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Empty a discard out of the trash at once, for good."""
    await run.known_queue(queue)
    held = next((each for each in await run.cleo.dead_letters.trash(queue, limit=1_000) if each.id == discard), None)
    size = held.count if held is not None else 0
    if not may_change(run, queue, [discard] * size, verb="forget", yes=yes, dry_run=dry_run):
        return
    done = await run.cleo.dead_letters.forget(queue, discard)
    run.out.show(BulkReport(done=done), lambda look: f"{count(done, 'dead letter')} forgotten.")


def _named(ids: list[str] | None) -> list[str]:
    if not ids:
        raise Misused("Name the dead letters by their ids, or - to read them from standard input.")
    return ids_of(ids)
