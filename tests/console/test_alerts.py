"""Alerts on every screen, and how they call for attention."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cleo_core import Cleo
from cleo_tui.app import CleoApp
from cleo_tui.data import health
from cleo_tui.settings import ConsoleSettings, Thresholds
from tests.console.driving import console
from tests.servers import Server

STRICT = ConsoleSettings(refresh=0.3, bell=True, notify=True, thresholds=Thresholds(no_worker=0.2))


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the terminal was sent, with a word for the bell."""
    told: list[str] = []

    def send(_app: CleoApp, sequence: str) -> None:
        told.append(sequence)

    def bell(_app: CleoApp) -> None:
        told.append("bell")

    monkeypatch.setattr(CleoApp, "send_to_terminal", send)
    monkeypatch.setattr(CleoApp, "bell", bell)
    return told


async def test_the_header_of_every_screen_counts_the_alerts(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect, settings=STRICT) as shop:
        for key in "2348":
            await shop.press(key)
            await shop.see("■ 1 alert  ● connected")


async def test_the_alerts_are_told_whole_with_their_beginning(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect, settings=STRICT, size=(80, 24)) as shop:
        await shop.see("1 alert")
        await shop.press("8", "exclamation_mark")
        await shop.see("■ stalled emails", "1 waiting, no worker serves it", "since 20")
        await shop.press("escape")
        await shop.see_no_more("since 20")


async def test_a_new_alert_rings_and_notifies_once(cleo: Cleo, connect: Callable[[], Cleo], sent: list[str]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect, settings=STRICT) as shop:
        await shop.see("1 alert")
        rounds = shop.app.live.rounds
        while shop.app.live.rounds < rounds + 2:
            await shop.pilot.pause(0.05)
        assert sent == [], "what was wrong from the start is on the screen"
        await cleo.queues.add("invoices", "print", {})
        await shop.see("2 alerts")
        rounds = shop.app.live.rounds
        while shop.app.live.rounds < rounds + 2:
            await shop.pilot.pause(0.05)
    assert sent[0] == "bell"
    assert "]9;Cleo: stalled invoices: 1 waiting, no worker serves it" in sent[1]
    assert len(sent) == 2


async def test_a_server_that_answers_late_is_an_alert(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "SLOW_ANSWER", 0.05)

    def connect_far() -> Cleo:
        far = connect()
        names = far.queues.names

        async def late() -> list[str]:
            await asyncio.sleep(0.06)
            return await names()

        monkeypatch.setattr(far.queues, "names", late)
        return far

    await cleo.queues.add("emails", "send", {}, delay=3600)
    async with console(connect_far, settings=ConsoleSettings(refresh=0.3)) as shop:
        await shop.see("◔ slow", "to answer")
