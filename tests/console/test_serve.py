"""The console in a browser: who gets it, who doesn't, and that it needs nothing from elsewhere."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator

import aiohttp
import pytest

from cleo_core import Cleo
from tests.servers import Server, free_port


@pytest.fixture
def served(server: Server, namespace: str) -> Iterator[str]:
    """The address that was printed, with its token."""
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
    deadline = time.monotonic() + 20
    # It says where it is a moment before it listens there.
    while not _listens(port):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield found[0]
    process.terminate()
    process.wait(10)
    process.stdout.close()


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


async def test_the_socket_has_the_console(served: str, browser: aiohttp.ClientSession, cleo: Cleo) -> None:
    await cleo.queues.add("emails", "send", {})
    place = served.partition("?")[0]
    async with browser.get(served):
        pass
    seen = b""
    async with asyncio.timeout(30), browser.ws_connect(f"{place}ws?width=100&height=30") as wire:
        while b"emails" not in seen:
            message = await wire.receive()
            assert message.type in {aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT}, message
            seen += message.data if isinstance(message.data, bytes) else message.data.encode()


async def test_another_site_can_not_open_the_socket(served: str, browser: aiohttp.ClientSession) -> None:
    place = served.partition("?")[0]
    async with browser.get(served):
        pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{place}ws", origin="http://evil.example")
    assert refused.value.status == 403


def test_a_token_that_is_soon_guessed_is_refused() -> None:
    command = [sys.executable, "-m", "cleo_tui", "serve", "--token", "short"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert "soon guessed" in ran.stderr


def test_a_port_that_is_taken_is_said(server: Server) -> None:
    command = [sys.executable, "-m", "cleo_tui", "serve", "--port", str(server.port)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ran.returncode == 2
    assert f"can't listen on 127.0.0.1:{server.port}" in ran.stderr
