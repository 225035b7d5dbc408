"""Which dead letters are meant: the filters of ``cleo dlq``."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.when import moment_of
from cleo_core.dead_letters.filters import DeadLetterFilter

Fingerprint = Annotated[
    str | None, typer.Option("--kind", "-k", metavar="FINGERPRINT", help="Only this kind of error; see dlq kinds.")
]
OfName = Annotated[str | None, typer.Option("--name", help="Only tasks of this name.")]
OfGroup = Annotated[str | None, typer.Option("--group", "-g", help="Only of this group; '' for those without one.")]
OfWorker = Annotated[str | None, typer.Option("--worker", help="Only if this worker, or host, ran them last.")]
WithText = Annotated[str | None, typer.Option("--text", help="Only with this text in id, error or arguments.")]


def letters_that(
    *,
    kind: str | None,
    name: str | None,
    group: str | None,
    worker: str | None,
    text: str | None,
    since: str | None,
    until: str | None,
) -> DeadLetterFilter:
    """The filter of what was given; empty if nothing was."""
    whole = DeadLetterFilter(
        fingerprint=kind,
        name=name,
        group=group,
        worker=worker,
        text=text,
        since=moment_of(since),
        until=moment_of(until),
    )
    for name_of in [name_of for name_of, value in whole.items() if value is None]:
        whole.pop(name_of)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return whole
