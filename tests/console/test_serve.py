"""The console in a browser: who gets it, who doesn't, and that it needs nothing from elsewhere."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import aiohttp
import psutil
import pyte
import pytest

from cleo_core import Cleo
from tests.servers import Server, free_port


@dataclass(frozen=True)
class Serving:
    """``cleo-tui serve``, and the address that it has printed, with the token."""

    address: str
    process: subprocess.Popen[str]

    def consoles(self) -> list[psutil.Process]:
        """The processes of the pages that are open."""
        return psutil.Process(self.process.pid).children(recursive=True)


@contextmanager
def serve(server: Server, namespace: str) -> Generator[Serving]:
    command = [
        sys.executable,
        "-m",
        "cleo_tui",
        "serve",
        server.url,
        "--namespace",
        namespace,
        "--port",
        str(port := free_port()),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    deadline = time.monotonic() + 60
    # It says where it is a moment before it listens there.
    while not _listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield Serving(found[0], process)
    process.terminate()
    process.wait(30)
    process.stdout.close()


@pytest.fixture
def serving(server: Server, namespace: str) -> Iterator[Serving]:
    with serve(server, namespace) as running:
        yield running


@pytest.fixture
def served(serving: Serving) -> str:
    """The address."""
    return serving.address


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
async def browser() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_nothing_is_given_without_the_token(served: str, browser: aiohttp.ClientSession) -> None:
    place, _, token = served.partition("?token=")
    assert len(token) >= 32
    other = token[:-1] + ("y" if token.endswith("x") else "x")
    for path in ("", "static/js/textual.js", "download/x", f"?token={other}", "?token="):
        async with browser.get(place + path) as answer:
            assert answer.status == 403, path
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{place}ws")
    assert refused.value.status == 403


async def test_the_token_opens_the_page_which_needs_nothing_from_elsewhere(
    served: str, browser: aiohttp.ClientSession
) -> None:
    place = served.partition("?")[0]
    async with browser.get(served) as answer:
        page = await answer.text()
        assert (answer.status, str(answer.url)) == (200, place), "the token leaves the address"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    links = re.findall(r'(?:href|src)="([^"]+)"|url\("([^"]+)"\)', page)
    assert len(links) >= 4
    for link in (first or second for first, second in links):
        assert "://" not in link
        async with browser.get(place + link.removeprefix("./")) as answer:
            assert answer.status == 200, link
    assert re.findall(r"https?://[^\"']+", page) == []


async def test_two_consoles_of_one_machine_can_be_open_in_a_browser(
    serving: Serving, server: Server, namespace: str, browser: aiohttp.ClientSession
) -> None:
    with serve(server, namespace) as other:
        for address in (serving.address, other.address):
            async with browser.get(address) as answer:
                assert answer.status == 200
        async with browser.get(serving.address.partition("?")[0]) as answer:
            assert answer.status == 200


class Page:
    """What a browser does with the socket: it draws what comes, and sends the keys."""

    def __init__(self, wire: aiohttp.ClientWebSocketResponse) -> None:
        self._wire = wire
        self._screen = pyte.Screen(100, 30)
        self._stream = pyte.ByteStream(self._screen)

    async def see(self, *texts: str) -> None:
        """Draw until all of the texts are on the page."""
        deadline = time.monotonic() + 60
        while not all(text in (page := "\n".join(self._screen.display)) for text in texts):
            assert time.monotonic() < deadline, f"{texts} did not appear on:\n{page}"
            message = await self._wire.receive(60)
            assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, message
            if message.type is aiohttp.WSMsgType.BINARY:
                # The emulator doesn't know every sequence; what it can't draw is left out.
                with suppress(TypeError):
                    self._stream.feed(message.data)

    async def press(self, key: str) -> None:
        """Press a key."""
        await self._wire.send_json(["stdin", key])

    async def resize(self, width: int, height: int) -> None:
        """Tell how large the page is."""
        await self._wire.send_json(["resize", {"width": width, "height": height}])


async def test_the_socket_has_the_console_which_ends_with_the_page(
    serving: Serving, browser: aiohttp.ClientSession, cleo: Cleo
) -> None:
    await cleo.queues.add("emails", "send", {}, task_id="mail-1")
    place = serving.address.partition("?")[0]
    async with browser.get(serving.address):
        pass
    assert serving.consoles() == []
    async with browser.ws_connect(f"{place}ws?width=80&height=24") as wire:
        page = Page(wire)
        await page.see("cleo", "1 Over", "9 Hist")
        await page.see("● connected", "emails")
        await page.press("3")
        await page.see("Tasks / emails", "1 task")
        # Where there is room for it, the list has the ids too.
        await page.resize(100, 30)
        await page.see("mail-1")
        consoles = serving.consoles()
        assert any("cleo_tui" in process.cmdline() for process in consoles)
    _, left = await asyncio.to_thread(psutil.wait_procs, consoles, 20)
    assert left == []
    assert serving.process.poll() is None


async def test_another_site_can_not_open_the_socket(served: str, browser: aiohttp.ClientSession) -> None:
    place = served.partition("?")[0]
    async with browser.get(served):
        pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{place}ws", origin="http://evil.example")
    assert refused.value.status == 403


def test_a_token_that_is_soon_guessed_is_refused() -> None:
    command = [sys.executable, "-m", "cleo_tui", "serve", "--token", "short"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert "soon guessed" in ran.stderr


def test_a_port_that_is_taken_is_said(server: Server) -> None:
    command = [sys.executable, "-m", "cleo_tui", "serve", "--port", str(server.port)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 2
    assert f"can't listen on 127.0.0.1:{server.port}" in ran.stderr
