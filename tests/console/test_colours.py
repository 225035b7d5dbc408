"""Which colours are sent to the terminal: its own sixteen with that theme, and none where none are wanted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import Color, ColorType

from cleo_tui.app import CleoApp
from cleo_tui.settings import ConsoleSettings
from cleo_tui.theme import SIXTEEN_NAME
from tests.console.canned import CannedCleo
from tests.console.test_pictures import SIZES, after, app_on
from tests.waiting import until

BRIGHT_RED, BRIGHT_YELLOW = 9, 11
OWN = {ColorType.DEFAULT, ColorType.STANDARD}


def _colours(app: CleoApp) -> Iterator[Color]:
    """All colours on the screen."""
    for strip in app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        for segment in strip:
            if segment.style is not None:
                yield from filter(None, (segment.style.color, segment.style.bgcolor))


def _turned_round(app: CleoApp) -> set[str]:
    """The texts whose ground and colour have changed places."""
    strips = app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    return {segment.text.strip() for strip in strips for segment in strip if segment.style and segment.style.reverse}


async def test_of_sixteen_colours_those_of_the_terminal_are_sent_from_the_start_and_when_chosen_later() -> None:
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after()(pilot)
        numbers = {colour.number for colour in _colours(app)}
        assert {colour.type for colour in _colours(app)} <= OWN
        # What is broken is red and what needs a look yellow, not what other colours come nearest to these.
        assert {BRIGHT_RED, BRIGHT_YELLOW} <= numbers
        app.theme = "dark"
        await pilot.pause()
        assert {colour.type for colour in _colours(app)} == {ColorType.TRUECOLOR}
        app.theme = SIXTEEN_NAME
        await pilot.pause()
        assert {colour.number for colour in _colours(app)} == numbers


async def test_of_sixteen_colours_none_is_sent_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after("2")(pilot)
        assert {colour.type for colour in _colours(app)} == {ColorType.DEFAULT}
        # Which row, which button and which choice the cursor is on is told by form.
        assert "billing" in _turned_round(app)
        await pilot.press("P")
        await until(lambda: "No, leave it" in _turned_round(app))


def test_where_no_colours_are_wanted_the_theme_is_the_one_that_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CleoApp, "is_headless", False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("NO_COLOR", "1")
    assert CleoApp(settings=ConsoleSettings()).theme == SIXTEEN_NAME
    assert CleoApp(settings=ConsoleSettings(theme="light")).theme == "light"
    monkeypatch.delenv("NO_COLOR")
    assert CleoApp(settings=ConsoleSettings()).theme == "dark"
