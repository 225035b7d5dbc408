"""Ends the console when whoever looks at it is gone, whether that is told by SIGHUP or not at all.

A console that outlives its terminal would go on asking the server for nobody, and Textual would read the end of its
input again and again. Closing the terminal sends SIGHUP, but not always (a killed tmux, a lost connection under nohup),
so the terminal is looked at as well: before the start, for it may be gone by then, and ever after. In a browser the
console has a pipe in place of a terminal, whose other end goes with the web server.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Protocol

LOOK_EVERY = 0.5
GRACE = 1.0
CODE = 128 + signal.SIGHUP
DRIVER_VARIABLE = "TEXTUAL_DRIVER"
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def let_go() -> None:
    """To be called last of all. Where nobody looks any more the process ends though a thread of it does not.

    The console may have left of itself before it was asked to; if its terminal was gone by then, Textual's thread that
    reads the keys reads the end of its input again and again, and Python waits for it.
    """
    if is_looked_at():
        return
    end = threading.Timer(GRACE, os._exit, (CODE,))
    end.daemon = True
    end.start()


class Leavable(Protocol):
    """What can be asked to end from another thread."""

    def leave(self) -> None: ...


def is_looked_at() -> bool:
    """Whether there is a terminal to read from, or a web server in its place."""
    try:
        number = sys.__stdin__.fileno() if sys.__stdin__ else 0
        if not os.environ.get(DRIVER_VARIABLE):
            termios.tcgetattr(number)
            return True
        other_end = select.poll()
        other_end.register(number, 0)
        return not any(state & _GONE for _, state in other_end.poll(0))
    except (termios.error, ValueError, OSError):
        return False


@contextmanager
def hold(app: Leavable) -> Generator[None]:
    """While this is entered, SIGTERM or the loss of who looks at it ends the app, and if it hangs, the process."""
    over = threading.Event()
    lost = threading.Event()

    def on_hangup(_number: int, _frame: FrameType | None) -> None:
        lost.set()

    def watch() -> None:
        while not over.is_set():
            if lost.wait(LOOK_EVERY) or not is_looked_at():
                break
        if over.is_set():
            return
        # Asked in whatever state it is, starting or ending: whether it does is seen by whether it ends.
        with suppress(Exception):
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
