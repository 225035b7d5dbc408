"""``cleo schema``: the JSON Schema of what a command writes with ``--json``."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cleo_core.cli.commanding import alone
from cleo_core.cli.exits import NotThere

app = alone()


@app.command("schema")
def schema(
    words: Annotated[list[str], typer.Argument(metavar="COMMAND", help="The command, such as: queues list")],
) -> None:
    """Print the JSON Schema of what a command writes with --json.

    Commands that write one value a line say so in the schema's $comment.
    """
    from pydantic import TypeAdapter  # noqa: PLC0415

    from cleo_core.cli.tree import commands, shape_of  # noqa: PLC0415

    name = " ".join(words)
    made = commands().get(name)
    if made is None or (shape := shape_of(made)) is None:
        raise NotThere(f"There is no command {name!r} that writes JSON. `cleo --help` lists the commands.")
    described = TypeAdapter(shape[0]).json_schema(mode="serialization")
    comment = {"$comment": "One such value a line."} if shape[1] else {}
    typer.echo(json.dumps({**described, "title": f"cleo {name} --json", **comment}, indent=2))
