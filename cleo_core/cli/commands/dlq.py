"""``cleo dlq``: the dead letters, which are tasks that failed for good."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.arguments import arguments_of
from cleo_core.cli.bulk import change_many, may_change, tell_report
from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.letter_options import Fingerprint, OfGroup, OfName, OfWorker, WithText, letters_that
from cleo_core.cli.letter_retries import (
    RETRIES,
    RetryId,
    RetryLimit,
    follow_retry,
    letters_matching,
    retry_row,
    retry_sentence,
)
from cleo_core.cli.options import DryRun, Limit, Offset, Queue, TaskId, TaskIds, Yes, ids_of
from cleo_core.cli.shapes import Edited, Plan
from cleo_core.cli.tables import Column, Look, right, table, wide
from cleo_core.cli.task_views import task_page, task_table
from cleo_core.cli.when import Since, Until
from cleo_core.cli.words import ago, count, number
from cleo_core.dead_letters.filters import DeadLetterFilter
from cleo_core.models import (
    BulkReport,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    Discard,
    DiscardReport,
    RetryRun,
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


@command(app, "retry", shows=BulkReport | Plan | RetryRun)
async def retry_letters(
    run: Run,
    queue: Queue,
    ids: TaskIds = None,
    everything: Annotated[bool, typer.Option("--all", help="All that fit, instead of ids.")] = False,
    kind: Fingerprint = None,
    name: OfName = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    text: WithText = None,
    since: Since = None,
    until: Until = None,
    staged: Annotated[bool, typer.Option("--staged", help="A few first, then at a rate; stops by itself.")] = False,
    first: Annotated[int, typer.Option("--first", min=1, max=1_000, help="With --staged: how many first.")] = 10,
    rate: Annotated[float, typer.Option("--rate", help="With --staged: how many a second then.")] = 20.0,
    stop_at: Annotated[float, typer.Option("--stop-at", help="With --staged: the share of failures to stop at.")] = 0.5,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Put dead letters back into their queue, with all their retries before them.

    A retry of all is kept on the server: if this command is cut off, `cleo dlq carry-on` goes on with it.
    """
    wanted = letters_that(kind=kind, name=name, group=group, worker=worker, text=text, since=since, until=until)
    _check_which(ids, wanted, everything=everything or staged)
    await run.known_queue(queue)
    if not (everything or staged):
        retry = run.cleo.dead_letters.retry
        await change_many(run, queue, ids_of(ids), retry, verb="retry", done="retried", yes=yes, dry_run=dry_run)
        return
    matching = await letters_matching(run, queue, wanted)
    if not may_change(run, queue, matching, verb="retry", yes=yes, dry_run=dry_run):
        return
    letters = run.cleo.dead_letters
    if staged:
        retrying = letters.retry_staged(queue, first=first, rate=rate, stop_at_failure_rate=stop_at, **wanted)
    else:
        retrying = letters.retry_all(queue, **wanted)
    await follow_retry(run, retrying)


def _check_which(ids: list[str] | None, wanted: DeadLetterFilter, *, everything: bool) -> None:
    if bool(ids) == everything or (ids and wanted):
        raise Misused(
            "Name the dead letters by their ids (- reads them from standard input), or --all that fit the filters."
        )


@command(app, "edit", shows=Edited)
async def edit_letter(
    run: Run,
    queue: Queue,
    task_id: TaskId,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Arguments to change; a value is JSON, or else a text."),
    ] = None,
    args: Annotated[str | None, typer.Option("--args", metavar="JSON", help="All arguments anew.")] = None,
) -> None:
    """Put a dead letter back with other arguments; they are checked by what a worker has published of the task."""
    if not arguments and args is None:
        raise Misused("Say which arguments: NAME=VALUE changes one, --args JSON sets all anew.")
    letter = await run.cleo.dead_letters.get(await run.known_queue(queue), task_id)
    old = letter.arguments if isinstance(letter.arguments, dict) and args is None else {}
    checked = await run.cleo.dead_letters.edit_and_retry(queue, task_id, {**old, **arguments_of(arguments or [], args)})
    shown = Edited(id=task_id, queue=queue, checked=checked)
    run.out.show(shown, lambda look: f"1 dead letter edited and retried; its arguments are {checked}.")


@command(app, "retries", shows=list[RetryRun])
async def list_retries(run: Run, queue: Queue, limit: RetryLimit = 20) -> None:
    """List the retries of many dead letters of the last week, and how far they are."""
    runs = await run.cleo.dead_letters.retries(await run.known_queue(queue), limit=limit)
    run.out.show(runs, lambda look: table(look, RETRIES, map(retry_row, runs)))


@command(app, "carry-on", shows=RetryRun)
async def carry_on(run: Run, queue: Queue, retry: RetryId) -> None:
    """Go on with a retry of many dead letters that was stopped or cut off."""
    await run.known_queue(queue)
    await follow_retry(run, run.cleo.dead_letters.resume_retry(queue, retry))


@command(app, "stop", shows=RetryRun)
async def stop_retry(run: Run, queue: Queue, retry: RetryId) -> None:
    """Stop a retry of many dead letters before its next step, whichever process carries it on."""
    stopped = await run.cleo.dead_letters.stop_retry(await run.known_queue(queue), retry)
    run.out.show(stopped, lambda look: retry_sentence(stopped))


@command(app, "export", shows=DeadLetterRecord, lines=True)
async def export_letters(
    run: Run,
    queue: Queue,
    kind: Fingerprint = None,
    name: OfName = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    text: WithText = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write dead letters whole, as JSON, one a line; with --json or without."""
    wanted = letters_that(kind=kind, name=name, group=group, worker=worker, text=text, since=since, until=until)
    async for line in run.cleo.dead_letters.export(await run.known_queue(queue), **wanted):
        run.out.line(line)


@command(app, "discard", shows=DiscardReport | Plan)
async def discard_letters(
    run: Run,
    queue: Queue,
    ids: TaskIds = None,
    everything: Annotated[bool, typer.Option("--all", help="All that fit, instead of ids.")] = False,
    kind: Fingerprint = None,
    name: OfName = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    text: WithText = None,
    since: Since = None,
    until: Until = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Move dead letters into the trash; for 10 minutes dlq undo brings them back."""
    wanted = letters_that(kind=kind, name=name, group=group, worker=worker, text=text, since=since, until=until)
    _check_which(ids, wanted, everything=everything)
    await run.known_queue(queue)
    chosen = await letters_matching(run, queue, wanted) if everything else ids_of(ids)
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
