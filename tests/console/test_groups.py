"""The groups of a queue: looking through them, and changing what each may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from cleo_core import Cleo, GroupOrder, GroupStrategy, RateLimit
from cleo_tui.settings import ConsoleSettings
from tests.console.canned import CannedCleo, clock
from tests.console.driving import Console, console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def fill(cleo: Cleo, **sizes: int) -> None:
    """Give groups of ``emails`` so many waiting tasks, in turn, so that each group's tasks come one after the other."""
    for group, size in sizes.items():
        for number in range(size):
            await cleo.queues.add("emails", "send", {}, group=group, task_id=f"{group}-{number}")


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    """A console on the groups of ``emails``: acme has five waiting tasks, globex three, hooli one."""
    await fill(cleo, acme=5, globex=3, hooli=1)
    async with console(connect) as running:
        await running.see("emails", "waiting")
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("4")
        await running.see("emails · groups", "acme", "hooli", "1 of 3")
        yield running


async def strategy(cleo: Cleo) -> GroupStrategy:
    return (await cleo.groups.rules("emails")).strategy


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


async def test_a_strategy_is_seen_before_it_is_set(shop: Console, cleo: Cleo) -> None:
    await shop.press("s")
    await shop.see("How the groups of emails take turns", "Now: round robin, priority", "acme-0", "as it is now")
    await shop.press("j")
    screen = await shop.see("Then: fifo, priority", "5   acme")
    first = next(line for line in screen.split("\n") if "│  1" in line)
    assert first.count("acme-0") == 2
    second = next(line for line in screen.split("\n") if "│  2" in line)
    assert "globex-0" in second
    assert "acme-1" in second
    assert await strategy(cleo) is GroupStrategy.ROUND_ROBIN, "looking changes nothing"
    await shop.press("enter")
    await shop.see("Change how the groups of emails take turns?", "9 waiting and 0 running in 3 groups")
    await shop.press("y")
    await shop.see("The groups of emails now take turns by fifo", "strategy fifo")
    assert await strategy(cleo) is GroupStrategy.FIFO


async def test_no_leaves_the_strategy_and_the_choice_as_they_are(shop: Console, cleo: Cleo) -> None:
    await shop.press("s", "j", "j", "l", "enter")
    await shop.see("Change how the groups of emails take turns?", "→ lifo, order fifo")
    await shop.press("enter")
    await shop.see("Then: lifo, fifo", "◉ lifo")
    assert await strategy(cleo) is GroupStrategy.ROUND_ROBIN
    await shop.press("escape")
    await shop.see("emails · groups")
    assert await strategy(cleo) is GroupStrategy.ROUND_ROBIN


async def test_what_is_so_already_needs_no_change(shop: Console) -> None:
    await shop.press("s", "enter")
    await shop.see("It is so already.")


async def test_a_command_proposes_a_strategy_from_anywhere(shop: Console, cleo: Cleo) -> None:
    await shop.command("1")
    await shop.press("1")
    await shop.command("strategy emails dynamic lifo")
    await shop.see("◉ dynamic", "Then: dynamic, lifo")
    await shop.press("enter", "y")
    await shop.see("now take turns by dynamic, order")
    assert (await cleo.groups.rules("emails")).order is GroupOrder.LIFO
    await shop.command("strategy emails best")
    await shop.see("There is no strategy 'best'.")


async def test_the_order_of_one_group_is_seen_before_it_is_set(shop: Console, cleo: Cleo) -> None:
    await shop.press("O")
    await shop.see("The order of acme in emails", "◉ as the queue has it")
    await shop.press("k")
    screen = await shop.see("Then: lifo", "◉ lifo", "acme-4")
    first = next(line for line in screen.split("\n") if "│  1" in line)
    assert first.index("acme-0") < first.index("acme-4")
    await shop.press("enter")
    await shop.see("Change the order of acme in emails?", "5 waiting")
    await shop.press("y")
    await shop.see("The order of acme is now lifo.")
    assert (await cleo.groups.get("emails", "acme")).order is GroupOrder.LIFO
    assert [task.id for task in await cleo.groups.preview("emails", None, 1)] == ["acme-4"]
    await shop.command("order none")
    await shop.see("order: lifo → as the queue has it (priority)")
    await shop.press("y")
    await until(lambda: _order_is(cleo, GroupOrder.PRIORITY))


async def _order_is(cleo: Cleo, order: GroupOrder) -> bool:
    return (await cleo.groups.get("emails", "acme")).order is order


async def test_a_group_is_paused_only_after_a_yes_and_resumed(shop: Console, cleo: Cleo) -> None:
    await shop.press("j", "P")
    await shop.see("Pause the group globex of emails?", "Now on the server: ready, 3 waiting, 0 running.")
    await shop.press("enter")
    await shop.see_no_more("Pause the group globex")
    assert not (await cleo.groups.get("emails", "globex")).paused
    await shop.press("P", "y")
    await shop.see("The group globex of emails is paused.", "‖ paused")
    assert (await cleo.groups.get("emails", "globex")).paused
    await shop.press("P", "y")
    await shop.see("The group globex of emails is resumed.")
    assert not (await cleo.groups.get("emails", "globex")).paused


async def test_a_limit_is_typed_and_what_can_not_be_is_said_with_nothing_lost(shop: Console, cleo: Cleo) -> None:
    await shop.press("L")
    await shop.see("Concurrency limit of acme in emails", "Now: none, as the queue has it.")
    await shop.type("many")
    await shop.press("enter")
    await shop.see("'many' is no whole number", "many")
    await shop.press("ctrl+u")
    await shop.type("0")
    await shop.see_no_more("is no whole number")
    await shop.press("enter")
    await shop.see("concurrency limit: none → 0")
    await shop.press("y")
    await shop.see("The setting concurrency can't be 0", "Concurrency limit of acme")
    await shop.press("backspace")
    await shop.type("3")
    await shop.press("enter")
    await shop.see("concurrency limit: none → 3")
    await shop.press("n")
    await shop.see("Now: none, as the queue has it.", " 3 ")
    await shop.press("enter", "y")
    await shop.see("The concurrency limit of acme is now 3.", "0 of 3")
    await shop.press("L")
    await shop.see("Now: 3, its own.")
    await shop.press("backspace", "enter", "y")
    await until(lambda: _is_unlimited(cleo))


async def _is_unlimited(cleo: Cleo) -> bool:
    return (await cleo.groups.get("emails", "acme")).concurrency is None


async def test_weight_priority_and_rate_limit_are_set(shop: Console, cleo: Cleo) -> None:
    await shop.press("W")
    await shop.type("2.5")
    await shop.press("enter", "y")
    await shop.see("The weight of acme is now 2.5.")
    await shop.press("Y")
    await shop.see("emails goes by round robin, which does not look at it.")
    await shop.type("-7")
    await shop.press("enter", "y")
    await shop.see("The priority of acme is now -7.")
    await shop.press("T")
    await shop.type("5 per second")
    await shop.press("enter")
    await shop.see("can't be understood. Write it as 100/s")
    await shop.press("ctrl+u")
    await shop.type("60/m burst 10")
    await shop.press("enter", "y")
    await shop.see("The rate limit of acme is now 60/m burst 10.")
    await shop.command("limit 4")
    await shop.see("concurrency limit: none → 4")
    await shop.press("y")
    await shop.see("0 of 4")
    group = await cleo.groups.get("emails", "acme")
    assert (group.weight, group.priority, group.concurrency) == (2.5, -7, 4)
    assert group.rate_limit == RateLimit.parse("60/m burst 10")


async def test_the_rate_limit_of_the_queue_is_set_and_cleared(shop: Console, cleo: Cleo) -> None:
    await shop.press("Q")
    await shop.see("Rate limit of emails", "Now: none.")
    await shop.type("500/s")
    await shop.press("enter", "y")
    await shop.see("The rate limit of emails is now 500/s.", "queue rate 500/s")
    await shop.command("queue-rate none")
    await shop.see("rate limit: 500/s → none")
    await shop.press("y")
    await shop.see("queue rate none")
    assert (await cleo.queues.stats("emails")).rate_limit is None


async def test_a_group_is_found_among_thousands(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    @cleo.task(queue="emails")
    async def send() -> None: ...

    await cleo.groups.configure("emails", "needle", weight=3)
    for first in range(0, 5_000, 500):
        await _enqueue(cleo, first, 500)
    async with console(connect) as shop:
        await shop.press("4")
        await shop.see("1 of 5,001")
        await shop.press("G")
        await shop.see("5,001 of 5,001")
        await shop.press("slash")
        await shop.type("needle")
        await shop.see("filter 'needle': 1 group", "needle", "1 of 1")
        await shop.press("enter")
        await shop.press("escape")
        screen = await shop.see(" of 5,001")
        assert "needle" in screen, "the cursor stays on what was found"
        await shop.press("slash")
        await shop.type("nowhere")
        await shop.see("No group matches 'nowhere'")
        await shop.press("escape")
        await shop.see(" of 5,001")


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


async def test_read_only_hides_what_changes_groups(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await fill(cleo, acme=2)
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as shop:
        await shop.press("4")
        screen = await shop.see("acme", "read-only")
        assert "s strategy" not in screen
        for key in "sPLWYTOFQ":
            await shop.press(key)
            assert not shop.app.screen.is_modal
        await shop.see("The console was started with --read-only")
        await shop.command("limit 3")
        assert (await cleo.groups.get("emails", "acme")).concurrency is None


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
