"""A console that nobody can look at any more ends, however its terminal was lost and whenever."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import aiohttp
import psutil
import pytest

from tests.servers import Server, free_port
from tests.waiting import until

CONSOLE = [sys.executable, "-m", "cleo_tui"]
# Two seconds are enough where the machine has nothing else to do. What is not told of the end goes on for ever.
WITHIN = 20.0


@dataclass
class OnPty:
    """A console that takes no notice of SIGHUP, as under nohup, and the other end of its terminal."""

    process: psutil.Process
    master: int

    def read_until(self, text: bytes) -> None:
        """Read what it writes until the text is among it."""
        seen, deadline = b"", time.monotonic() + 60
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([self.master], [], [], 0.1)[0]:
                seen += os.read(self.master, 65_536)

    def lose_terminal(self) -> None:
        """What closes with whoever held the other end, killed or not."""
        os.close(self.master)
        self.master = -1


@contextmanager
def on_pty(*arguments: str) -> Generator[OnPty]:
    """A console under nohup."""
    pid, master = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.environ["TERM"] = "xterm-256color"
        os.execv(CONSOLE[0], [*CONSOLE, *arguments])
    running = OnPty(psutil.Process(pid), master)
    try:
        yield running
    finally:
        if running.master >= 0:
            running.lose_terminal()
        with suppress(psutil.NoSuchProcess):
            running.process.kill()
        with suppress(psutil.NoSuchProcess):
            running.process.wait(5)


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.3, 0.5])
def test_it_ends_when_the_terminal_is_lost_while_it_starts(after: float) -> None:
    with on_pty(f"redis://127.0.0.1:{free_port()}") as console:
        # No condition is waited for: the moments before the first frame are what is tried.
        time.sleep(after)
        console.lose_terminal()
        # Python has to be started and the console imported first.
        console.process.wait(2 * WITHIN)


def test_it_ends_when_the_terminal_is_lost_without_a_hangup(server: Server, namespace: str) -> None:
    with on_pty(server.url, "--namespace", namespace) as console:
        console.read_until(b"No queues in the namespace")
        console.lose_terminal()
        console.process.wait(WITHIN)


def test_it_ends_when_the_terminal_is_lost_while_no_server_answers() -> None:
    with on_pty(f"redis://127.0.0.1:{free_port()}") as console:
        console.read_until(b"does not answer")
        console.lose_terminal()
        console.process.wait(WITHIN)


def test_it_ends_when_a_terminal_that_took_nothing_more_is_lost(server: Server, namespace: str) -> None:
    with on_pty(server.url, "--namespace", namespace) as console:
        console.read_until(b"No queues in the namespace")
        for _ in range(40):
            # Nobody reads what it draws of this, so it comes to wait for the terminal.
            os.write(console.master, b"2" + b"1" + b"8")
        console.lose_terminal()
        console.process.wait(WITHIN)


def test_without_a_terminal_it_says_so() -> None:
    command = [*CONSOLE, f"redis://127.0.0.1:{free_port()}"]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no terminal" in ended.stderr


@pytest.fixture
def serving(server: Server, namespace: str) -> Iterator[tuple[psutil.Process, str]]:
    """What serves the console to browsers, and the address with the token."""
    command = [*CONSOLE, "serve", server.url, "--namespace", namespace, "--port", str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield psutil.Process(process.pid), found[0]
    process.kill()
    process.wait(10)
    process.stdout.close()


async def test_the_consoles_in_browsers_end_when_what_serves_them_is_killed(
    serving: tuple[psutil.Process, str],
) -> None:
    process, address = serving
    seen = b""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await _open(browser, address)
        async with browser.ws_connect(f"{address.partition('?')[0]}ws?width=100&height=30") as wire:
            while b"No queues in the namespace" not in seen:
                message = await wire.receive(timeout=30)
                assert isinstance(message.data, bytes | str), message
                seen += message.data if isinstance(message.data, bytes) else message.data.encode()
            consoles = process.children(recursive=True)
            process.kill()
            assert consoles
            await until(lambda: not any(_runs(console) for console in consoles))


def _runs(process: psutil.Process) -> bool:
    """Whether it does; one that nobody has waited for yet has ended all the same."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _open(browser: aiohttp.ClientSession, address: str) -> None:
    """It says where it is a moment before it listens there."""
    deadline = time.monotonic() + 60
    while True:
        try:
            async with browser.get(address):
                return
        except aiohttp.ClientConnectionError:
            assert time.monotonic() < deadline
