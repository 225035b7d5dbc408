"""``cleo audit``: who changed what."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import Limit
from cleo_core.cli.tables import Cell, Colour, Column, Painted, right, table, wide
from cleo_core.cli.when import moment_of
from cleo_core.cli.words import NOTHING, moment, number
from cleo_core.models import AuditEntry

app = alone()

COLUMNS = (
    right("WHEN"),
    Column("WHO"),
    Column("REDIS USER"),
    Column("ACTION"),
    wide("QUEUE"),
    wide("TARGET"),
    right("COUNT"),
    Column("RESULT"),
)


@command(app, "audit", shows=list[AuditEntry])
async def audit(
    run: Run,
    queue: Annotated[
        str | None,
        typer.Option("--queue", "-q", help="Of this queue; '' for what is of none.", autocompletion=complete_queue),
    ] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only what this user did.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only such actions, such as pause.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="WHEN", help="Only what was before then.")] = None,
    limit: Limit = 50,
) -> None:
    """Show what operators changed, the newest first: who, what, on what, how many, with which result."""
    if queue:
        await run.known_queue(queue)
    entries = await run.cleo.audit.list(queue, limit=limit, before=moment_of(before), actor=who, action=action)
    run.out.show(entries, lambda look: table(look, COLUMNS, map(_row, entries)))


def _row(entry: AuditEntry) -> list[Cell]:
    return [
        moment(entry.at),
        entry.os_user,
        entry.redis_user,
        entry.action,
        entry.queue or NOTHING,
        entry.target or NOTHING,
        number(entry.count),
        entry.result if entry.result == "done" else Painted(entry.result, Colour.YELLOW),
    ]
