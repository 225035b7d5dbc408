"""The operator's editor in a real terminal: it has the terminal for itself, and the console comes back after it."""

from __future__ import annotations

import sys
from pathlib import Path

from cleo_core import Cleo
from tests.engine.dead_letters.burying import bury
from tests.servers import Server
from tests.terminal import open_terminal

EDITOR = """#!/bin/sh
stty -a | grep -q -- '-icanon' && echo "the terminal is raw" || echo "the terminal is the editor's"
read -r line
sed -i "s/bob/$line/" "$1"
"""


async def test_the_editor_has_the_terminal_and_the_console_comes_back(
    server: Server, cleo: Cleo, namespace: str, tmp_path: Path
) -> None:
    await bury(cleo, ["m0"], queue="mails", name="send", arguments=b'{"to":"bob"}')
    editor = tmp_path / "editor.sh"
    editor.write_text(EDITOR)
    editor.chmod(0o700)
    command = [
        "env", "-u", "VISUAL", f"EDITOR={editor}",
        sys.executable, "-m", "cleo_tui", server.url, "--namespace", namespace,
    ]  # fmt: skip
    with open_terminal(command, columns=80, rows=24) as terminal:
        terminal.wait_for("mails")
        terminal.type("6")
        terminal.wait_for("1 kind, 1 letter")
        terminal.type("Enter")
        terminal.wait_for("tries")
        terminal.wait_for("m0")
        terminal.type("E")
        screen = terminal.wait_for("the terminal is the editor's")
        assert "Dead letters" not in screen
        terminal.type("ada", "Enter")
        terminal.wait_for('to: "bob" → "ada"')
        terminal.type("y")
        terminal.wait_for("No dead letter of this kind is left")
        terminal.type("q")
        terminal.wait_for("ended with 0")
    assert (await cleo.queues.get_task("mails", "m0")).arguments == {"to": "ada"}


async def test_an_editor_that_ends_with_an_error_gives_the_terminal_back(
    server: Server, cleo: Cleo, namespace: str
) -> None:
    await bury(cleo, ["m0"], queue="mails", name="send", arguments=b'{"to":"bob"}')
    command = [
        "env", "-u", "VISUAL", "EDITOR=false", sys.executable, "-m", "cleo_tui", server.url, "--namespace", namespace,
    ]  # fmt: skip
    with open_terminal(command, columns=80, rows=24) as terminal:
        terminal.wait_for("mails")
        terminal.type(":")
        terminal.type("task mails m0", "Enter")
        terminal.wait_for("E edit")
        terminal.type("E")
        terminal.wait_for("The editor ended with 1")
        terminal.type("q")
        terminal.wait_for("ended with 0")
    assert (await cleo.queues.get_task("mails", "m0")).arguments == {"to": "bob"}
