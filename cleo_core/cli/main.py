"""The ``cleo`` command's entry. Its subcommands are imported when they are used, so that it starts quickly."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cleo_core.cli.commanding import Namespace, Url
from cleo_core.cli.connecting import Place, complain, leave_quietly
from cleo_core.cli.exits import ExitCode
from cleo_core.errors import CleoError
from cleo_core.version import __version__

# In the order of the help. Each is the module of that name in ``cleo_core.cli.commands``, with an ``app`` in it; a test
# compares the sentences with theirs.
COMMANDS = {
    "worker": "Run workers until SIGTERM or Ctrl-C.",
    "enqueue": "Enqueue a task by its name, or many from a file.",
    "queues": "Queues: their counts, pausing, and rate limits.",
    "tasks": "Tasks: lists by state, one with all that is kept of it, cancelling and removing.",
    "explain": "Why is a task not running?",
    "groups": "Groups: how they take turns, their settings, and what would be next.",
    "locks": "Locks of groups: who holds them, and taking them away.",
    "workers": "Workers: which are alive, what they do, and telling them to pause or end.",
    "dlq": "Dead letters: tasks that failed for good.",
    "stuck": "Stuck tasks: which look so and why, and taking them back.",
    "schedules": "Schedules: what is due when, running it now, pausing, adding and removing.",
    "events": "What happened in the queues, and what happens.",
    "acl": "The access list of a role, for redis-cli.",
    "history": "History: the attempts that ended, and forgetting them.",
    "stats": "Figures of a range of time, and how they changed.",
    "doctor": "What is wrong with the server and the queues, and how to mend it.",
    "audit": "Who changed what.",
    "metrics": "The counters of queues and workers for Prometheus.",
    "schema": "The JSON Schema of what a command writes with --json.",
}


class LazyGroup(TyperGroup):
    """Knows its commands by name and sentence, and imports one when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported at its first use."""
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            module = import_module(f"cleo_core.cli.commands.{cmd_name}")
            made = get_command(module.app)
            made.name = cmd_name
            self.commands[cmd_name] = made
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in the help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As ever; who mistyped is told of names that were not imported, too."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415

            near = get_close_matches(args[0], COMMANDS)
            ctx.fail(f"There is no command {args[0]!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))
        return cast("Any", super().resolve_command(ctx, args))


app = typer.Typer(
    name="cleo",
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cleo {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    context: typer.Context,
    url: Url = None,
    namespace: Namespace = None,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Cleo, a distributed task queue on Redis.

    All commands take --json; cleo COMMAND --help says more. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server
    can't be used, 4 not found.
    """
    context.obj = Place(url, namespace)


def main() -> None:
    """Run the command. What is wrong is told in one sentence, and by the exit code."""
    # A name that the terminal's encoding lacks is no reason to fail.
    for stream in (sys.stdout, sys.stderr):
        cast("Any", stream).reconfigure(errors="backslashreplace")
    try:
        app(prog_name="cleo")
    except CleoError as error:
        sys.exit(complain(error))
    except BrokenPipeError:
        sys.exit(leave_quietly())
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
