"""What can be changed about groups: how they take turns, and what each may do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from cleo_core import Cleo, GroupOrder, GroupStrategy, RateLimit, TaskState
from cleo_tui.settings import ConsoleSettings
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


async def strategy(cleo: Cleo) -> GroupStrategy:
    return (await cleo.groups.rules("emails")).strategy


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


async def test_where_no_task_comes_next_the_preview_says_why(shop: Console, cleo: Cleo) -> None:
    for group in ("acme", "globex", "hooli"):
        await cleo.groups.pause("emails", group)
    await shop.press("s")
    await shop.see("kept by limits, pauses or locks")
    await shop.press("escape")
    await cleo.queues.cancel(
        "emails", [task.id for task in (await cleo.queues.tasks("emails", TaskState.WAITING)).items]
    )
    await shop.press("s")
    await shop.see("no task waits")


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
    await shop.see("rate limit: 500/s → none", "Now on the server: not paused, ")
    await shop.press("y")
    await shop.see("queue rate none")
    assert (await cleo.queues.stats("emails")).rate_limit is None


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
