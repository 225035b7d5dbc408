"""The arguments and options that several commands have."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cleo_core.cli.completing import complete_queue
from cleo_core.cli.exits import Misused

MAX_IDS = 1_000_000

Queue = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue.", autocompletion=complete_queue)]
Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group; '' for tasks without one.")]
TaskId = Annotated[str, typer.Argument(metavar="ID", help="The task's id.")]
TaskIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Ids of tasks; - reads them from standard input.", show_default=False),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="How many at most.")]
Offset = Annotated[int, typer.Option("--offset", min=0, help="How many to leave out first.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
New = Annotated[bool, typer.Option("--new", help="Also if there is no such queue yet.")]


def ids_of(given: list[str] | None) -> list[str]:
    """The ids that were given or, for ``-``, are read from standard input, each once.

    Raises:
        Misused: there are too many.
    """
    ids = given or []
    if ids == ["-"]:
        ids = [line.strip() for line in sys.stdin if line.strip()]
    if len(ids) > MAX_IDS:
        raise Misused(f"{len(ids):,} ids are more than one command takes ({MAX_IDS:,}). Give them in parts.")
    return list(dict.fromkeys(ids))
