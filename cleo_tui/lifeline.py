"""Ends the console when its terminal is gone, whether that is told by SIGHUP or not at all.

A console that outlives its terminal would go on asking the server for nobody. Closing the terminal sends SIGHUP, but
not always (a killed tmux, a lost connection under nohup), so the terminal is looked at as well.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

LOOK_EVERY = 0.5
GRACE = 1.0
CODE = 128 + signal.SIGHUP


class Leavable(Protocol):
    """What can be asked to end from another thread."""

    def leave(self) -> None: ...


def _terminal_is_there() -> bool:
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, ValueError, OSError):
        return False
    return True


@contextmanager
def hold(app: Leavable) -> Generator[None]:
    """While this is entered, SIGTERM or the loss of the terminal ends the app, and if it hangs, the process."""
    if not _terminal_is_there():
        yield
        return
    over = threading.Event()
    lost = threading.Event()

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        lost.set()

    def watch() -> None:
        while not over.is_set():
            if lost.wait(LOOK_EVERY) or not _terminal_is_there():
                break
        if over.is_set():
            return
        app.leave()
        if not over.wait(GRACE):
            os._exit(CODE)

    before = {number: signal.signal(number, on_hangup) for number in (signal.SIGHUP, signal.SIGTERM)}
    watcher = threading.Thread(target=watch, name="cleo-tui-lifeline", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        for number, handler in before.items():
            signal.signal(number, handler)
