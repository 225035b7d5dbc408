"""A real terminal, typed into and read from: tmux, or where there is none a pseudo-terminal with an emulator."""

from __future__ import annotations

import fcntl
import os
import pty
import shlex
import shutil
import signal
import struct
import subprocess
import termios
import threading
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, cast

import pyte

KEYS = {"Enter": "\r", "Escape": "\x1b", "C-c": "\x03", "C-z": "\x1a", "Tab": "\t", "Space": " "}


class Terminal(ABC):
    """A terminal with a command in it; ``open_terminal`` opens one."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """The process id of the shell in the terminal."""

    @abstractmethod
    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names (``q``, ``Enter``, ``C-c``)."""

    @abstractmethod
    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""

    @abstractmethod
    def screen(self) -> str:
        """What is on the screen now."""

    @abstractmethod
    def close(self) -> None:
        """Close the terminal as a person closes a window."""

    def wait_for(self, text: str, *, within: float = 60.0) -> str:
        """Wait until the text is on the screen; returns the screen."""
        deadline = time.monotonic() + within
        while text not in (screen := self.screen()):
            assert time.monotonic() < deadline, f"{text!r} did not appear within {within:g} s on:\n{screen}"
            time.sleep(0.05)
        return screen

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class TmuxTerminal(Terminal):
    """Runs a command in a tmux session; the screen is read as text."""

    def __init__(self, command: Sequence[str], *, columns: int = 120, rows: int = 36) -> None:
        self._socket = f"cleo-test-{uuid.uuid4().hex[:8]}"
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", str(columns), "-y", str(rows),
            f"{shlex.join(command)}; echo ended with $?; exec sleep 300",
        )  # fmt: skip

    def _tmux(self, *arguments: str) -> str:
        ran = subprocess.run(["tmux", "-L", self._socket, *arguments], capture_output=True, text=True, check=False)
        return ran.stdout

    @property
    def pid(self) -> int:
        """The process id of the shell in the terminal."""
        return int(self._tmux("list-panes", "-t", "t", "-F", "#{pane_pid}").strip())

    def screen(self) -> str:
        """What is on the screen now."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names (``q``, ``Enter``, ``C-c``)."""
        self._tmux("send-keys", "-t", "t", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-t", "t", "-x", str(columns), "-y", str(rows))

    def close(self) -> None:
        """Close the terminal as a person closes a window."""
        self._tmux("kill-server")


class PtyTerminal(Terminal):
    """Runs a command on a pseudo-terminal; what it writes is drawn by pyte."""

    def __init__(self, command: Sequence[str], *, columns: int = 120, rows: int = 36) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._pid, self._master = pty.fork()
        if self._pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp("sh", ["sh", "-c", f"{shlex.join(command)}; echo ended with $?; exec sleep 300"])
        self.resize(columns, rows)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id of the shell in the terminal."""
        return self._pid

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            if not data:
                return
            # The emulator doesn't know every sequence that programs send; what it can't draw is left out.
            with self._lock, suppress(TypeError):
                self._stream.feed(data)

    def screen(self) -> str:
        """What is on the screen now."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    def type(self, *keys: str) -> None:
        """Press keys, by tmux's names (``q``, ``Enter``, ``C-c``)."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        with self._lock:
            cast("Any", self._screen).resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self) -> None:
        """Close the terminal as a person closes a window."""
        if self._master < 0:
            return
        os.close(self._master)
        self._master = -1
        # The hangup that this sends ends what runs in it; what ignores that is ended after a while.
        deadline = time.monotonic() + 10
        while os.waitpid(self._pid, os.WNOHANG)[0] == 0:
            if time.monotonic() > deadline:
                os.killpg(self._pid, signal.SIGKILL)
            time.sleep(0.02)


def open_terminal(command: Sequence[str], *, columns: int = 120, rows: int = 36) -> Terminal:
    """Run a command in a terminal: in tmux, or where that is not installed on a pseudo-terminal."""
    kind = TmuxTerminal if shutil.which("tmux") else PtyTerminal
    return kind(command, columns=columns, rows=rows)
