"""Each command that ``:`` knows does what it says, and none fails, whatever is typed after its name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cleo_core import Cleo, Cron
from cleo_tui.commands import commands_in_reach, run_line
from cleo_tui.screens import discover
from tests.console.driving import Console, console
from tests.engine.dead_letters.burying import bury
from tests.servers import Server
from tests.waiting import until

# What ends the console, or waits for a key of its own.
LEAVING = {"quit", "demo", "suspend"}
PAGES = ("task emails acme-0", "task mails m0", "group emails acme", "worker w1")
# What is typed on the list of queues, and what is on the screen after it.
COMMANDS = {
    "overview": ("overview", "Throughput"),
    "queues": ("queues", "2 queues"),
    "tasks": ("tasks delayed @emails send", "emails · delayed"),
    "groups": ("groups @emails", "emails · groups"),
    "workers": ("workers @emails", "filter 'emails': 1 of 1"),
    "dead": ("dead @mails", "mails · kinds of dead letters"),
    "stuck": ("stuck @emails", "Nothing is stuck in emails"),
    "live": ("live", "heard"),
    "history": ("history @emails 6h", "since "),
    "more": ("more", ":schedules"),
    "schedules": ("schedules @emails", "nightly"),
    "locks": ("locks @emails", "No group of emails is locked"),
    "audit": ("audit @emails", "emails · audit"),
    "doctor": ("doctor", "memory"),
    "servers": ("servers", "No profiles yet"),
    "task": ("task emails acme-0", "Queues / send acme-0"),
    "group": ("group emails acme", "emails · acme"),
    "worker": ("worker w1", "w1 · running"),
    "queue": ("queue emails pause", "Pause emails?"),
    "strategy": ("strategy emails fifo", "Then: fifo"),
    "theme": ("theme light", "2 queues"),
    "ctx": ("ctx", "No profiles yet"),
    "export": ("export {folder}/queues.csv", "2 rows written"),
    "alerts": ("alerts", "esc closes"),
    "help": ("help", "On this screen"),
    "refresh": ("refresh", "2 queues"),
    "palette": ("palette", "What do you want to do?"),
    "filter": ("filter", "esc clear"),
    "command": ("command", "esc leave"),
    "pause": ("pause", "Pause emails?"),
    "show-history": ("show-history", "History / emails"),
    "sort": ("sort", "↓"),
    "reverse": ("reverse", "↑"),
    "back": ("back", "2 queues"),
}


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    """A console on two queues, with a worker, groups, a schedule, a dead letter and tasks that wait for long."""
    await cleo.queues.add("emails", "send", {}, group="acme", task_id="acme-0", delay=3_600)
    await cleo.groups.configure("emails", "acme", concurrency=2)
    await cleo.schedules.add("emails", "nightly build", "send", when=Cron("0 3 * * *"))
    await bury(cleo, ["m0"], queue="mails", name="send", arguments=b'{"to":"bob"}')
    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2), console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server and running.app.snapshot.workers)
        await running.press("2")
        await running.see("emails", "mails", "2 queues")
        yield running


async def leave_dialogs(shop: Console) -> None:
    """Esc out of whatever was opened by a command."""
    while shop.app.screen.is_modal:
        shop.app.pop_screen()
        await shop.pilot.pause()
    if (front := shop.app.front()) is not None and front.prompt.display:
        await shop.press("escape")


async def test_each_command_leads_where_it_says(shop: Console, tmp_path: Path) -> None:
    offered = set(commands_in_reach(shop.app.screen))
    assert offered - LEAVING == set(COMMANDS), "a command that is not tried here, or is not there any more"
    for text, seen in COMMANDS.values():
        await shop.command(text.format(folder=tmp_path))
        await shop.see(seen)
        await leave_dialogs(shop)
        await shop.command("queues")
        await shop.see("2 queues", "mails")
    assert shop.app.theme == "light"


async def test_no_command_of_a_screen_fails_whatever_follows_its_name(shop: Console) -> None:
    app = shop.app
    for start in (*(spec.name for spec in discover()), *PAGES):
        await shop.command(start)
        await until(lambda start=start: app.current_mode == start or len(app.screen_stack) > 1)
        screen = app.screen
        names = {name for name, (actor, _) in commands_in_reach(screen).items() if actor is not app}
        assert names >= {"back", "queue", "strategy"}, start
        for name in sorted(names - LEAVING - {"back"}):
            for words in ("", " a b c d e f"):
                await run_line(screen, name + words)
                await leave_dialogs(shop)
    assert app.is_running


async def test_a_command_with_a_word_too_many_says_how_it_is_written(shop: Console) -> None:
    await shop.command("theme dark light")
    await shop.see("Write it as `:theme NAME`")
    await shop.command("worker w1 w2")
    await shop.see("Write it as `:worker ID`")


async def test_a_task_of_a_schedule_is_looked_into_by_its_id_though_that_has_spaces(shop: Console, cleo: Cleo) -> None:
    task_id = (await cleo.schedules.run_now("emails", "nightly build")).id
    assert " " in task_id
    await shop.command(f"task emails {task_id}")
    await shop.see(f"Queues / send {task_id[-8:]}")
    await shop.press("escape")
    await shop.see_no_more("/ send")
    await shop.command(f"task {task_id}")
    await shop.see(f"Queues / send {task_id[-8:]}")
