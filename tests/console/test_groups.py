"""The groups of a queue: looking through them, into their tasks and locks, and what keeps a task from running."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from cleo_core import Cleo
from cleo_tui.settings import ConsoleSettings
from tests.console.canned import CannedCleo, clock
from tests.console.driving import Console, console
from tests.console.grouped import fill, groups_console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    async with groups_console(cleo, connect) as running:
        yield running


async def test_groups_are_listed_with_their_rules_those_with_most_waiting_first(shop: Console) -> None:
    screen = await shop.see("strategy round robin", "3 groups, 3 ready", "● ready")
    places = [screen.index(f" {name} ") for name in ("acme", "globex", "hooli")]
    assert places == sorted(places)


async def test_tasks_without_a_group_are_in_one_that_is_said_in_words(cleo: Cleo, shop: Console) -> None:
    await cleo.queues.add("emails", "send", {})
    await shop.see("(no group)")
    await shop.press("G", "P")
    await shop.see("Pause the group (no group) of emails?")
    await shop.press("y")
    await shop.see("is paused.", "‖ paused")
    assert (await cleo.groups.get("emails", "")).paused


async def test_a_group_is_found_among_thousands(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.groups.configure("emails", "needle", weight=3)
    for first in range(0, 2_000, 500):
        await _enqueue(cleo, first, 500)
    async with console(connect) as shop:
        await shop.press("4")
        await shop.see("1 of 2,001")
        await shop.press("G")
        await shop.see("2,001 of 2,001")
        await shop.press("slash")
        await shop.type("needle")
        await shop.see("filter 'needle': 1 group", "needle", "1 of 1")
        await shop.press("enter")
        await shop.press("escape")
        # The cursor stays on what was found, far down the list.
        await shop.see(" of 2,001", "needle")
        await shop.press("slash")
        await shop.type("nowhere")
        await shop.see("No group matches 'nowhere'")
        await shop.press("escape")
        await shop.see(" of 2,001")


async def _enqueue(cleo: Cleo, first: int, size: int) -> None:
    import asyncio

    numbers = range(first, first + size)
    await asyncio.gather(*(cleo.queues.add("emails", "send", {}, group=f"tenant-{number:05}") for number in numbers))


async def test_a_hundred_thousand_groups_are_read_a_window_at_a_time() -> None:
    cleo = CannedCleo()
    cleo.canned_groups.total = 100_000
    async with console(lambda: cleo, clock=clock, settings=ConsoleSettings(refresh=60)) as shop:
        await shop.press("4", "right_square_bracket")
        await shop.see("1 of 100,000")
        await shop.press("G")
        await shop.see("100,000 of 100,000", "tenant-099999")
        await shop.press("pageup", "g")
        await shop.see("1 of 100,000", "acme")
        assert len(cleo.canned_groups.asked) < 12


async def test_the_cursor_stays_on_its_group_while_counts_move(shop: Console, cleo: Cleo) -> None:
    await shop.press("j", "j")
    await shop.see("3 of 3")
    for number in range(7):
        await cleo.queues.add("emails", "send", {}, group="hooli", task_id=f"late-{number}")
    await shop.see("1 of 3")
    await shop.press("P")
    await shop.see("Pause the group hooli of emails?", "8 waiting")


async def test_enter_shows_the_tasks_of_the_group_and_escape_the_groups(shop: Console, cleo: Cleo) -> None:
    await shop.press("j", "enter")
    screen = await shop.see("Groups / emails / globex", "emails · globex · waiting", "globex-2", "● ready")
    assert "acme-0" not in screen
    await shop.press("l")
    await shop.see("No task of globex runs")
    await shop.press("h", "P", "y")
    await shop.see("‖ paused")
    assert (await cleo.groups.get("emails", "globex")).paused
    await shop.press("escape")
    await shop.see("emails · groups", "2 of 3")


async def test_a_lock_ticks_and_is_released_by_force(shop: Console, cleo: Cleo) -> None:
    lock = cleo.locks.group("emails", "acme", ttl=60, owner="ada@batch-2", renew=False)
    await lock.acquire()
    await shop.see("⊗ locked", "s ada@")
    await shop.press("F")
    await shop.see("Release the lock of acme in emails by force?", "held by ada@batch-2", "may still work")
    await shop.press("enter")
    await shop.see_no_more("by force?")
    assert await cleo.locks.is_locked("emails", "acme"), "the focus was on No"
    await shop.press("F", "y")
    await shop.see("was taken from ada@batch-2.", "3 ready")
    assert not await cleo.locks.is_locked("emails", "acme")
    await shop.press("F")
    await shop.see("Nobody holds a lock of this group.")


async def test_locks_are_listed_and_one_that_changed_hands_is_left_alone(shop: Console, cleo: Cleo) -> None:
    first = cleo.locks.group("emails", "acme", ttl=60, owner="ada", renew=False)
    await first.acquire()
    await shop.command("locks @emails")
    await shop.see("Locks / emails", "emails · locks", "acme", "ada", "runs out in")
    await shop.press("F")
    await shop.see("held by ada", "may still work")
    await first.release()
    second = cleo.locks.group("emails", "acme", ttl=60, owner="bob", renew=False)
    await second.acquire()
    await shop.press("y")
    await shop.see("It has changed hands: bob holds it now.")
    assert await cleo.locks.is_locked("emails", "acme")
    await shop.press("escape")
    await shop.see("bob")
    await shop.press("F", "y")
    await shop.see("was taken from bob.", "No group of emails is locked")


async def test_a_task_says_what_keeps_it_from_running(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await fill(cleo, acme=3)
    await cleo.groups.configure("emails", "acme", paused=True)
    async with console(connect) as shop:
        await shop.command("tasks waiting @emails")
        await shop.see("acme-1")
        await shop.press("j", "enter")
        screen = await shop.see("why it is not running", "'acme' is paused", "No live worker serves", "behind 1 task")
        assert screen.index("is paused") < screen.index("No live worker"), "the most decisive reason comes first"
        await cleo.groups.resume("emails", "acme")
        await shop.see_no_more("'acme' is paused")
        await cleo.queues.pause("emails")
        await shop.see("The queue emails is paused.")


async def test_a_task_behind_a_limit_names_those_that_hold_it(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    import asyncio

    release = asyncio.Event()

    @cleo.task(queue="emails")
    async def send() -> None:
        await release.wait()

    await cleo.groups.configure("emails", "acme", concurrency=1)
    await send.options(group="acme", task_id="holder").enqueue()
    async with cleo.worker(), console(connect) as shop:
        await until(lambda: _running(cleo))
        await send.options(group="acme", task_id="second").enqueue()
        await shop.command("tasks waiting @emails")
        await shop.see("second")
        await shop.press("enter")
        await shop.see("▣ The group 'acme' is at its limit", "by holder")
        release.set()
        await shop.see("It has completed.")


async def _running(cleo: Cleo) -> bool:
    return (await cleo.queues.stats("emails")).active == 1
