"""How often the console asks the server, whatever it hears."""

from __future__ import annotations

import asyncio
import json
import time

from cleo_core import Cleo
from cleo_tui.data.live import STRANGERS_EVERY, Live
from tests.raw import ask, keys_of
from tests.waiting import until


async def test_a_queue_that_is_heard_but_can_not_be_read_does_not_make_it_ask_with_each_event(cleo: Cleo) -> None:
    channel = keys_of(cleo, "ghost").events
    live = Live(cleo, clock=time.time, refresh=3_600, on_change=lambda: None)
    following = asyncio.create_task(live.run())
    await until(lambda: live.rounds)
    number, began, rounds = 0, time.monotonic(), live.rounds
    while time.monotonic() < began + 1.5:
        number += 1
        line = [str(number), "t", "", 0, 0, "", 0, "task_added", "waiting", 1_000 * time.time(), 0, "", "", ""]
        await ask(cleo, "PUBLISH", channel, json.dumps([f"{number}-0", number, [line]]))
    await until(lambda: live.log.heard == number)
    passed = time.monotonic() - began
    assert number > 20
    assert 1 <= live.rounds - rounds <= passed / STRANGERS_EVERY + 1
    following.cancel()
    await asyncio.wait([following])
