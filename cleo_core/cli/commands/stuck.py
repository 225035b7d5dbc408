"""``cleo stuck``: running tasks that look stuck, and taking them back."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.bulk import may_change, tell_report
from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.options import DryRun, Limit, Offset, Queue, TaskIds, Yes, ids_of
from cleo_core.cli.shapes import Plan
from cleo_core.cli.tables import Cell, Colour, Column, Painted, right, table, wide
from cleo_core.cli.words import duration, number
from cleo_core.models import RecoveryReport, StuckKind, StuckPage, StuckTask, WorkerHealth

app = group("Stuck tasks: which look so and why, and taking them back.")

COLUMNS = (
    Column("ID"),
    wide("NAME"),
    right("RUNS"),
    right("LEASE"),
    right("ATTEMPT"),
    wide("WORKER"),
    Column("HEALTH"),
    wide("WHY"),
)
MOST = 1_000


@command(app, "list", shows=StuckPage)
async def list_stuck(run: Run, queue: Queue, limit: Limit = 100, offset: Offset = 0) -> None:
    """List the running tasks of a queue that look stuck, each with its reasons."""
    page = await run.cleo.workers.stuck(await run.known_queue(queue), offset=offset, limit=limit)
    run.out.show(page, lambda look: table(look, COLUMNS, map(_row, page.items)))
    if page.next_offset is not None:
        run.out.say(f"{page.looked:,} of {page.total:,} running tasks seen; --offset {page.next_offset} goes on.")


def _row(task: StuckTask) -> list[Cell]:
    alive = task.health is WorkerHealth.ALIVE
    return [
        task.id,
        task.name,
        duration(task.running),
        duration(task.lease),
        number(task.attempt),
        task.worker,
        str(task.health) if alive else Painted(task.health, Colour.RED),
        " ".join(reason.text for reason in task.reasons),
    ]


@command(app, "recover", shows=RecoveryReport | Plan)
async def recover_stuck(
    run: Run,
    queue: Queue,
    ids: TaskIds = None,
    kind: Annotated[
        list[StuckKind] | None, typer.Option("--kind", help="All that are stuck for this reason; repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that nobody is at work on.")] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Take running tasks from their workers and put them back to where they waited.

    One that its worker still holds may run twice for a while.
    """
    if sum((bool(ids), bool(kind), everything)) != 1:
        raise Misused("Name the tasks by their ids, or a --kind of reason, or --all that nobody is at work on.")
    await run.known_queue(queue)
    kinds = set(kind) if kind else {StuckKind.LEASE_RAN_OUT, StuckKind.WORKER_SILENT}
    chosen = ids_of(ids) if ids else [task.id for task in await _found(run, queue, kinds)]
    if not may_change(run, queue, chosen, verb="take back", yes=yes, dry_run=dry_run):
        return
    if ids:
        report = await run.cleo.workers.recover_stuck(queue, chosen)
        tell_report(run, report, len(chosen), "taken back")
        return
    report = await run.cleo.workers.recover_stuck(queue, kinds=kinds)
    tell_report(run, report, report.done + len(report.failures), "taken back")


async def _found(run: Run, queue: str, kinds: set[StuckKind]) -> list[StuckTask]:
    """Those that are stuck for these reasons now."""
    found: list[StuckTask] = []
    offset: int | None = 0
    while offset is not None:
        page = await run.cleo.workers.stuck(queue, offset=offset, limit=MOST)
        found += (task for task in page.items if kinds & {reason.kind for reason in task.reasons})
        offset = page.next_offset
    return found
