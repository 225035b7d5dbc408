"""All commands, by the words after ``cleo``: for the documents, the schemas and the tests."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import Any

from typer.main import get_command

from cleo_core.cli.commanding import DECLARED
from cleo_core.cli.main import app


@cache
def commands() -> dict[str, Any]:
    """Each command that does something, such as ``queues list``, as Typer made it."""
    return dict(_below(get_command(app), ()))


def _below(parent: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    if not hasattr(parent, "list_commands"):
        yield " ".join(words), parent
        return
    for name in parent.list_commands(None):
        yield from _below(parent.get_command(None, name), (*words, name))


def shape_of(made: Any) -> tuple[Any, bool] | None:
    """The type of what a command writes with ``--json``, and whether one a line; None if it writes no JSON."""
    return DECLARED.get(inspect.unwrap(made.callback))
