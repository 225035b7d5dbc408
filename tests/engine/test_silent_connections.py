"""Connections that go silent without an end, as half-open ones do, while the server can be reached by new ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from cleo_core import Cleo, InvalidOption, RedisSettings
from cleo_core.settings import WorkerSettings
from tests.servers import Server
from tests.waiting import SOON, until


class Relay:
    """Passes bytes on between a worker and a server; those of connections that were silenced go nowhere."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._lively: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    async def start(self) -> None:
        self._listener = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        self._writers += [writer, there_writer]
        for source, target in ((reader, there_writer), (there_reader, writer)):
            passing = asyncio.create_task(self._pass(source, target))
            self._lively.add(passing)
            passing.add_done_callback(self._lively.discard)

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                target.write(data)
                await target.drain()
            target.close()

    def silence(self) -> None:
        """Pass nothing on any more over the connections that stand; new ones are served."""
        for passing in self._lively:
            passing.cancel()

    def cut(self) -> None:
        """End all connections, so that both ends know."""
        for writer in self._writers:
            writer.close()

    async def stop(self) -> None:
        self._listener.close()
        self.silence()
        self.cut()
        await asyncio.sleep(0)


@pytest.fixture
async def relay(server: Server) -> AsyncIterator[Relay]:
    """A relay to the shared server."""
    made = Relay(server.port)
    await made.start()
    yield made
    await made.stop()


async def test_leases_are_renewed_over_a_new_connection_when_the_old_one_goes_silent(cleo: Cleo, relay: Relay) -> None:
    # As long as an answer may take by these settings, no lease lasts.
    settings = RedisSettings(url=f"redis://127.0.0.1:{relay.port}/0", timeout=SOON * 2, connect_timeout=SOON * 2)
    ran: list[int] = []
    release = asyncio.Event()

    async with Cleo(redis=settings, namespace=cleo.namespace) as relayed:

        @relayed.task(queue="q")
        async def hold() -> str:
            ran.append(1)
            await release.wait()
            return "held"

        handle = await hold.enqueue()
        async with relayed.worker(lease=SOON, heartbeat=0.1, idle_wait=0.5, grace=0):
            await until(lambda: ran)
            relay.silence()
            silent_since = float((await cleo.backend.ask("TIME"))[0])
            scripts = await cleo.backend.scripts()

            async def renewed_since() -> bool:
                await scripts.sweep("q", 100, (60, 60))  # As another worker would.
                record = await cleo.queues.get_task("q", handle.id)
                assert record.losses == 0
                return (record.lease_expires_at or 0.0) > silent_since + 1 + SOON

            await until(renewed_since)
            release.set()
            relay.cut()
            assert await handle.result(timeout=30) == "held"
    assert ran == [1]


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"lease": 3}, r"heartbeat can't be 5.*the lease of 3 s.*heartbeat to 1 or less, or lease to 15 or more"),
        ({"heartbeat": 6}, r"heartbeat can't be 6.*heartbeat to 5 or less, or lease to 18 or more"),
    ],
)
def test_a_heartbeat_that_leaves_no_time_for_another_is_refused(changes: dict[str, float], advice: str) -> None:
    with pytest.raises(InvalidOption, match=advice):
        WorkerSettings().changed(changes)
    assert WorkerSettings(lease=300, heartbeat=100).heartbeat == 100
