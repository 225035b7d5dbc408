"""Which colours are sent to the terminal: its own sixteen with that theme, and none where none are wanted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import Color, ColorType

from cleo_tui.app import CleoApp
from cleo_tui.theme import SIXTEEN_NAME
from tests.console.canned import CannedCleo
from tests.console.test_pictures import SIZES, after, app_on

BRIGHT_RED, BRIGHT_YELLOW = 9, 11
OWN = {ColorType.DEFAULT, ColorType.STANDARD}


def _colours(app: CleoApp) -> Iterator[Color]:
    """All colours on the screen."""
    for strip in app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        for segment in strip:
            if segment.style is not None:
                yield from filter(None, (segment.style.color, segment.style.bgcolor))


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
        await after()(pilot)
        assert {colour.type for colour in _colours(app)} == {ColorType.DEFAULT}
