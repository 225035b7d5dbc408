"""What all commands share: how one is declared, and the options that each of them has."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from cleo_core.cli.connecting import NAMESPACE_VARIABLE, URL_VARIABLE, Place, Run, run_command
from cleo_core.cli.output import Output

P = ParamSpec("P")
Command = Callable[Concatenate[Run, P], Awaitable[None]]

Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help=f"The server. [env: {URL_VARIABLE}]", show_default=False),
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", metavar="NAME", help=f"The namespace. [env: {NAMESPACE_VARIABLE}]", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for scripts.")]

COMMON = [
    inspect.Parameter("url", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Url),
    inspect.Parameter("namespace", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Namespace),
    inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson),
]
CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def group(summary: str) -> typer.Typer:
    """A group of commands, such as ``cleo queues``."""
    app = typer.Typer(help=summary, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    # With a callback it is a group even if it has one command only.
    app.callback()(lambda: None)
    return app


def alone() -> typer.Typer:
    """For a command that is no group, such as ``cleo explain``."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


def command(app: typer.Typer, name: str, *, shows: Any, lines: bool = False) -> Callable[[Command[P]], Command[P]]:
    """Declare a coroutine as a command.

    Args:
        app: the group that it belongs to.
        name: what it is called.
        shows: the type of what it writes with ``--json``; the schema in the documents is made of it.
        lines: whether it writes one such value a line instead of one document.
    """

    def declare(function: Command[P]) -> Command[P]:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]

        @functools.wraps(function)
        def wrapper(**given: Any) -> None:
            context: typer.Context = given.pop("context")
            place = Place(given.pop("url"), given.pop("namespace"))
            outer = context.find_root().obj
            if isinstance(outer, Place):
                place = place.or_else(outer)
            output = Output(shows, as_json=given.pop("as_json"))
            raise typer.Exit(run_command(place, output, function, given))

        parameters = [*(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own), *COMMON, CONTEXT]
        wrapper.__dict__.pop("__wrapped__", None)
        wrapper.__signature__ = signature.replace(parameters=parameters, return_annotation=None)  # pyright: ignore[reportAttributeAccessIssue]
        wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
        app.command(name, no_args_is_help=False)(wrapper)
        DECLARED[wrapper] = (shows, lines)
        return function

    return declare


# What each command writes, by the function that Typer calls.
DECLARED: dict[Callable[..., None], tuple[Any, bool]] = {}
