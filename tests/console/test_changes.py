"""What changes something: the safety ladder before it, and what came of it after."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from cleo_core import Cleo, Every, TaskPriority, TaskState
from cleo_tui.settings import ConsoleSettings
from cleo_tui.widgets.table import LazyTable
from tests.console.driving import Console, console
from tests.raw import ask_at
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    """A console on a queue ``emails`` of three tasks."""
    for number in range(3):
        await cleo.queues.add("emails", "send", {"number": number}, task_id=f"mail-{number}")
    async with console(connect) as running:
        await running.see("emails", "waiting")
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        yield running


async def kill_tasks(cleo: Cleo, queue: str, size: int) -> None:
    """Have tasks fail for good."""

    @cleo.task(queue=queue, max_retries=0)
    async def fail(number: int) -> None:
        raise ValueError(f"no {number}")

    await fail.enqueue_many([(number,) for number in range(size)])
    async with cleo.worker():
        await until(lambda: _is_dead(cleo, queue, size))


async def _is_dead(cleo: Cleo, queue: str, size: int) -> bool:
    return (await cleo.queues.stats(queue)).dead == size


async def waiting(cleo: Cleo, queue: str = "emails") -> int:
    return (await cleo.queues.stats(queue)).waiting


async def test_a_queue_is_paused_only_after_a_yes(shop: Console, cleo: Cleo) -> None:
    await shop.press("2", "P")
    await shop.see("Pause emails?", "Now on the server: not paused, 3 waiting, 0 running.")
    await shop.press("enter")
    await shop.see_no_more("Pause emails?")
    assert not (await cleo.queues.stats("emails")).paused, "the focus was on No"
    await shop.press("P")
    await shop.see("Pause emails?")
    await shop.press("y")
    await shop.see("1 queue paused.", "‖ paused")
    assert (await cleo.queues.stats("emails")).paused
    await shop.press("P", "right", "enter")
    await shop.see("1 queue resumed.")
    assert not (await cleo.queues.stats("emails")).paused


async def test_one_task_is_cancelled_after_a_yes(shop: Console, cleo: Cleo) -> None:
    await shop.press("3")
    await shop.see("mail-0")
    await shop.press("j", "K")
    await shop.see("Cancel 1 task of emails?", "send  mail-1", "Now on the server: 1 waiting.")
    await shop.press("y")
    await shop.see("1 task of emails cancelled.")
    assert (await cleo.queues.get_task("emails", "mail-1")).state is TaskState.CANCELLED
    await shop.see_no_more("mail-1")


async def test_what_was_confirmed_is_acted_on_while_the_list_moves(shop: Console, cleo: Cleo) -> None:
    await shop.press("3")
    await shop.see("mail-2")
    await shop.press("j", "j", "K")
    await shop.see("send  mail-2")
    await cleo.queues.add("emails", "send", {}, task_id="urgent", priority=TaskPriority.CRITICAL)
    await shop.press("y")
    await shop.see("1 task of emails cancelled.")
    assert (await cleo.queues.get_task("emails", "mail-2")).state is TaskState.CANCELLED
    assert (await cleo.queues.get_task("emails", "urgent")).state is TaskState.WAITING


async def test_the_cursor_stays_on_its_task_when_others_come_before_it(shop: Console, cleo: Cleo) -> None:
    await shop.press("3")
    await shop.see("mail-2", "1 of 3")
    await shop.press("j")
    await shop.see("2 of 3")
    for number in range(4):
        await cleo.queues.add("emails", "send", {}, task_id=f"urgent-{number}", priority=TaskPriority.HIGH)
    await shop.see("urgent-3", "6 of 7")


async def test_more_than_a_hundred_want_their_count_typed(shop: Console, cleo: Cleo) -> None:
    for number in range(120):
        await cleo.queues.add("bulk", "send", {"number": number})
    await until(lambda: shop.app.snapshot and "bulk" in shop.app.snapshot.names)
    await shop.command("tasks @bulk")
    await shop.see("bulk · waiting", "of 120")
    await shop.press("A")
    await shop.see("120 marked")
    await shop.press("K")
    await shop.see("Cancel 120 tasks of bulk?", "Type 120 to go on.", "and 115 more")
    await shop.press("1", "2", "enter", "y")
    assert await waiting(cleo, "bulk") == 120
    await shop.press("0", "enter", "enter")
    await shop.see("120 tasks of bulk cancelled.")
    assert await waiting(cleo, "bulk") == 0


async def test_marks_choose_what_is_retried(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await kill_tasks(cleo, "mails", 6)
    async with console(connect) as shop:
        await shop.press("6")
        await shop.see("mails · kinds of dead letters", "ValueError: no <n>", "1 kind, 6 letters")
        await shop.press("enter")
        await shop.see("ValueError: no 0", "of 6")
        await shop.press("space", "j", "j", "ctrl+@")
        await shop.see("4 marked")
        await shop.press("R")
        await shop.see("Retry 4 tasks of mails?")
        await shop.press("y")
        await shop.see("4 tasks of mails retried.", "of 2")
        stats = await cleo.queues.stats("mails")
        assert (stats.dead, stats.waiting) == (2, 4)
        await shop.press("D", "y")
        await shop.see("1 task of mails discarded.")
        await shop.press("R")
        await shop.see("It goes back to the end of its queue, with all its retries before it.")
        await shop.press("n")
        assert (await cleo.queues.stats("mails")).dead == 1


async def test_a_range_whose_beginning_is_not_loaded_is_refused(shop: Console, cleo: Cleo) -> None:
    @cleo.task(queue="many")
    async def send(_number: int) -> None: ...

    await send.enqueue_many([(number,) for number in range(1_000)])
    await until(lambda: shop.app.snapshot and "many" in shop.app.snapshot.names)
    await shop.command("tasks @many")
    await shop.see("1 of 1,000")
    await shop.press("space")
    await shop.see("1 marked")
    await shop.press("G")
    await shop.see("1,000 of 1,000")
    await until(lambda: shop.app.screen.query_one(LazyTable).current)
    await shop.press("ctrl+@")
    await shop.see("The last mark is too far away")
    assert "1 marked" in shop.text()


async def test_a_report_says_why_an_item_could_not_be_done(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await kill_tasks(cleo, "mails", 2)
    async with console(connect, settings=ConsoleSettings(refresh=60)) as shop:
        await shop.press("6")
        await shop.see("1 kind, 2 letters")
        await shop.press("enter")
        await shop.see("of 2")
        page = await cleo.dead_letters.list("mails")
        await shop.press("space", "space", "D")
        await shop.see("Discard 2 tasks of mails?", "kept in the trash for 10 minutes")
        await cleo.dead_letters.retry("mails", [page.items[0].id])
        await shop.press("y")
        await shop.see("1 task of mails discarded. 1 task could not be.", f"{page.items[0].id}  It is waiting")


async def test_a_letter_that_was_discarded_on_its_page_is_offered_nothing_more(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await kill_tasks(cleo, "mails", 1)
    letter = (await cleo.dead_letters.list("mails")).items[0].id
    async with console(connect) as shop:
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        await shop.command(f"task mails {letter}")
        await shop.see("D discard", "R retry")
        await shop.press("D", "y")
        await shop.see("it is gone by now")
        await shop.see_no_more("R retry")
        for key in "RDEK":
            await shop.press(key)
            assert not shop.app.screen.is_modal


async def test_what_was_told_before_does_not_lie_over_a_question(shop: Console) -> None:
    await shop.press("3")
    await shop.see("mail-0")
    await shop.press("c", "y")
    await shop.see("Copied the task as JSON.")
    assert "Copied mail-0" not in shop.text()
    await shop.press("K")
    screen = await shop.see("Cancel 1 task of emails?")
    assert "Copied" not in screen


async def test_a_warning_stays_while_it_is_told_what_was_done(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {"text": "x" * 60_000}, task_id="long")
    async with console(connect) as shop:
        await shop.press("3")
        await shop.see("long")
        await shop.press("enter")
        await shop.see("send  long")
        await shop.press("y")
        await shop.see("Copied the task as JSON.", "More than 54.7 KiB is cut off by some terminals.")
        await shop.press("c")
        await shop.see("Copied long.", "More than 54.7 KiB is cut off by some terminals.")
        assert "Copied the task" not in shop.text()


async def test_nothing_is_drawn_under_a_question_but_all_is_counted(shop: Console, cleo: Cleo) -> None:
    await shop.listens(cleo)
    await shop.press("2", "P")
    await shop.see("Pause emails?")
    heard = shop.app.live.log.heard
    for number in range(5):
        await cleo.queues.add("emails", "send", {"number": number})
    await until(lambda: shop.app.live.log.heard >= heard + 5)
    front = shop.app.screen_stack[0]
    assert "8" not in str(front.query_one("LazyTable").render_line(1).text)  # pyright: ignore
    await shop.press("n")
    await shop.see("emails", " 8 ")


async def test_read_only_hides_the_keys_and_says_why(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as shop:
        await shop.press("2")
        screen = await shop.see("emails", "read-only")
        assert "pause" not in screen
        await shop.press("P")
        await shop.see("The console was started with --read-only")
        await shop.press("question_mark")
        screen = await shop.see("Read-only. The console was started with --read-only")
        assert "Pause the queue" not in screen
        await shop.press("escape")
        await shop.command("queue emails pause")
        assert not (await cleo.queues.stats("emails")).paused


async def test_a_redis_user_who_may_not_write_gets_a_read_only_console(own_server: Server, own_cleo: Cleo) -> None:
    await own_cleo.queues.add("emails", "send", {})
    await ask_at(
        own_server.url, "ACL", "SETUSER", "viewer", "on", ">secret", "~*", "&*", "+@read", "+@pubsub", "+@connection",
        "+info", "+time", "+evalsha_ro", "+eval_ro", "+acl|whoami", "+acl|dryrun",
    )  # fmt: skip
    url = own_server.url.replace("redis://", "redis://viewer:secret@")
    async with console(lambda: Cleo(url, namespace=own_cleo.namespace)) as shop:
        await shop.press("2")
        screen = await shop.see("emails", "read-only")
        assert "secret" not in screen
        await shop.press("P")
        await shop.see("'viewer' may not write")


async def test_commands_pause_and_resume_by_name(shop: Console, cleo: Cleo) -> None:
    await shop.command("queue emails pause")
    await shop.see("Pause emails?")
    await shop.press("y")
    await shop.see("1 queue paused.")
    assert (await cleo.queues.stats("emails")).paused


async def test_the_rows_of_one_queue_are_no_rows_of_the_next(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    """Two keys may come before anything is drawn."""
    for queue in ("a", "b"):
        await kill_tasks(cleo, queue, 2)
        await cleo.schedules.add(queue, "nightly", "build", when=Every(86_400))
    async with (
        cleo.locks.group("a", "g", ttl=60),
        cleo.locks.group("b", "g", ttl=60),
        console(connect, settings=ConsoleSettings(refresh=60)) as shop,
    ):
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        for command, shown, act in (
            ("dead @a", "a · kinds of dead letters", "do_retry"),
            ("schedules @a", "a · schedules", "do_pause"),
            ("locks @a", "a · locks", "do_release_lock"),
        ):
            await shop.command(command)
            await shop.see(shown, "1 of 1")
            screen = cast("Any", shop.app.screen)
            screen.do_next_queue()
            getattr(screen, act)()
            assert screen.queue == "b"
            assert not shop.app.screen.is_modal, command
            await shop.see("b · ", "1 of 1")
