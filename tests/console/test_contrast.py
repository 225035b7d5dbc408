"""Every text can be read on its ground, on every screen, in each theme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from rich.color_triplet import ColorTriplet
from rich.segment import Segment

from cleo_tui.app import CleoApp
from cleo_tui.theme import SIXTEEN_NAME, THEMES
from tests.console.canned import CannedCleo
from tests.console.test_pictures import SIZES, after, app_on

LEAST = 3.0
# Each begins where the one before has ended.
WAYS = {
    "overview": ["1"],
    "alerts": ["exclamation_mark"],
    "queues": ["escape", "2", "j", "j"],
    "tasks": ["3", "right_square_bracket", "space"],
    "question": ["K"],
    "task": ["escape", "enter"],
    "groups": ["4", "right_square_bracket"],
    "strategy": ["s", "down"],
    "workers": ["escape", "5"],
    "worker": ["G", "enter"],
    "dead letters": ["6", "right_square_bracket", "j"],
    "trash": ["u"],
    "stuck": ["7"],
    "live": ["8"],
    "history": ["9"],
    "more": ["0"],
    "help": ["question_mark"],
    "command": ["escape", "colon", "q"],
}


def _luminance(colour: ColorTriplet) -> float:
    """As WCAG 2 defines it."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """The contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _texts(app: CleoApp) -> Iterator[Segment]:
    """The texts of the screen; what lies behind a dialog is dim for that."""
    screen = app.screen
    region = screen.children[0].region if screen.is_modal else screen.region
    strips = screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    for strip in strips[region.y : region.bottom]:
        shown = strip.crop(region.x, region.right)
        yield from (segment for segment in shown if any(map(str.isalnum, segment.text)))


def _unreadable(app: CleoApp) -> Iterator[str]:
    for text, style, _ in _texts(app):
        assert style is not None
        assert style.color is not None, text
        assert style.bgcolor is not None, text
        # Rich's palette of sixteen colours is the one of old: its dark ones are as dark as any terminal has them.
        ratio = contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor())
        if ratio < LEAST:
            yield f"{text.strip()!r}: {style.color.name} on {style.bgcolor.name} is {ratio:.1f}"


def test_contrast_is_measured_as_it_is_defined() -> None:
    black, white = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, white) == 1


async def test_no_theme_has_a_text_that_can_not_be_read() -> None:
    app = app_on(CannedCleo())
    seen = 0
    found: set[str] = set()
    async with app.run_test(size=SIZES["120x36"]) as pilot:
        for name, keys in WAYS.items():
            await after(*keys)(pilot)
            for theme in THEMES:
                app.theme = theme
                await pilot.pause()
                seen += len(list(_texts(app)))
                found |= {f"{name} in {theme}: {unreadable}" for unreadable in _unreadable(cast("CleoApp", pilot.app))}
    assert seen > 1_000
    assert not found, "\n".join(sorted(found))


async def test_of_sixteen_colours_the_cursor_turns_its_line_round() -> None:
    app = app_on(CannedCleo(), theme=SIXTEEN_NAME)
    async with app.run_test(size=SIZES["80x24"]) as pilot:
        await after("2")(pilot)
        (cursor,) = (text.style for text in _texts(app) if text.text.strip() == "billing")
        (other,) = (text.style for text in _texts(app) if text.text.strip() == "emails")
        assert cursor is not None
        assert other is not None
        assert cursor.reverse
        assert not other.reverse
