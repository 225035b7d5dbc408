"""The shared connection: whoever gives a call up is let go at once, and nobody else is harmed by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from cleo_core import RedisSettings
from cleo_core.errors import ServerReadOnly
from cleo_core.wire import Wire
from tests.servers import Server


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    """A connection to the shared server."""
    made = Wire(RedisSettings(url=server.url))
    await made.ask("PING")
    yield made
    await made.close()


@pytest.mark.parametrize("turns", range(8))
async def test_a_call_that_is_cancelled_ends_at_once_however_far_it_has_come(wire: Wire, turns: int) -> None:
    call = asyncio.create_task(wire.ask("BLPOP", "nothing-comes", "5"))
    for _ in range(turns):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call], timeout=1)
    ended = call.done()
    await wire.close()
    await asyncio.gather(call, return_exceptions=True)
    assert ended
    assert call.cancelled()


async def test_a_call_that_was_given_up_takes_no_answer_from_the_next(wire: Wire) -> None:
    call = asyncio.create_task(wire.ask("ECHO", "first"))
    await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    assert await wire.ask("ECHO", "second") == b"second"


async def test_answers_go_to_those_who_asked(wire: Wire) -> None:
    answers = await asyncio.gather(*(wire.ask("ECHO", str(n)) for n in range(500)))
    assert [int(answer) for answer in answers] == list(range(500))


async def test_a_server_that_has_become_a_replica_is_left(own_server: Server) -> None:
    wire = Wire(RedisSettings(url=own_server.url))
    try:
        first = await wire.ask("CLIENT", "ID")
        assert await wire.ask("CLIENT", "ID") == first
        await wire.ask("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(ServerReadOnly):
            await wire.ask("SET", "one", "1")
        assert await wire.ask("CLIENT", "ID") != first
    finally:
        await wire.close()
