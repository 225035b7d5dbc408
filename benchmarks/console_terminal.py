"""The console as a person has it: a process on a terminal of its own, keys in, a screen out, both with their times."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from statistics import quantiles

import psutil
import pyte

COLUMNS, ROWS = 120, 36


class Missing(Exception):
    """What was waited for did not come to the screen."""


class Terminal:
    """A command on a pseudo-terminal; ``began`` is when it was started, ``painted`` when something first was on it."""

    def __init__(self, command: list[str]) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()
        self.began = time.perf_counter()
        self.painted: float | None = None
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.environ.pop("TMUX", None)
            os.execvp(command[0], command)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            if not data:
                return
            # The emulator doesn't know every sequence; what it can't draw is left out.
            with self._changed, suppress(TypeError):
                self._stream.feed(data)
                if self.painted is None and "cleo" in self._text():
                    self.painted = time.perf_counter()
                self._changed.notify_all()

    def _text(self) -> str:
        return "\n".join(self._screen.display)

    def text(self) -> str:
        """What is on the screen now."""
        with self._changed:
            return self._text()

    def wait(self, condition: Callable[[str], bool], within: float = 30.0) -> float:
        """Wait for something on the screen; the moment at which it was there."""
        deadline = time.perf_counter() + within
        with self._changed:
            while not condition(self._text()):
                if not self._changed.wait(max(0.0, deadline - time.perf_counter())):
                    raise Missing(f"Not within {within:g} s, but:\n{self._text()}")
            return time.perf_counter()

    def press(self, keys: str) -> float:
        """Press keys; the moment at which they were pressed."""
        at = time.perf_counter()
        os.write(self._master, keys.encode())
        return at

    def command(self, line: str) -> float:
        """Type a command; the moment of its Enter."""
        self.press(":")
        self.wait(lambda screen: "\n : " in screen)
        self.press(line)
        self.wait(lambda screen: f" : {line}" in screen)
        return self.press("\r")

    @property
    def process(self) -> psutil.Process:
        """The console."""
        return psutil.Process(self.pid)

    def cpu(self, seconds: float) -> float:
        """The share of one processor that it uses, in percent."""
        before = self.process.cpu_times()
        time.sleep(seconds)
        after = self.process.cpu_times()
        return 100 * (after.user + after.system - before.user - before.system) / seconds

    def ended(self, within: float) -> int:
        """Wait until it has ended by itself; its exit code."""
        deadline = time.monotonic() + within
        while (found := os.waitpid(self.pid, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                raise Missing(f"It has not ended within {within:g} s, but shows:\n{self.text()}")
            time.sleep(0.05)
        return os.waitstatus_to_exitcode(found[1])

    def close(self) -> None:
        """Leave it."""
        with suppress(OSError):
            self.press("\x1b")
            self.press("q")
            time.sleep(0.3)
            os.close(self._master)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@contextmanager
def console(url: str, namespace: str) -> Generator[Terminal]:
    """The console on a server."""
    terminal = Terminal([sys.executable, "-m", "cleo_tui", url, "--namespace", namespace])
    try:
        yield terminal
    finally:
        terminal.close()


def p95(samples: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(samples, n=20, method="inclusive")[-1]
