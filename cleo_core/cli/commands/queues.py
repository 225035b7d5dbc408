"""``cleo queues``: what is in the queues, pausing them, and their rate limits."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import Limit, New, Offset, Queue
from cleo_core.cli.shapes import Changed
from cleo_core.cli.tables import Cell, Colour, Column, Look, Painted, facts, right, table
from cleo_core.cli.words import NOTHING, ago, clean, duration, moment, number
from cleo_core.models import QueueStats

app = group("Queues: their counts, pausing, and rate limits.")

COLUMNS = (
    Column("QUEUE"),
    right("WAITING"),
    right("ACTIVE"),
    right("DELAYED"),
    right("DEAD"),
    right("COMPLETED"),
    right("OLDEST"),
    right("GROUPS"),
    Column("STATE"),
)


@command(app, "list", shows=list[QueueStats])
async def list_queues(run: Run, limit: Limit = 100, offset: Offset = 0) -> None:
    """List the queues with their counts, by name."""
    names = await run.cleo.queues.names(offset=offset, limit=limit)
    stats = await asyncio.gather(*(run.cleo.queues.stats(name) for name in names))
    run.out.show(list(stats), lambda look: table(look, COLUMNS, map(_row, stats)))
    total = await run.cleo.queues.count()
    if total > offset + len(names):
        run.out.say(f"{len(names):,} of {total:,} queues; --offset {offset + len(names)} shows the next.")


def _row(stats: QueueStats) -> list[Cell]:
    return [
        stats.queue,
        number(stats.waiting),
        number(stats.active),
        number(stats.delayed),
        Painted(number(stats.dead), Colour.RED) if stats.dead else number(stats.dead),
        number(stats.completed),
        duration(stats.oldest_waiting),
        number(stats.groups),
        _state(stats),
    ]


def _state(stats: QueueStats) -> Cell:
    return Painted("paused", Colour.YELLOW) if stats.paused else "running"


@command(app, "show", shows=QueueStats)
async def show_queue(run: Run, queue: Queue) -> None:
    """Show all counts and rules of one queue."""
    stats = await run.cleo.queues.stats(await run.known_queue(queue))
    run.out.show(stats, lambda look: _facts(look, stats))


def _facts(look: Look, stats: QueueStats) -> str:
    counts = ("waiting", "active", "delayed", "dead", "kept", "groups")
    totals = ("enqueued", "completed", "failed", "retried", "died", "cancelled", "lost")
    return facts(
        look,
        [
            ("queue", stats.queue),
            ("state", _state(stats)),
            *((name, number(getattr(stats, name))) for name in counts),
            ("oldest waiting", duration(stats.oldest_waiting)),
            ("next due", ago(stats.next_due_at, stats.at)),
            ("first dead letter goes", moment(stats.dead_expires_at)),
            *((f"{name} ever", number(getattr(stats, name))) for name in totals),
            ("strategy", stats.strategy),
            ("order", stats.order),
            ("rate limit", str(stats.rate_limit or NOTHING)),
        ],
    )


def _tell(run: Run, action: str, queue: str, changed: bool, did: str, already: str) -> None:
    shown = Changed(action=action, queue=queue, changed=changed)
    run.out.show(shown, lambda look: f"{clean(queue)} {did if changed else already}.")


@command(app, "pause", shows=Changed)
async def pause_queue(run: Run, queue: Queue, new: New = False) -> None:
    """Let no worker claim from a queue; what runs goes on."""
    changed = await run.cleo.queues.pause(await run.known_queue(queue, new=new))
    _tell(run, "pause", queue, changed, "is paused; what runs goes on", "was paused already")


@command(app, "resume", shows=Changed)
async def resume_queue(run: Run, queue: Queue) -> None:
    """Let workers claim from a queue again."""
    changed = await run.cleo.queues.resume(await run.known_queue(queue))
    _tell(run, "resume", queue, changed, "is running again", "was not paused")


@command(app, "rate-limit", shows=Changed)
async def limit_queue(
    run: Run,
    queue: Queue,
    limit: Annotated[str, typer.Argument(metavar="LIMIT", help="100/s, 60/m, 5/10s, '100/s burst 20', or none.")],
    new: New = False,
) -> None:
    """Limit how many tasks of a queue are started in a time."""
    wanted = None if limit.lower() == "none" else limit
    changed = await run.cleo.queues.set_rate_limit(await run.known_queue(queue, new=new), wanted)
    did = f"starts at most {wanted}" if wanted else "has no rate limit now"
    _tell(run, "rate-limit", queue, changed, did, "has that limit already" if wanted else "had no rate limit")
