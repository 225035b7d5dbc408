"""What is typed behind ``:`` in other words, and typed again; and in which order the keys stand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from textual.pilot import Pilot

from cleo_tui.actions import Action, Effect
from cleo_tui.app import CleoApp
from cleo_tui.commands import candidates_for
from cleo_tui.widgets.keybar import in_order
from cleo_tui.widgets.recall import MOST, Recall
from tests.console.canned import CannedCleo
from tests.console.driving import Console
from tests.console.test_pictures import SIZES, after, app_on
from tests.waiting import until

TITLES = {"waiting", "active", "delayed", "dead", "in", "out", "fail", "oldest", "drain", "strategy", "workers"}


@pytest.fixture
async def shop() -> AsyncIterator[Console]:
    """A console on the queues of the pictures."""
    app: CleoApp = app_on(CannedCleo())
    async with app.run_test(size=SIZES["120x36"], notifications=True) as pilot:
        pilot_of_app: Pilot[None] = pilot
        await after("2")(pilot_of_app)
        yield Console(app, pilot)


def _typed(shop: Console) -> str:
    return shop.app.front().prompt.input.value  # pyright: ignore[reportOptionalMemberAccess]


async def test_a_command_can_be_given_by_the_name_it_has_elsewhere(shop: Console) -> None:
    await shop.command("dlq @images")
    await shop.see("Dead letters / images")
    await shop.command("jobs delayed @emails")
    await shop.see("emails · delayed")
    assert "dlq @images" in candidates_for(shop.app.screen, "dlq @im")
    await shop.command("h")
    await shop.see("On this screen")
    await shop.press("escape")
    await shop.command("q")
    await until(lambda: not shop.app.is_running)


async def test_the_commands_that_were_given_come_back_with_the_arrows_on_every_screen(shop: Console) -> None:
    await shop.command("workers")
    await shop.see("6 workers")
    await shop.command("nonsense")
    await shop.see("There is no command 'nonsense'")
    await shop.press("colon")
    await shop.type("que")
    await shop.press("up")
    assert _typed(shop) == "nonsense"
    await shop.press("up", "up", "up")
    assert _typed(shop) == "workers"
    await shop.press("down", "down")
    assert _typed(shop) == "que"
    await shop.press("down", "up", "up", "enter")
    await until(lambda: shop.app.current_mode == "workers")


async def test_the_arrows_leave_a_filter_as_it_is_typed(shop: Console) -> None:
    await shop.command("queues")
    await shop.see("6 queues")
    await shop.press("slash")
    await shop.type("ema")
    await shop.press("up", "down", "up")
    assert _typed(shop) == "ema"
    await shop.see("filter 'ema': 1 of 6 queues")


def test_a_command_is_kept_once_and_not_for_ever() -> None:
    recall = Recall()
    assert recall.go(-1, "typed") == "typed"
    recall.keep("  ")
    for number in range(MOST + 5):
        recall.keep(f"task {number}")
    recall.keep("task 20")
    assert recall.go(-1, "") == "task 20"
    assert recall.go(-1, "") == f"task {MOST + 4}"
    assert recall.go(-1_000, "") == "task 5"


async def test_a_list_is_sorted_by_the_column_that_is_named(shop: Console) -> None:
    await shop.see("queue↑")
    await shop.command("sort dead")
    screen = await shop.see("dead↓")
    assert screen.index(" images ") < screen.index(" billing ")
    await shop.press("S")
    await shop.see("dead↑")
    await shop.command("sort colour")
    await shop.see("It can't be sorted by 'colour', but by queue,")
    assert candidates_for(shop.app.screen, "sort o") == ["sort out", "sort oldest"]


async def test_a_list_is_sorted_by_the_title_that_is_clicked_on(shop: Console) -> None:
    lines = (await shop.see("queue↑")).splitlines()
    y = next(y for y, line in enumerate(lines) if "queue↑" in line)
    x = lines[y].index("waiting")
    await shop.pilot.click(offset=(x, y))
    await shop.see("waiting↓")
    await shop.pilot.click(offset=(x, y))
    await shop.see("waiting↑")
    # A column that nothing is sorted by, and the gap between two.
    await shop.pilot.click(offset=(lines[y].index("active"), y))
    await shop.pilot.click(offset=(lines[y].index("queue↑") - 1, y))
    await shop.pilot.pause()
    assert "waiting↑" in shop.text()


async def test_the_columns_that_find_no_room_are_shown_in_place_of_others(shop: Console) -> None:
    await shop.pilot.resize_terminal(*SIZES["80x24"])
    before = await shop.see("w +7 columns", "oldest")
    seen = {title for title in TITLES if f" {title}" in before}
    assert seen < TITLES
    for _ in range(len(TITLES)):
        await shop.press("w")
        screen = shop.text()
        assert " billing " in screen
        assert "queue↑" in screen
        seen |= {title for title in TITLES if f" {title}" in screen}
        if screen == before:
            break
    assert shop.text() == before, "it ends where it began"
    assert seen == TITLES
    await shop.press("w")
    await shop.see_no_more("oldest")
    await shop.pilot.resize_terminal(*SIZES["200x50"])
    await shop.see("oldest", "drain", "strategy")
    await shop.see_no_more("columns")


async def test_the_help_has_two_columns_where_the_terminal_has_room_for_them(shop: Console) -> None:
    await shop.press("question_mark")
    assert "Everywhere" not in next(line for line in shop.text().splitlines() if "On this screen" in line)
    await shop.see("j k more")
    await shop.pilot.resize_terminal(*SIZES["200x50"])
    await until(lambda: any("On this screen" in line and "Everywhere" in line for line in shop.text().splitlines()))
    screen = await shop.see("To the last row.", "End the console")
    assert "j k more" not in screen
    await shop.pilot.resize_terminal(*SIZES["80x24"])
    await until(lambda: not any("On this screen" in line and "Every" in line for line in shop.text().splitlines()))


def test_keys_stand_in_the_same_order_whatever_a_screen_names_first() -> None:
    change = Action("retry", ("R",), "", "retry", Effect.CHANGES)
    names = ("help", "filter", "export", "sort", "mark", "next-state", "next-queue", "open")
    actions = [Action(name, ("x",), "", name) for name in names]
    assert [action.name for action in in_order([*actions, change])] == [
        "open", "next-queue", "next-state", "retry", "mark", "sort", "export", "filter", "help",
    ]  # fmt: skip
