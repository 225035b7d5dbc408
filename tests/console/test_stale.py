"""What can't be read anew under a connection that holds: how old it is and why is told, and nothing looks fresh."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cleo_core import Cleo, Every
from cleo_core.errors import ServerUnavailable
from cleo_core.models import TaskState
from cleo_tui.screens.group_tasks import GroupTasksScreen
from tests.console.driving import console
from tests.engine.dead_letters.burying import bury
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.mark.parametrize(
    ("command", "service", "call", "row"),
    [
        ("tasks @mails", "queues", "tasks", "mail-1"),
        ("groups @mails", "groups", "list", "acme"),
        ("schedules @mails", "schedules", "list", "nightly"),
        ("dead @mails", "dead_letters", "kinds", "ValueError"),
    ],
)
async def test_a_list_that_can_not_be_read_anew_says_so_and_how_old_it_is(
    cleo: Cleo,
    connect: Callable[[], Cleo],
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    service: str,
    call: str,
    row: str,
) -> None:
    await cleo.queues.add("mails", "send", {}, group="acme", task_id="mail-1")
    await cleo.schedules.add("mails", "nightly", "send", when=Every(86_400))
    await bury(cleo, ["dead-1"], ("ValueError", "no address"), queue="mails")

    async def fail(*_args: Any, **_kwargs: Any) -> None:
        raise ServerUnavailable("here", "it reads no such list today.", "Wait.")

    async with console(connect) as shop:
        await shop.see("connected", "mails")
        await shop.command(command)
        await shop.see(row, "1 of 1")
        with monkeypatch.context() as broken:
            broken.setattr(getattr(shop.app.cleo, service), call, fail)
            await shop.see("old: it reads no such list today.", row, "● connected")
        await shop.see_no_more("it reads no such list today.")


async def test_the_page_of_a_dead_task_sees_that_another_has_retried_it(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await bury(cleo, ["dead-1"], ("ValueError", "no address"), queue="mails")
    async with console(connect) as shop:
        await shop.see("connected", "mails")
        await shop.command("task mails dead-1")
        await shop.see("✗ dead")
        await cleo.dead_letters.retry("mails", ["dead-1"])
        await shop.see("○ waiting")


async def test_the_page_of_a_task_stays_when_it_is_gone_and_sees_that_it_is_back(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await bury(cleo, ["dead-1"], ("ValueError", "no address"), queue="mails")
    async with console(connect) as shop:
        await shop.see("connected", "mails")
        await shop.command("task mails dead-1")
        await shop.see("✗ dead")
        discard = (await cleo.dead_letters.discard("mails", ["dead-1"])).discard
        await shop.see("it is gone by now", "✗ dead")
        await cleo.dead_letters.undo("mails", discard)
        await shop.see_no_more("it is gone by now")
        assert (await cleo.queues.get_task("mails", "dead-1")).state is TaskState.DEAD


async def test_the_page_of_a_group_says_that_the_group_can_not_be_read(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    await cleo.queues.add("mails", "send", {}, group="acme", task_id="mail-1")

    async def fail(*_args: Any) -> None:
        raise ValueError("an odd limit")

    async with console(connect) as shop:
        await shop.see("connected", "mails")
        await shop.command("groups @mails")
        await shop.see("acme", "1 of 1")
        await shop.press("enter")
        await shop.see("mail-1")
        page = shop.app.screen
        assert isinstance(page, GroupTasksScreen)
        await until(lambda: page._reading.value)  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setattr(shop.app.cleo.groups, "get", fail)
        await shop.see("old: What the server holds can't be understood (an odd limit).")


async def test_the_page_of_a_group_that_could_never_be_read_says_so(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    await cleo.queues.add("mails", "send", {}, group="acme", task_id="mail-1")

    async def fail(*_args: Any) -> None:
        raise ValueError("an odd limit")

    async with console(connect) as shop:
        await shop.see("connected", "mails")
        await shop.command("groups @mails")
        await shop.see("acme", "1 of 1")
        monkeypatch.setattr(shop.app.cleo.groups, "get", fail)
        await shop.press("enter")
        await shop.see("not read yet: What the server holds can't be understood (an odd limit).")
