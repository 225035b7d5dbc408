"""Names are shown as they are written, whatever they would mean to what draws them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cleo_core import Cleo, Cron
from tests.console.driving import console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.mark.parametrize("name", ["job[/", "job["])
async def test_a_task_is_named_in_its_frame_as_it_is_called(cleo: Cleo, connect: Callable[[], Cleo], name: str) -> None:
    await cleo.queues.add("emails", name, {}, task_id="one")
    async with console(connect) as shop:
        await shop.command("tasks waiting @emails")
        await shop.see("1 of 1")
        await shop.press("enter")
        await shop.see("Arguments", f"─ {name}  one ─")


async def test_a_group_is_named_in_questions_as_it_is_called(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {}, group="acme[/")
    async with console(connect) as shop:
        await shop.command("groups @emails")
        await shop.see("acme[/", "1 of 1")
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        await shop.press("P")
        await shop.see("Pause the group acme[/ of emails?")
        await shop.press("escape", "L")
        await shop.see("of acme[/ in emails ─", "↵ goes on")


async def test_a_schedule_is_named_in_its_frame_as_it_is_called(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.schedules.add("emails", "nightly[/", "digest", when=Cron("0 3 * * *"))
    async with console(connect) as shop:
        await shop.command("schedules @emails")
        await shop.see("─ nightly[/ · ")
