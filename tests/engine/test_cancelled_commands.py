"""Who is cancelled while the server is asked hears of it, at whatever moment it is."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from cleo_core import Cleo
from cleo_core.connection import make_client

ASKED = 2_000


async def test_a_cancellation_is_never_lost_in_a_command(cleo: Cleo) -> None:
    client = make_client(cleo.backend.resolved)
    heard = 0
    for number in range(ASKED):
        asking = asyncio.ensure_future(cast("Any", client).execute_command("PING"))
        for _ in range(number % 8):
            await asyncio.sleep(0)
        if not asking.cancel():
            continue
        with pytest.raises(asyncio.CancelledError):
            await asking
        heard += 1
    assert heard > ASKED / 4
    assert await client.execute_command("PING")
    await client.aclose()
