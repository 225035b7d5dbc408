"""A real terminal: a tmux session of its own server, typed into and read from."""

from __future__ import annotations

import shlex
import subprocess
import time
import uuid
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class Terminal:
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

    def wait_for(self, text: str, *, within: float = 20.0) -> str:
        """Wait until the text is on the screen; returns the screen."""
        deadline = time.monotonic() + within
        while text not in (screen := self.screen()):
            assert time.monotonic() < deadline, f"{text!r} did not appear within {within:g} s on:\n{screen}"
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        """Close the terminal as a person closes a window."""
        self._tmux("kill-server")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
