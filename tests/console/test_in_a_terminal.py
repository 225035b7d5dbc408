"""The console in a real terminal: how it starts, how it ends, and what it never prints."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cleo_core import Cleo
from tests.servers import Server, free_port
from tests.terminal import Terminal, open_terminal

CONSOLE = [sys.executable, "-m", "cleo_tui"]


@pytest.fixture
def terminal(server: Server, namespace: str) -> Iterator[Terminal]:
    with open_terminal([*CONSOLE, server.url, "--namespace", namespace], columns=80, rows=24) as running:
        running.wait_for("No queues in the namespace")
        yield running


def console_of(terminal: Terminal) -> psutil.Process:
    return next(child for child in psutil.Process(terminal.pid).children() if "cleo_tui" in child.cmdline())


def test_it_is_left_by_q(terminal: Terminal) -> None:
    terminal.type("q")
    terminal.wait_for("ended with 0")


def test_it_is_left_by_control_c(terminal: Terminal) -> None:
    terminal.type("C-c")
    terminal.wait_for("ended with 0")


def test_it_fits_the_terminal_when_that_is_resized(terminal: Terminal) -> None:
    terminal.resize(120, 40)
    screen = terminal.wait_for("check --namespace")
    deadline = time.monotonic() + 60
    while len(screen.rstrip("\n").split("\n")) != 40 or "help" not in screen.split("\n")[39]:
        assert time.monotonic() < deadline, screen
        time.sleep(0.05)
        screen = terminal.screen()


def test_it_ends_with_a_hangup(terminal: Terminal) -> None:
    process = console_of(terminal)
    os.kill(process.pid, signal.SIGHUP)
    process.wait(20)


def test_it_ends_with_its_terminal(terminal: Terminal) -> None:
    process = console_of(terminal)
    terminal.close()
    process.wait(20)


async def test_the_shell_can_stop_it_and_bring_it_back(server: Server, cleo: Cleo, namespace: str) -> None:
    await cleo.queues.add("emails", "send", {}, delay=86_400)
    with open_terminal(["env", "PS1=shell% ", "bash", "--norc", "-i"], columns=80, rows=24) as terminal:
        terminal.wait_for("shell%")
        terminal.type(shlex.join([*CONSOLE, server.url, "--namespace", namespace]), "Enter")
        terminal.wait_for("emails")
        terminal.type("2")
        terminal.wait_for("1 queue")
        for _ in range(2):
            terminal.type("C-z")
            assert "emails" not in terminal.wait_for("Stopped")
            terminal.type("fg", "Enter")
            screen = terminal.wait_for("1 queue")
            assert "Stopped" not in screen
            terminal.wait_for("emails")
            terminal.wait_for("1 Over")
            terminal.wait_for("? help")
        terminal.type("q")
        terminal.wait_for("shell%")


def test_an_address_that_can_not_be_one_is_explained_without_its_password() -> None:
    with open_terminal([*CONSOLE, "http://user:hunter2@example.com"]) as terminal:
        screen = terminal.wait_for("ended with 2")
        assert "unknown scheme 'http'" in " ".join(screen.split())
        assert "hunter2" not in screen.replace("cleo_tui http://user:hunter2", "")


def test_a_server_that_is_not_there_keeps_it_waiting() -> None:
    with open_terminal([*CONSOLE, f"redis://me:hunter2@127.0.0.1:{free_port()}"], columns=80, rows=24) as terminal:
        screen = terminal.wait_for("does not answer")
        assert "hunter2" not in screen
        terminal.type("q")
        terminal.wait_for("ended with 0")


def test_sixteen_colours_are_enough(server: Server, namespace: str) -> None:
    command = ["env", "TERM=xterm", "COLORTERM=", *CONSOLE, server.url, "--namespace", namespace]
    with open_terminal(command, columns=80, rows=24) as terminal:
        terminal.wait_for("No queues in the namespace")
        terminal.type("q")
        terminal.wait_for("ended with 0")


def test_a_first_start_leads_to_the_demo_by_one_key(tmp_path: Path) -> None:
    profiles = f"CLEO_TUI_PROFILES={tmp_path / 'none.toml'}"
    shut = f"import cleo_tui.cli as cli; cli.DEFAULT_URL = 'redis://127.0.0.1:{free_port()}/0'; cli.main([])"
    with open_terminal(
        ["env", "-u", "CLEO_REDIS_URL", profiles, sys.executable, "-c", shut], columns=80, rows=24
    ) as terminal:
        terminal.wait_for("No profiles yet")
        terminal.type("d")
        terminal.wait_for("emails")
        terminal.type("q")
        terminal.wait_for("ended with 0")
