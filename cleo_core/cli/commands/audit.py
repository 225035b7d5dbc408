"""``cleo audit``: who changed what."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.audit import MAX_ENTRIES
from cleo_core.cli.commanding import alone, command
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.options import Limit
from cleo_core.cli.tables import Cell, Colour, Column, Look, Painted, right, table, wide
from cleo_core.cli.when import moment_of
from cleo_core.cli.words import NOTHING, clean, moment, number
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


@command(app, "audit", shows=list[AuditEntry] | AuditEntry)
async def audit(
    run: Run,
    queue: Annotated[
        str | None,
        typer.Option("--queue", "-q", help="Of this queue; '' for what is of none.", autocompletion=complete_queue),
    ] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only what this user did.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only such actions, such as pause.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="WHEN", help="Only what was before then.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="One a line, the oldest first, and those to come, until Ctrl-C.")
    ] = False,
    limit: Limit = 50,
) -> None:
    """Show what operators changed, the newest first: who, what, on what, how many, with which result."""
    if queue:
        await run.known_queue(queue)
    if follow and before is not None:
        raise Misused("--follow shows what is to come, --before what was before then. Leave one of them out.")
    if follow:
        await _follow(run, queue, who, action, limit)
        return
    entries = await run.cleo.audit.list(queue, limit=limit, before=moment_of(before), actor=who, action=action)
    run.out.show(entries, lambda look: table(look, COLUMNS, map(_row, entries)))


async def _follow(run: Run, queue: str | None, who: str | None, action: str | None, limit: int) -> None:
    # What is to come begins with the last millisecond that was read. All that was read of it is left out then, shown
    # or not: what the limit has cut is old, not new.
    entries = await run.cleo.audit.list(queue, limit=MAX_ENTRIES, actor=who, action=action)
    for entry in reversed(entries[:limit]):
        _tell(run, entry)
    since = entries[0].at if entries else None
    read = {(entry.queue, entry.position) for entry in entries if entry.at == since}
    async for entry in run.cleo.audit.follow(queue, since=since, actor=who, action=action):
        if (entry.queue, entry.position) not in read:
            _tell(run, entry)


def _tell(run: Run, entry: AuditEntry) -> None:
    run.out.stream(entry, lambda look: _line(look, entry))


def _line(look: Look, entry: AuditEntry) -> str:
    who = f"{entry.os_user} ({entry.redis_user})" if entry.os_user else entry.redis_user
    where = f"queue={entry.queue}" if entry.queue else ""
    parts = [who, entry.action, where, entry.target, f"count={number(entry.count)}"]
    told = "  ".join(clean(part) for part in parts if part)
    result = "" if entry.result == "done" else f"  {look.paint(clean(entry.result), Colour.YELLOW)}"
    return f"{moment(entry.at)}  {told}{result}"


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
