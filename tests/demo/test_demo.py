"""The demo, in a real terminal: it shows work flowing, and leaves nothing running however it ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from cleo_tui.demo import run
from tests.terminal import Terminal, open_terminal

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "cleo_tui", "demo"]


def _started_by(terminal: Terminal) -> list[psutil.Process]:
    """The console and everything it started: the server, the workers' parent, the workers, the feeder."""
    return psutil.Process(terminal.pid).children(recursive=True)


def _console(terminal: Terminal) -> psutil.Process:
    return next(process for process in _started_by(terminal) if "cleo_tui" in process.cmdline())


def _wait_until_at_work(terminal: Terminal) -> list[psutil.Process]:
    terminal.wait_for("connected")
    deadline = time.monotonic() + 60
    while not re.search(r"[1-9]\d*/s", terminal.screen()):
        assert time.monotonic() < deadline, f"No work flows on:\n{terminal.screen()}"
        time.sleep(0.1)
    parts = ("valkey-server", "cleo_core.cli.main", "cleo_core.cli.child", "demo.feeder")
    while True:
        # A process that is being started has no name of its own yet.
        processes = _started_by(terminal)
        names = " ".join(" ".join(process.cmdline()) for process in processes)
        if all(part in names for part in parts):
            break
        assert time.monotonic() < deadline, f"Of {parts} some are missing in {names}"
        time.sleep(0.1)
    return processes


def _end(terminal: Terminal, how: str) -> None:
    ways: dict[str, Callable[[], None]] = {
        "q": lambda: terminal.type("q"),
        "Ctrl-C": lambda: _console(terminal).send_signal(signal.SIGINT),
        "SIGTERM": lambda: _console(terminal).send_signal(signal.SIGTERM),
        "SIGKILL": lambda: _console(terminal).kill(),
        "closed terminal": terminal.close,
    }
    ways[how]()


@pytest.mark.parametrize("how", ["q", "Ctrl-C", "SIGTERM", "SIGKILL", "closed terminal"])
def test_the_demo_shows_work_and_leaves_nothing_running(how: str) -> None:
    with open_terminal(DEMO) as terminal:
        processes = _wait_until_at_work(terminal)
        _end(terminal, how)
        _, left = psutil.wait_procs(processes, timeout=30)
        assert left == [], f"Still running after {how}: {[process.cmdline() for process in left]}"


def test_a_demo_whose_server_was_killed_says_what_to_do_and_ends_by_its_key() -> None:
    with open_terminal(DEMO) as terminal:
        processes = _wait_until_at_work(terminal)
        next(process for process in processes if "valkey-server" in process.cmdline()[0]).kill()
        terminal.wait_for("anew.")
        terminal.type("q")
        _, left = psutil.wait_procs(processes, timeout=30)
        assert left == []


def test_all_parts_have_one_and_the_same_time_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: now))
    killed: list[int] = []

    class Stubborn:
        def __init__(self, number: int) -> None:
            self.number = number

        def terminate(self) -> None:
            """It doesn't care."""

        def wait(self, timeout: float | None = None) -> None:
            nonlocal now
            if self.number not in killed and timeout is not None:
                now += timeout
                raise subprocess.TimeoutExpired("stubborn", timeout)

        def kill(self) -> None:
            killed.append(self.number)

    run.stop(cast("list[subprocess.Popen[bytes]]", [Stubborn(1), Stubborn(2), Stubborn(3)]))
    assert killed == [1, 2, 3]
    assert now == 100.0 + run.PATIENCE


def test_make_demo_does_the_same() -> None:
    with open_terminal(["make", "-C", str(ROOT), "demo"]) as terminal:
        processes = _wait_until_at_work(terminal)
        terminal.type("q")
        _, left = psutil.wait_procs(processes, timeout=30)
        assert left == []
        terminal.wait_for("ended with 0")
