"""When the console asks the server: not with each event, at once when the connection is lost; and what it then says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from cleo_core import Cleo
from cleo_tui.data.link import LinkState
from cleo_tui.data.live import STRANGERS_EVERY, Live, Want
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

NEVER = 3_600.0


@asynccontextmanager
async def following(cleo: Cleo, refresh: float, clock: Callable[[], float] = time.time) -> AsyncGenerator[Live]:
    """What the console knows, once it has read the counts."""
    live = Live(cleo, clock=clock, refresh=refresh, on_change=lambda: None)
    task = asyncio.create_task(live.run())
    try:
        await until(lambda: live.rounds)
        yield live
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_queue_that_is_heard_but_can_not_be_read_does_not_make_it_ask_with_each_event(cleo: Cleo) -> None:
    channel = keys_of(cleo, "ghost").events
    async with following(cleo, NEVER) as live:
        number, began, rounds = 0, time.monotonic(), live.rounds
        while time.monotonic() < began + 1.5 or number <= 20 or live.rounds == rounds:
            assert time.monotonic() < began + 30
            number += 1
            line = [str(number), "t", "", 0, 0, "", 0, "task_added", "waiting", 1_000 * time.time(), 0, "", "", ""]
            await ask(cleo, "PUBLISH", channel, json.dumps([f"{number}-0", number, [line]]))
        await until(lambda: live.log.heard == number)
        passed = time.monotonic() - began
        assert live.rounds - rounds <= passed / STRANGERS_EVERY + 1


async def test_a_server_that_is_killed_is_told_as_gone_and_back_long_before_its_next_reading(
    own_server: Server, own_cleo: Cleo
) -> None:
    async with following(own_cleo, NEVER) as live, Cleo(own_server.url) as other:
        await until(lambda: ask(other, "PUBSUB", "NUMPAT"))
        own_server.kill()
        await until(lambda: live.link.state is LinkState.DISCONNECTED)
        trouble = live.link.trouble
        assert trouble is not None
        assert "connection refused" in trouble.cause
        own_server.start()
        await until(lambda: live.link.state is LinkState.CONNECTED)


async def test_a_server_that_is_stopped_is_told_as_slow_and_not_as_gone(own_server: Server, own_cleo: Cleo) -> None:
    async with following(own_cleo, 0.3) as live:
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            await until(lambda: live.link.state is not LinkState.CONNECTED)
            assert live.link.state is LinkState.STALE
            assert live.link.data_at is not None
            assert live.link.data_at < time.time()
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        await until(lambda: live.link.state is LinkState.CONNECTED)


async def test_the_rest_that_a_slow_server_is_given_does_not_count_as_its_slowness(cleo: Cleo) -> None:
    now, names = time.time(), cleo.queues.names

    async def slowly() -> list[str]:
        # Nothing comes, so the server keeps all that is asked on this connection waiting.
        await ask(cleo, "BLPOP", "nothing-comes", "1.3")
        return await names()

    cleo.queues.names = slowly  # pyright: ignore[reportAttributeAccessIssue]
    async with following(cleo, 1.0, lambda: now) as live:
        # Four times as long as its answer took, but no longer than 5 s, is its rest.
        now += 4.9
        assert live.link.state is LinkState.CONNECTED
        now += 5
        assert live.link.state is LinkState.STALE


async def test_a_clock_that_is_set_back_holds_up_no_reading(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SERVER_EVERY", "WORKERS_EVERY", "MINUTES_EVERY"):
        monkeypatch.setattr(f"cleo_tui.data.live.{name}", 0.1)
    await cleo.queues.add("emails", "send", {})
    now = time.time()
    asked: Counter[str] = Counter()

    def counted(service: Any, name: str) -> None:
        call = getattr(service, name)

        async def count(*args: Any) -> Any:
            asked[name] += 1
            return await call(*args)

        monkeypatch.setattr(service, name, count)

    for service, name in ((cleo, "server_info"), (cleo.workers, "list"), (cleo.analytics, "minutes")):
        counted(service, name)
    async with following(cleo, 0.1, lambda: now) as live:
        live.wants = Want.MINUTES
        await until(lambda: len(asked) == 3)
        now -= 3_600
        asked.clear()
        await cleo.queues.add("emails", "send", {})
        await until(lambda: len(asked) == 3)
