"""Looking around: screens, lists, filters, the stream, and a server that comes and goes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest
from textual import events

from cleo_core import Cleo, TaskContext
from cleo_tui.actions import actions_in_reach
from cleo_tui.data.link import LinkState
from cleo_tui.settings import ConsoleSettings
from tests.console.canned import CannedCleo, clock
from tests.console.driving import console
from tests.ghosts import claim_and_die
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_the_overview_moves_with_the_stream(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect, settings=ConsoleSettings(refresh=30)) as shop:
        await shop.see("emails", "connected")
        await shop.listens(cleo)
        # A new queue makes the console read at once; what happens in the millisecond of a reading waits for the next.
        await shop.see("noise")
        for number in range(41):
            await cleo.queues.add("emails", "send", {"number": number})
        await shop.see(" 42 ")


async def test_more_tasks_than_the_live_workers_have_room_for_are_not_said_to_be_of_it(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    for _ in range(3):
        await cleo.queues.add("emails", "send", {})
    await claim_and_die(cleo, "emails", 3, lease=3_600)
    async with cleo.worker(["other"], concurrency=8), console(connect) as shop:
        await until(lambda: shop.app.snapshot is not None and shop.app.snapshot.capacity == 8)
        await shop.see("3 of 8")
        for _ in range(6):
            await cleo.queues.add("emails", "send", {})
        await claim_and_die(cleo, "emails", 6, lease=3_600)
        await shop.see_no_more("of 8")


async def test_a_new_queue_appears_by_itself(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with console(connect, settings=ConsoleSettings(refresh=30)) as shop:
        await shop.see("No queues in the namespace")
        await cleo.queues.add("emails", "send", {})
        await shop.see("emails", "those in trouble first")


async def test_enter_goes_in_and_escape_goes_out(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send_email", {"to": "ada@example.com"}, task_id="mail-1")
    async with console(connect) as shop:
        await shop.press("2")
        await shop.see("emails")
        await shop.press("enter")
        await shop.see("Tasks / emails", "mail-1")
        await shop.press("enter")
        await shop.see(
            "Tasks / emails / send_email", '"to": "ada@example.com"', "No live worker serves the queue emails."
        )
        await shop.press("escape")
        await shop.see("emails · waiting")
        await shop.press("escape")
        await shop.see("1 queue", "P pause")


async def test_a_task_that_runs_shows_its_progress_and_its_log(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    import asyncio

    release = asyncio.Event()

    @cleo.task(queue="images")
    async def resize(ctx: TaskContext) -> None:
        ctx.log("half way there")
        ctx.progress(0.5, "second pass")
        await release.wait()

    await resize.options(task_id="image-1").enqueue()
    async with cleo.worker(), console(connect) as shop:
        await shop.command("tasks active @images")
        await shop.see("images · active", "50%")
        await shop.press("enter")
        await shop.see("It has been running for", "50%  second pass", "half way there")
        release.set()
        await shop.see("It has completed.")


async def test_a_dead_letter_shows_every_traceback(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    from cleo_core import Backoff

    @cleo.task(queue="mails", max_retries=1, backoff=Backoff.fixed(0.01))
    async def fail() -> None:
        raise ValueError("no \x1b[31mgood")

    await fail.enqueue()
    async with cleo.worker(), console(connect, size=(120, 60)) as shop:
        await until(lambda: _dead(cleo))
        await shop.command("dead @mails")
        await shop.see("1 kind, 1 letter")
        await shop.press("enter")
        await shop.see("ValueError: no  [31mgood", "tries", "1 of 1")
        await shop.press("enter")
        screen = await shop.see("Errors  2", "attempt 2 failed", "attempt 1 failed", 'raise ValueError("no')
        assert "It is in the dead letters after 2 attempts" in screen


async def _dead(cleo: Cleo) -> int:
    return (await cleo.queues.stats("mails")).dead


async def test_a_filter_says_what_it_covers(connect: Callable[[], Cleo]) -> None:
    cleo = CannedCleo(total=1_000_000)
    async with console(lambda: cleo, clock=clock) as shop:
        await shop.press("3")
        await shop.see("1 of 1,000,000")
        await shop.press("slash")
        await shop.type("acme critical")
        await shop.see("of the 1,000 loaded of 1,000,000")
        await shop.press("enter", "escape")
        await shop.see("4 of 1,000,000")
        await shop.press("slash")
        await shop.type("!charge")
        await shop.see("No task matches '!charge'", "of 1,000,000")
        await shop.press("escape")
        await shop.see(" of 1,000,000 ")


async def test_a_million_tasks_are_jumped_through(connect: Callable[[], Cleo]) -> None:
    cleo = CannedCleo(total=1_000_000)
    async with console(lambda: cleo, clock=clock, settings=ConsoleSettings(refresh=60)) as shop:
        await shop.press("3")
        await shop.see("1 of 1,000,000")
        await shop.press("G")
        await shop.see("1,000,000 of 1,000,000", "000f423f"[-6:])
        await shop.press("k", "pageup", "g")
        await shop.see("1 of 1,000,000")
        assert cleo.answers.pages < 10


async def test_what_does_not_fit_is_said(connect: Callable[[], Cleo]) -> None:
    async with console(CannedCleo, clock=clock, size=(80, 24)) as shop:
        await shop.press("3")
        await shop.see("of 12,480", "+2 columns")


async def test_each_key_in_the_bar_leads_to_its_screen(connect: Callable[[], Cleo]) -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.see("emails")
        assert [tab.key for tab in shop.app.tabs] == list("1234567890")
        for tab in reversed(shop.app.tabs):
            await shop.press(tab.key)
            assert shop.app.current_mode == tab.name


async def test_the_stream_can_be_frozen_and_filtered(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with console(connect) as shop:
        await shop.press("8")
        await shop.see("Nothing has happened yet")
        await cleo.queues.add("emails", "send_email", {}, task_id="mail-1")
        await shop.see("mail-1", "following")
        await shop.press("p")
        await cleo.queues.add("emails", "send_email", {}, task_id="mail-2")
        screen = await shop.see("frozen, 1 new", "2 heard")
        assert "mail-2" not in screen
        await shop.press("p")
        await shop.see("mail-2")
        await shop.press("slash")
        await shop.type("mail-1")
        await shop.see("1 of the last 2")
        await shop.see_no_more("mail-2")


async def test_where_one_is_is_not_cut_off_for_the_address_of_the_server(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    group = "a-customer-with-a-rather-long-name"
    await cleo.queues.add("emails", "send_email", {}, group=group)
    async with console(connect, size=(80, 24)) as shop:
        await shop.see("● connected")
        await shop.command(f"group emails {group}")
        await shop.see(f"Overview / {group}", "● connected")


async def test_commands_are_completed_and_mistakes_explained(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send_email", {}, delay=60, task_id="later")
    async with console(connect) as shop:
        await shop.see("emails")
        await shop.press("colon")
        await shop.type("tasks")
        await shop.press("tab")
        await shop.type("del")
        await shop.press("tab", "enter")
        await shop.see("emails · delayed", "later")
        await shop.command("nonsense")
        await shop.see("There is no command 'nonsense' here.")
        await shop.command("tasks @nowhere")
        await shop.see("There is no queue 'nowhere'")


async def test_what_the_palette_can_not_do_without_a_word_is_asked_for_it() -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.see("emails")
        await shop.press("ctrl+p")
        await shop.see("What do you want to do?")
        await shop.type("change the colours")
        await shop.see("Change the colours.")
        await shop.press("enter")
        await shop.see(": theme", "contrast")
        await shop.type("light")
        await shop.press("enter")
        await until(lambda: shop.app.theme == "light")


async def test_the_footer_offers_no_pause_where_there_is_no_queue() -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.press("2")
        await shop.see("emails", "P pause")
        await shop.press("slash")
        await shop.type("zzz")
        await shop.press("enter")
        await shop.see("No queue matches 'zzz'")
        await shop.see_no_more("P pause")


@pytest.mark.parametrize(
    ("go", "resume"),
    [("queues", "webhooks"), ("groups @emails", "umbrella"), ("workers", "paused"), ("schedules @reports", "import")],
)
async def test_the_footer_says_whether_p_pauses_or_resumes(go: str, resume: str) -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.command(go)
        await shop.see(resume, "P pause")
        await shop.press("slash")
        await shop.type(resume)
        await shop.press("enter")
        await shop.see("P resume")


async def test_where_nothing_may_be_changed_no_marks_are_offered(connect: Callable[[], Cleo], cleo: Cleo) -> None:
    await cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with console(connect) as shop:
        await shop.command("tasks @emails")
        await shop.see("mail-1", "space mark")
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as shop:
        await shop.command("tasks @emails")
        await shop.see("mail-1", "read-only")
        assert "space mark" not in shop.text()


async def test_the_footer_has_the_keys_of_what_is_typed_while_all_others_are_letters() -> None:
    async with console(CannedCleo, clock=clock, size=(80, 24)) as shop:
        await shop.press("2", "slash")
        screen = await shop.see("↵ keep", "esc clear")
        assert "P pause" not in screen
        await shop.type("mail")
        await shop.press("enter")
        await shop.see("filter 'mail'", "P pause")
        await shop.press("colon")
        await shop.see("↵ do it", "tab complete", "esc leave")
        await shop.pilot.click("KeyBar", offset=(78, 0))
        screen = await shop.see("P pause")
        assert "↵ do it" not in screen


async def test_a_command_that_is_typed_fast_presses_no_keys(connect: Callable[[], Cleo]) -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.press("2")
        await shop.see("emails")
        for character in ":taskS 3qPs":
            shop.app.post_message(events.Key("colon" if character == ":" else character, character))
        await shop.see(": taskS 3qPs", "Queues")
        assert shop.app.current_mode == "queues"


async def test_the_palette_finds_what_can_be_done_here(connect: Callable[[], Cleo]) -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.see("emails")
        await shop.press("ctrl+p")
        await shop.see("What do you want to do?")
        await shop.type("dead letters")
        await shop.see("Go to Dead letters.")
        await shop.press("enter")
        await until(lambda: shop.app.current_mode == "dead")


async def test_tasks_are_told_apart_and_filtered_by_their_arguments(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    for name in ("ada", "grace"):
        await cleo.queues.add("emails", "send", {"to": name, "copies": 2})
    await cleo.queues.add("emails", "send", {"to": "x" * 20_000})
    async with console(connect) as shop:
        await shop.press("3")
        await shop.see("to:ada,copies:2", "to:grace,copies:2", "…")
        await shop.press("slash")
        await shop.type("to:grace")
        await shop.see_no_more("to:ada")
        await shop.see("1 of the 3")
        await shop.press("enter", "K")
        await shop.see("Cancel 1 task", "to:grace,copies:2")


async def test_a_lost_server_is_said_and_found_again(own_server: Server, own_cleo: Cleo) -> None:
    await own_cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with console(lambda: Cleo(own_server.url, namespace=own_cleo.namespace)) as shop:
        await shop.press("3")
        await shop.see("mail-1", "connected")
        own_server.stop()
        await shop.see("disconnected · last data", "Check that the server runs", "mail-1")
        own_server.start()
        await shop.see("● connected")
        await own_cleo.queues.add("emails", "send", {}, task_id="mail-2")
        await shop.see("mail-2")
        await until(lambda: shop.app.live.log.heard)


async def test_a_server_that_no_longer_answers_leaves_stale_data(own_server: Server, own_cleo: Cleo) -> None:
    await own_cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with console(lambda: Cleo(own_server.url, namespace=own_cleo.namespace)) as shop:
        await shop.press("3")
        await shop.see("mail-1", "connected")
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            await shop.see("stale · last data", "is slow to answer", "mail-1")
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        await shop.see("● connected")


async def test_a_server_that_stood_still_once_is_soon_read_again(own_server: Server, own_cleo: Cleo) -> None:
    async with console(lambda: Cleo(own_server.url, namespace=own_cleo.namespace)) as shop:
        await shop.see("connected")
        live = shop.app.live
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            await until(lambda: live.link.data_at and time.time() - live.link.data_at > 4)
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        rounds = live.rounds
        # The round that met the pause took about four seconds; four times as long would be too long to wait.
        await until(lambda: live.rounds >= rounds + 2)
        assert live.link.state is LinkState.CONNECTED


async def test_a_server_that_is_not_there_yet_is_waited_for(own_server: Server, namespace: str) -> None:
    own_server.stop()
    async with console(lambda: Cleo(own_server.url, namespace=namespace)) as shop:
        await shop.see("does not answer", "Check that the server runs")
        own_server.start()
        await shop.see("No queues in the namespace")
        await shop.press("2")
        await shop.see("No queues yet")


async def test_a_wrong_password_is_told_from_a_missing_server(own_server: Server, namespace: str) -> None:
    url = own_server.url.replace("redis://", "redis://nobody:wrong-secret@")
    async with console(lambda: Cleo(url, namespace=namespace)) as shop:
        screen = await shop.see("does not let you in", "It refused the user name and password.", "no permission")
        assert "wrong-secret" not in screen


@pytest.mark.parametrize("width", [80, 100, 200])
async def test_the_footer_says_how_many_keys_it_has_no_room_for(width: int) -> None:
    async with console(CannedCleo, size=(width, 24), clock=clock) as shop:
        for key in ("3", "4", "6", "right_square_bracket"):
            await shop.press(key)
            await shop.pilot.pause()
            footer = shop.text().splitlines()[-1]
            labels = {action.label for _, action in actions_in_reach(shop.app.screen) if action.label}
            left_out = [label for label in labels if f" {label} " not in f"{footer} "]
            assert footer.endswith(f" +{len(left_out)} ? help" if left_out else "? help")
            assert (f"+{len(left_out)} " in footer) == bool(left_out)


async def test_help_that_finds_no_room_says_so_and_scrolls() -> None:
    async with console(CannedCleo, size=(80, 24), clock=clock) as shop:
        await shop.press("question_mark")
        await shop.see("On this screen", "j k more · esc closes")
        await shop.press("G")
        await shop.see("What can be done here, with which key.")
        await shop.press("g")
        await shop.see("On this screen")
        await shop.press("escape")
        await shop.see_no_more("esc closes")
