"""What ``:`` completes with beyond what is on screen, and where its commands lead."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest

from cleo_core import Cleo, RedisSettings
from cleo_tui.commands import candidates_for
from tests.console.canned import CannedCleo, clock
from tests.console.driving import console
from tests.docs.documents import document
from tests.servers import Server


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_a_group_is_completed_and_looked_into(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    for group in ("acme", "globex"):
        await cleo.queues.add("emails", "send", {}, group=group, task_id=f"for-{group}")
    async with console(connect) as shop:
        await shop.see("emails", "connected")
        await shop.press("colon")
        await shop.type("group emails ")
        await shop.see("acme", "globex")
        await shop.type("glo")
        await shop.see_no_more("acme")
        await shop.see("globex")
        await shop.press("tab", "enter")
        await shop.see("for-globex")
        assert "for-acme" not in shop.text()


async def test_the_names_of_tasks_that_workers_know_are_completed(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    @cleo.task(queue="emails")
    async def send_email() -> None: ...

    for name in ("send_email", "other"):
        await cleo.queues.add("mails", name, {}, delay=3_600)
    async with cleo.worker(), console(connect) as shop:
        await shop.see("mails", "connected")
        await shop.press("colon")
        await shop.type("tasks delayed @mails sen")
        await shop.see("send_email")
        await shop.press("tab", "enter")
        await shop.see("filter 'send_email': 1 of the 2")


async def test_a_task_is_looked_into_by_its_id(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with console(connect) as shop:
        await shop.see("emails", "connected")
        await shop.command("task emails mail-1")
        await shop.see("No live worker serves the queue emails.")
        await shop.command("task emails")
        await shop.see("Name a task")


async def test_a_task_is_found_in_whichever_queue_it_is(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("billing", "charge", {}, task_id="charge-1")
    await cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with console(connect) as shop:
        await shop.see("emails", "connected")
        await shop.command("task mail-2")
        await shop.see("There is no task mail-2 in any queue.")
        await shop.command("task mail-1")
        await shop.see("Overview / send mail-1", "No live worker serves the queue emails.")


async def test_a_worker_is_looked_into_by_its_id(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with cleo.worker(queues=["emails"], worker_id="mail-worker", heartbeat=0.2), console(connect) as shop:
        await shop.command("worker")
        await shop.see("Name a worker")
        await shop.command("worker nobody")
        await shop.see("No worker 'nobody' is alive")
        await shop.press("colon")
        await shop.type("worker mail")
        await shop.see("worker mail-worker")
        await shop.press("tab", "enter")
        await shop.see("Overview / mail-worker", "It runs no task")


async def test_every_command_of_the_document_is_offered() -> None:
    (table,) = (table for table in document("docs/console.md").tables if "Command" in table.columns)
    told = {name for row in table.rows for name in re.findall(r":([a-z-]+)", row["Command"])}
    assert len(told) > 15
    async with console(CannedCleo, clock=clock) as shop:
        await shop.press("2")
        await shop.see("emails")
        assert told - set(candidates_for(shop.app.screen, "")) == set()


async def test_a_server_that_is_silent_holds_up_no_typing(
    own_server: Server, own_cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who would wait for the server would wait for so long.
    monkeypatch.setattr("cleo_tui.data.lookups.PATIENCE", 600.0)
    patient = RedisSettings(url=own_server.url, timeout=600)
    await own_cleo.queues.add("emails", "send", {}, group="acme")
    async with console(lambda: Cleo(redis=patient, namespace=own_cleo.namespace)) as shop:
        await shop.see("emails", "connected")
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            await shop.press("colon")
            await shop.type("group emails ")
            for key in "ac":
                await shop.press(key)
            await shop.see(": group emails ac")
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
