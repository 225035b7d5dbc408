"""``cleo events``: what happened in the queues, and what happens."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.connecting import Run
from cleo_core.cli.tables import Colour, Look
from cleo_core.cli.words import clean, duration
from cleo_core.models import Event, EventGap, ObserverEvent

app = alone()

MOST_QUEUES = 100
COLOURS = {ObserverEvent.TASK_FAILED: Colour.RED, ObserverEvent.TASK_STALLED: Colour.YELLOW}


@command(app, "events", shows=Event | EventGap, lines=True)
async def events(
    run: Run,
    queues: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUEUE", help="Only of these queues.", autocompletion=complete_queue),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")] = False,
    kind: Annotated[list[ObserverEvent] | None, typer.Option("--kind", help="Only of this kind; repeatable.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, max=500, help="How many of those that were.")] = 20,
) -> None:
    """Show the last events of the queues, one a line; with --follow also those to come.

    What a listener missed is told as a line with the number of events that are gone.
    """
    chosen = [await run.known_queue(queue) for queue in queues or []]
    kinds = set(kind) if kind else None
    if limit:
        for event in await _recent(run, chosen, kinds, limit):
            _tell(run, event, kinds)
    if follow:
        async for event in run.cleo.events.listen(*chosen):
            _tell(run, event, kinds)


async def _recent(run: Run, queues: list[str], kinds: set[ObserverEvent] | None, limit: int) -> list[Event]:
    names = queues or await run.cleo.queues.names(limit=MOST_QUEUES)
    wanted = 500 if kinds else limit
    found = await asyncio.gather(*(run.cleo.events.recent(name, wanted) for name in names))
    listed = [event for events in found for event in events if kinds is None or event.kind in kinds]
    return sorted(listed, key=lambda event: event.at)[-limit:]


def _tell(run: Run, event: Event | EventGap, kinds: set[ObserverEvent] | None) -> None:
    if isinstance(event, EventGap) or kinds is None or event.kind in kinds:
        run.out.stream(event, lambda look: _line(look, event))


def _line(look: Look, event: Event | EventGap) -> str:
    if isinstance(event, EventGap):
        what = "can't be read; they may be of a newer version" if event.unreadable else "were missed"
        return look.paint(f"... {event.missed:,} events of {clean(event.queue)} {what}", Colour.YELLOW)
    clock = time.strftime("%H:%M:%S", time.localtime(event.at)) + f".{int(event.at % 1 * 1000):03d}"
    kind = f"{event.kind:<14}"
    colour = COLOURS.get(event.kind)
    parts = [
        event.queue,
        event.name,
        event.task_id,
        f"group={event.group}" if event.group else "",
        f"state={event.state}" if event.state else "",
        f"ran={duration(event.run)}" if event.run is not None else "",
        f"worker={event.worker}" if event.worker else "",
        event.detail,
    ]
    told = "  ".join(clean(part) for part in parts if part)
    return f"{clock}  {look.paint(kind, colour) if colour else kind}  {told}"
