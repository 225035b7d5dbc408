"""``docs/cli.md`` lists the commands as they are: their names, what they do, and what they write."""

from __future__ import annotations

import types
from importlib import import_module
from typing import Any, Union, get_args, get_origin

from cleo_core.cli.exits import ExitCode
from cleo_core.cli.main import COMMANDS
from cleo_core.cli.tree import commands, shape_of
from tests.docs.documents import Table, codes_in, document

PAGE = document("docs/cli.md")


def _table(column: str) -> Table:
    (table,) = (table for table in PAGE.tables if column in table.columns)
    return table


def _told(shape: Any) -> str:
    if get_origin(shape) in {Union, types.UnionType}:
        return ", or ".join(_told(part) for part in get_args(shape))
    if get_origin(shape) is list:
        return f"list of {_told(get_args(shape)[0])}"
    return f"`{shape.__name__}`"


def _row(name: str, made: Any) -> str:
    does = made.help.split("\n\n")[0].replace("\n", " ")
    shape = shape_of(made)
    writes = "" if shape is None else _told(shape[0]) + (", one a line" if shape[1] else "")
    return f"| `cleo {name}` | {does} | {writes or '-'} |"


def test_the_list_of_commands_is_complete_and_says_what_their_help_says() -> None:
    rows = [line for line in PAGE.text.splitlines() if line.startswith("| `cleo ")]
    wanted = [_row(name, made) for name, made in commands().items()]
    assert rows == wanted, "The table should be:\n" + "\n".join(wanted)


def test_each_command_has_an_example() -> None:
    shown = {_command_of(words[1:]) for block in PAGE.blocks if block.language == "bash" for words in block.commands}
    assert set(commands()) - shown == set()


def _command_of(words: list[str]) -> str:
    known = commands()
    return " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]


def test_the_exit_codes_are_told() -> None:
    told = {int(codes_in(row["Exit code"])[0]) for row in _table("Exit code").rows}
    assert told == {code.value for code in ExitCode}


def test_the_list_in_the_help_says_what_the_groups_say() -> None:
    for name in {full.split()[0] for full in commands() if " " in full}:
        assert import_module(f"cleo_core.cli.commands.{name}").app.info.help == COMMANDS[name]
    assert set(COMMANDS) == {full.split()[0] for full in commands()}
