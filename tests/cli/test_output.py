"""What a person sees in a terminal: tables that fit into it, colours, and none of them where they are not wanted."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import pytest

from tests.cli.conftest import World
from tests.cli.running import Console, command
from tests.processes import ROOT

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


async def _in_terminal(console: Console, line: str, columns: int, **environment: str) -> str:
    """All that a command writes into a terminal of so many columns, as it writes it."""
    return await asyncio.to_thread(_run, console, line.split(), columns, environment)


def _run(console: Console, words: list[str], columns: int, environment: dict[str, str]) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    inherited = {
        name: value for name, value in console.process_environment.items() if name not in {"COLUMNS", "NO_COLOR"}
    }
    process = subprocess.Popen(
        command(*words), env={**inherited, "TERM": "xterm-256color", **environment}, cwd=ROOT,
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.STDOUT,
    )  # fmt: skip
    os.close(theirs)
    written = b""
    try:
        while piece := os.read(ours, 65_536):
            written += piece
    except OSError:
        pass  # How Linux tells that nobody has the terminal any more.
    finally:
        os.close(ours)
    assert process.wait(60) == 0, written
    return written.decode().replace("\r\n", "\n")


async def test_in_a_narrow_terminal_a_table_is_cut_where_it_may_be_and_nothing_else(
    console: Console, world: World
) -> None:
    narrow = (await _in_terminal(console, "dlq kinds emails", 60, NO_COLOR="1")).splitlines()
    wide = (await _in_terminal(console, "dlq kinds emails", 200, NO_COLOR="1")).splitlines()
    assert max(map(len, narrow)) <= 60 < max(map(len, wide))
    assert any("ValueError: there is no number -<n>" in line for line in wide)
    (cut,) = [line for line in narrow if "ValueError" in line]
    assert cut.endswith("…")
    # An id that was cut would be of no use to the next command.
    letters = await _in_terminal(console, "dlq list emails", 60, NO_COLOR="1")
    assert [letter for letter in world.dead if letter not in letters] == []


@pytest.mark.usefixtures("world")
async def test_colours_are_only_for_who_wants_them_and_change_no_word(console: Console) -> None:
    line = "queues list"
    coloured = await _in_terminal(console, line, 100)
    assert "\x1b[1m" in coloured
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = await _in_terminal(console, line, 100, **environment)
        assert "\x1b" not in plain
        # How long a task has waited is another figure each time.
        assert _words_of(plain) == _words_of(ESCAPES.sub("", coloured))


def _words_of(text: str) -> list[str]:
    return [word for word in text.split() if not re.fullmatch(r"[\d.]+|ms|s|min", word)]
