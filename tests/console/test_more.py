"""The screens behind More: schedules, the audit, the examination of the server."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cleo_core import Cleo, Cron, Every
from cleo_core.errors import ScheduleNotFound
from cleo_core.models import Check
from cleo_tui.screens.more import ENTRIES
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console, console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def schedules(running: Console, *texts: str) -> str:
    """Go to the schedules, once it is known that they may be changed."""
    await until(lambda: running.app.snapshot and running.app.snapshot.server)
    await running.press("0")
    await running.see("what runs when", ":doctor")
    await running.press("enter")
    return await running.see(*texts)


async def test_a_queue_without_schedules_says_how_to_make_one(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("reports", "build", {})
    async with console(connect) as running:
        await schedules(running, "Nothing is scheduled in reports", "cleo.schedules.add()")
        for key in "PND":
            await running.press(key)
            assert not running.app.screen.is_modal


async def test_a_schedule_is_listed_with_its_next_times(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.schedules.add("reports", "nightly", "build", when=Cron("0 3 * * *", tz="Europe/Oslo"))
    await cleo.schedules.add("reports", "often", "build", when=Every(60.0))
    async with console(connect) as running:
        screen = await schedules(running, "reports · schedules", "nightly", "0 3 * * *", "never ran")
        assert screen.index(" often ") < screen.index(" nightly "), "the next to run comes first"
        await running.press("G")
        screen = await running.see("nightly · 0 3 * * * Europe/Oslo")
        assert screen.count("  in ") >= 5
        assert "03:00 CE" in screen, "its times are told in its own zone too, with the summer time"


async def test_a_schedule_that_nobody_serves_says_how_late_it_is_and_why(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.schedules.add("reports", "often", "build", when=Every(0.1))
    async with console(connect) as running:
        await schedules(running, "often")
        await running.see("s late", "No live worker serves reports", "--queues reports")


async def test_a_schedule_is_run_now_paused_and_removed_each_after_a_yes(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.schedules.add("reports", "nightly", "build", when=Cron("0 3 * * *"))
    async with console(connect) as running:
        await schedules(running, "nightly")
        await running.press("N")
        await running.see("Run 1 schedule of reports?", "Now on the server: running, next run at")
        await running.press("enter")
        assert (await cleo.queues.stats("reports")).waiting == 0
        await running.press("N", "y")
        await until(lambda: _waits(cleo))
        await running.press("P", "y")
        await running.see("‖ paused")
        assert (await cleo.schedules.get("reports", "nightly")).paused
        await running.press("P", "y")
        await running.see_no_more("‖ paused")
        await running.press("D")
        await running.see("Remove 1 schedule of reports?", "It can't be undone.")
        await running.press("y")
        await running.see("Nothing is scheduled in reports")
    with pytest.raises(ScheduleNotFound):
        await cleo.schedules.get("reports", "nightly")


async def _waits(cleo: Cleo) -> bool:
    return (await cleo.queues.stats("reports")).waiting == 1


async def test_a_schedule_that_is_gone_by_the_yes_is_reported(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.schedules.add("reports", "nightly", "build", when=Cron("0 3 * * *"))
    async with console(connect) as running:
        await schedules(running, "nightly")
        await running.press("P")
        await running.see("Pause 1 schedule")
        await cleo.schedules.remove("reports", "nightly")
        await running.press("y")
        await running.see("1 schedule could not be", "nightly")


async def test_the_last_task_of_a_schedule_can_be_looked_into(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    @cleo.task(queue="reports")
    async def build() -> None: ...

    await cleo.schedules.add("reports", "nightly", "build", when=Every(0.2))
    async with console(connect) as running:
        await schedules(running, "nightly")
        await running.press("enter")
        await running.see("nightly has stored no task yet")
        async with cleo.worker(["reports"], sweep=0.1):
            await running.see("✓")
            await running.press("enter")
            await running.see("Schedules / reports / build")


async def test_the_audit_tells_who_did_what_in_all_queues_or_one(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    for queue in ("emails", "reports"):
        await cleo.queues.add(queue, "build", {})
        await cleo.queues.pause(queue)
    await cleo.groups.configure("emails", "acme", concurrency=3)
    who = cleo.backend.os_user
    async with console(connect) as running:
        await running.command("audit")
        screen = await running.see("Audit", "pause", "acme: concurrency=3", "1 of 3", who)
        assert screen.index("acme: concurrency=3") < screen.index("pause"), "the newest comes first"
        await running.command("audit @reports")
        await running.see("reports · audit", "1 of 1")
        await running.press("escape")
        await running.see("1 of 3")
        await running.press("slash")
        await running.type("acme")
        await running.see("filter 'acme': 1 of 3 entries", "1 of 1")


async def test_the_audit_names_the_queue_where_that_is_what_something_was_done_to(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.queues.pause("emails")
    async with console(connect, size=(80, 24)) as running:
        await running.command("audit")
        screen = await running.see("pause", "1 of 1")
        assert "emails" in next(line for line in screen.split("\n") if "▌" in line)


async def test_an_entry_of_the_audit_can_be_read_whole_in_a_narrow_terminal(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    group = "a-customer-with-a-rather-long-name"
    await cleo.groups.configure("emails", group, concurrency=3)
    async with console(connect, size=(80, 24)) as running:
        await running.command("audit")
        await running.see("configure group", f"{group}: concurrency=3", "in emails", cleo.backend.os_user)


@pytest.mark.parametrize("name", ["schedules", "locks", "audit", "doctor", "servers"])
async def test_escape_leads_back_from_what_was_opened_in_more(
    name: str, cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.queues.add("emails", "build", {})
    async with console(connect) as running:
        await running.see("emails")
        await running.press("0")
        await running.see(f":{name}")
        places = {entry.name: place for place, entry in enumerate(ENTRIES)}
        await running.press(*["j"] * places[name], "enter")
        await until(lambda: running.app.current_mode == name)
        await running.press("escape")
        await until(lambda: running.app.current_mode == "more")


async def test_a_hint_names_no_key_that_would_do_nothing(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "build", {}, delay=3_600)
    async with console(connect) as running:
        await running.see("emails")
        for command, empty in (
            ("locks", "No group of emails is locked"),
            ("schedules", "Nothing is scheduled in emails"),
            ("tasks active", "No task of emails runs"),
        ):
            await running.command(command)
            screen = await running.see(empty)
            assert "]" not in screen
        await cleo.queues.add("images", "build", {}, delay=3_600)
        await running.see("l or → shows the next state, ] the next queue")


async def test_an_audit_of_nothing_says_what_it_is_for(connect: Callable[[], Cleo]) -> None:
    async with console(connect) as running:
        await running.command("audit")
        await running.see("Nothing was done yet", "whoever does it")


async def test_the_examination_shows_the_worst_first_and_how_to_mend_it(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.queues.add("emails", "build", {})
    async with console(connect) as running:
        await running.command("doctor")
        screen = await running.see("to look at", "To mend it:", "✓ ok")
        first = next(line for line in screen.split("\n") if "▌" in line)
        assert "✗ bad" in first or "▲ warn" in first
        await running.press("c")
        await running.see("Copied what mends")
        await running.press("G")
        await running.see_no_more("To mend it:")


async def test_a_clock_that_is_set_back_holds_up_no_examination(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.screens.doctor.EVERY", 0.1)
    now, asked = time.time(), list[float]()
    async with console(connect, clock=lambda: now) as running:
        examine = running.app.cleo.doctor

        async def count() -> list[Check]:
            asked.append(now)
            return await examine()

        monkeypatch.setattr(running.app.cleo, "doctor", count)
        await running.see("connected")
        await running.command("doctor")
        await until(lambda: asked)
        now -= 3_600
        await until(lambda: asked[-1] == now)


async def test_read_only_changes_no_schedule(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.schedules.add("reports", "nightly", "build", when=Cron("0 3 * * *"))
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as running:
        screen = await schedules(running, "nightly", "read-only")
        assert "run now" not in screen
        await running.press("P", "N", "D")
        assert not running.app.screen.is_modal
