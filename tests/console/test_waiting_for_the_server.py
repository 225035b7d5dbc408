"""A key that asks the server: while that does not answer, the other keys go on, and none changes anything unseen."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncGenerator

import pytest

from cleo_core import Cleo
from tests.console.driving import Console, console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
async def shop(own_server: Server, own_cleo: Cleo) -> AsyncGenerator[Console]:
    """A console on the list of a worker, whose server stands still."""
    async with (
        own_cleo.worker(["emails"], worker_id="mail-1"),
        console(lambda: Cleo(own_server.url, namespace=own_cleo.namespace)) as shop,
    ):
        await shop.press("5")
        await shop.see("mail-1", "pause")
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            yield shop
        finally:
            os.kill(own_server.pid, signal.SIGCONT)


async def test_the_question_comes_with_the_answer_and_no_other_change_before(shop: Console, own_server: Server) -> None:
    await shop.press("P")
    await shop.see("The server has not answered yet: pause waits for it.")
    await shop.press("X")
    await shop.see("The server has not answered yet what pause asks.")
    os.kill(own_server.pid, signal.SIGCONT)
    await shop.see("Pause mail-1?")
    assert not shop.app.under_way


async def test_who_goes_elsewhere_meanwhile_is_asked_nothing(shop: Console, own_server: Server) -> None:
    await shop.press("P")
    await until(lambda: shop.app.under_way == "pause")
    await shop.press("1")
    await shop.see("pause was given up")
    os.kill(own_server.pid, signal.SIGCONT)
    await shop.see("● connected")
    assert not shop.app.screen.is_modal


async def test_what_the_server_never_answered_is_said(shop: Console, own_server: Server) -> None:
    await shop.press("P")
    await until(lambda: shop.app.under_way == "pause")
    own_server.kill()
    await shop.see("disconnected")
    await until(lambda: not shop.app.under_way)
    own_server.start()
