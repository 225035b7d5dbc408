"""The ``cleo`` command's entry: its subcommands, and errors as sentences instead of tracebacks."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cleo_core.cli.acl import acl
from cleo_core.cli.worker import worker
from cleo_core.errors import CleoError
from cleo_core.version import __version__

app = typer.Typer(
    name="cleo",
    help="Cleo, a distributed task queue on Redis.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
app.command()(worker)
app.command()(acl)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cleo {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Cleo, a distributed task queue on Redis."""


def main() -> None:
    """Run the command. Exits 1 with one sentence when something of the user's is wrong."""
    try:
        app()
    except CleoError as error:
        typer.echo(f"cleo: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
