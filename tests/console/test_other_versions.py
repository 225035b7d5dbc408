"""What the server holds that this version doesn't understand: the console says so, and goes on."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cleo_core import Cleo
from tests.console.driving import console
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_events_that_can_not_be_read_are_counted_and_the_others_shown(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    new = ["b", "send", "", 0, 0, "", 0, "task_teleported", "entangled", 1_000, 0, "", "", ""]
    async with console(connect) as shop:
        await shop.listens(cleo)
        channel = keys_of(cleo, "other").events
        await ask(cleo, "PUBLISH", channel, json.dumps([f"{2**41}-0", 1, [new]]))
        await ask(cleo, "PUBLISH", channel, "no JSON at all")
        await until(lambda: shop.app.live.log.dropped == 2)
        await cleo.queues.add("noise", "after", {}, delay=3_600)
        await shop.press("8")
        await shop.see("2 dropped (2 unreadable), 0 recovered", "after")


async def test_a_task_that_can_not_be_understood_is_said_to_be_so(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {}, task_id="one")
    async with console(connect) as shop:
        await shop.see("emails")
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        await shop.command("tasks waiting @emails")
        await shop.see("1 of 1")
        await ask(cleo, "HSET", keys_of(cleo, "emails").task("one"), "progress", "no JSON at all")
        await shop.press("K")
        await shop.see("Cancel 1 task of emails?", "can't be understood")
        await shop.press("escape")
        await shop.command("task emails one")
        await shop.see("The task can't be read", "can't be understood")
