"""``cleo explain``: why a task is not running."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import TaskId
from cleo_core.cli.tables import Look
from cleo_core.cli.words import clean
from cleo_core.reasons import Explanation

app = alone()


@command(app, "explain", shows=Explanation)
async def explain(
    run: Run,
    task_id: TaskId,
    queue: Annotated[
        str | None,
        typer.Option("--queue", "-q", help="Its queue; else all are asked.", autocompletion=complete_queue),
    ] = None,
) -> None:
    """Why is a task not running? All reasons that hold now, the most decisive first."""
    if queue is not None:
        await run.known_queue(queue)
    told = await run.cleo.explain(task_id, queue)
    run.out.show(told, lambda look: _text(look, told))


def _text(look: Look, told: Explanation) -> str:
    group = f", group {told.group}" if told.group else ""
    head = clean(f"{told.name} {told.task_id} in {told.queue}{group} is {told.state}.")
    return "\n".join([head, *(f"  {clean(reason.text)}" for reason in told.reasons)])
