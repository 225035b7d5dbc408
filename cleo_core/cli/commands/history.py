"""``cleo history``: the attempts that ended, and forgetting them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from cleo_core.cli.commanding import command, group
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.confirming import confirm
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.options import DryRun, Limit, Yes
from cleo_core.cli.shapes import Cleared
from cleo_core.cli.tables import Cell, Colour, Column, Look, Painted, right, table, wide
from cleo_core.cli.when import Since, Until, moment_of
from cleo_core.cli.words import NOTHING, clean, count, duration, moment, number
from cleo_core.history_entries import HistoryWhere
from cleo_core.models import HistoryEntry, Outcome, TaskState

app = group("History: the attempts that ended, and forgetting them.")

OfQueue = Annotated[str | None, typer.Option("--queue", "-q", help="Of this queue.", autocompletion=complete_queue)]
OfGroup = Annotated[str | None, typer.Option("--group", "-g", help="Of this group of the queue.")]
OfWorker = Annotated[str | None, typer.Option("--worker", "-w", help="Of this worker.")]
OfTask = Annotated[str | None, typer.Option("--task", "-t", metavar="ID", help="Of this task.")]

COLUMNS = (
    right("ENDED"),
    Column("OUTCOME"),
    wide("TASK"),
    Column("ID"),
    wide("QUEUE"),
    wide("GROUP"),
    right("ATTEMPT"),
    right("WAITED"),
    right("RAN"),
    wide("WORKER"),
    wide("ERROR"),
)
COLOURS = {Outcome.COMPLETED: Colour.GREEN, Outcome.CANCELLED: None}


@command(app, "list", shows=list[HistoryEntry])
async def list_history(
    run: Run,
    queue: OfQueue = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    task: OfTask = None,
    name: Annotated[str | None, typer.Option("--name", help="Only tasks of this name.")] = None,
    outcome: Annotated[list[Outcome] | None, typer.Option("--outcome", help="Only these; repeatable.")] = None,
    state: Annotated[list[TaskState] | None, typer.Option("--state", help="Only if the task is so then.")] = None,
    error: Annotated[str | None, typer.Option("--error", help="Only with this fingerprint or text.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List the attempts that ended last: of everything, a queue, a group of it, a worker, or one task."""
    where = _where(name, outcome, state, error, since, until)
    entries = await _entries(run, queue, group, worker, task, limit, where)
    run.out.show(entries, lambda look: _table(look, entries))


async def _entries(
    run: Run,
    queue: str | None,
    group: str | None,
    worker: str | None,
    task: str | None,
    limit: int,
    where: HistoryWhere,
) -> list[HistoryEntry]:
    history = run.cleo.history
    if queue is not None:
        await run.known_queue(queue)
    match _one_of(queue, group, worker, task):
        case "task":
            return await history.task(task or "", queue, limit, **where)
        case "worker":
            return await history.worker(worker or "", limit, **where)
        case "group":
            return await history.group(queue or "", group or "", limit, **where)
        case "queue":
            return await history.queue(queue or "", limit, **where)
        case _:
            return await history.everything(limit, **where)


def _one_of(queue: str | None, group: str | None, worker: str | None, task: str | None) -> str:
    """What is asked for, the narrowest that was named."""
    if sum(each is not None for each in (group, worker, task)) > 1 or (worker is not None and queue is not None):
        raise Misused("Name one thing: --task (and its --queue), --worker, --group and its --queue, or --queue.")
    if group is not None and queue is None:
        raise Misused("A group is part of a queue. Name it: --queue.")
    named = {"task": task, "worker": worker, "group": group, "queue": queue}
    return next((name for name, value in named.items() if value is not None), "")


def _where(
    name: str | None,
    outcome: list[Outcome] | None,
    state: list[TaskState] | None,
    error: str | None,
    since: str | None,
    until: str | None,
) -> HistoryWhere:
    where = HistoryWhere()
    if name is not None:
        where["name"] = name
    if outcome:
        where["outcome"] = outcome
    if state:
        where["state"] = state
    if error is not None:
        where["error"] = error
    if (begin := moment_of(since)) is not None:
        where["since"] = begin
    if (end := moment_of(until)) is not None:
        where["until"] = end
    return where


def _table(look: Look, entries: Iterable[HistoryEntry]) -> str:
    return table(look, COLUMNS, map(_row, entries))


def _row(entry: HistoryEntry) -> list[Cell]:
    return [
        moment(entry.at),
        Painted(entry.outcome, COLOURS.get(entry.outcome, Colour.RED)),
        entry.name,
        entry.task_id,
        entry.queue,
        entry.group or NOTHING,
        number(entry.attempt),
        duration(entry.wait),
        duration(entry.run),
        entry.worker,
        entry.error or NOTHING,
    ]


@command(app, "clear", shows=Cleared)
async def clear_history(
    run: Run,
    queue: OfQueue = None,
    group: OfGroup = None,
    worker: OfWorker = None,
    task: OfTask = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Forget what is kept of the past of a queue, a group, a worker or a task; tasks themselves stay."""
    kind = _one_of(queue, group, worker, task)
    if not kind or (kind == "task" and queue is None):
        raise Misused("Name whose past is to be forgotten: --queue, with --group or --task in it, or --worker.")
    if queue is not None:
        await run.known_queue(queue)
    whose = {"task": task, "worker": worker, "group": group, "queue": queue}[kind] or NOTHING
    what = f"the past of the {kind} {clean(whose)}"
    if not dry_run:
        confirm(run, f"forget {what}", yes=yes)
    history = run.cleo.history
    match kind:
        case "task":
            cleared = await history.clear_task(queue or "", task or "", dry_run=dry_run)
        case "worker":
            cleared = await history.clear_worker(worker or "", dry_run=dry_run)
        case "group":
            cleared = await history.clear_group(queue or "", group or "", dry_run=dry_run)
        case _:
            cleared = await history.clear_queue(queue or "", dry_run=dry_run)
    size = count(cleared, "attempt" if kind == "task" else "key")
    told = f"Would forget {what}: {size}." if dry_run else f"{what[0].upper()}{what[1:]} is forgotten: {size}."
    run.out.show(Cleared(kind=kind, name=whose, cleared=cleared), lambda look: told)
