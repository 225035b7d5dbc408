"""Which colours are sent to the terminal: its own sixteen with that theme, and none where none are wanted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.color import Color, ColorType
from rich.segment import Segment
from textual._context import visible_screen_stack
from textual.renderables.blank import Blank

from cleo_tui.app import CleoApp
from cleo_tui.screens.password import PasswordScreen
from cleo_tui.settings import ConsoleSettings
from cleo_tui.theme import SIXTEEN_NAME
from tests.console.canned import CannedCleo
from tests.console.test_pictures import SIZES, after, app_on
from tests.waiting import until

BRIGHT_BLACK, BRIGHT_RED, BRIGHT_YELLOW = 8, 9, 11
OWN = {ColorType.DEFAULT, ColorType.STANDARD}


def _segments(app: CleoApp) -> Iterator[Segment]:
    """All texts on the screen, with what lies behind a dialog."""
    for strip in app.screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        yield from strip


def _colours(app: CleoApp) -> Iterator[Color]:
    """All colours on the screen."""
    for segment in _segments(app):
        if segment.style is not None:
            yield from filter(None, (segment.style.color, segment.style.bgcolor))


def _turned_round(app: CleoApp) -> set[str]:
    """The texts whose ground and colour have changed places."""
    return {segment.text.strip() for segment in _segments(app) if segment.style and segment.style.reverse}


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


async def test_of_sixteen_colours_what_lies_behind_a_dialog_is_faint_and_all_colours_are_those_of_the_terminal() -> (
    None
):
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after("2", "P")(pilot)
        looks = {segment.text.strip(): segment.style for segment in _segments(app) if segment.style}
        behind, dialog = looks["● connected"], looks["No, leave it"]
        assert behind.color is not None
        assert behind.color.number == BRIGHT_BLACK
        assert not behind.reverse
        assert dialog.reverse
        assert all(style.bgcolor and style.bgcolor.type is ColorType.STANDARD for style in looks.values())
        assert {colour.type for colour in _colours(app)} <= OWN


async def test_without_colours_the_entry_of_the_palette_that_is_chosen_is_told_by_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)

    def underlined() -> set[str]:
        return {segment.text.strip() for segment in _segments(app) if segment.style and segment.style.underline}

    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after("2", "ctrl+p")(pilot)
        await until(lambda: "Back  (esc)" in underlined())
        await pilot.press("down")
        await until(lambda: "Queue" in underlined() and "Back  (esc)" not in underlined())


async def test_a_marked_line_is_marked_as_a_whole() -> None:
    app = app_on(CannedCleo())
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after("3", "right_square_bracket", "space", "j")(pilot)
        line = next(
            strip
            for strip in app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
            if "✓ ○ waiting" in strip.text
        )
        told = {segment.text.strip(): segment.style for segment in line if any(map(str.isalnum, segment.text))}
        assert "send_email" in told
        assert len({style.color for style in told.values() if style}) == 1


def test_where_no_colours_are_wanted_the_theme_is_the_one_that_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CleoApp, "is_headless", False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("NO_COLOR", "1")
    assert CleoApp(settings=ConsoleSettings()).theme == SIXTEEN_NAME
    assert CleoApp(settings=ConsoleSettings(theme="light")).theme == "light"
    monkeypatch.delenv("NO_COLOR")
    assert CleoApp(settings=ConsoleSettings()).theme == "dark"


async def test_a_dialog_with_nothing_behind_it_is_drawn_in_sixteen_colours() -> None:
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)
    async with app.run_test(size=SIZES["80x24"]):
        dialog = PasswordScreen("shop")
        await app.push_screen(dialog)
        visible_screen_stack.set([])
        assert isinstance(dialog.render(), Blank)
