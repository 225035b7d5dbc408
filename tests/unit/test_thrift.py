"""What the console writes is shorter, and looks the same on the terminal."""

from __future__ import annotations

from typing import Any

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style

from cleo_tui.thrift import thrifty

COLOURS = st.sampled_from([None, "#d6dae6", "#8b93a7", "color(17)", "red", "bright_blue", "default"])
STYLES = st.builds(
    Style,
    color=COLOURS,
    bgcolor=COLOURS,
    bold=st.sampled_from([None, True]),
    reverse=st.sampled_from([None, True]),
    underline=st.sampled_from([None, True]),
)
TEXTS = st.sampled_from(["waiting", " ", "   ", "─│", "7 s", ""])
MOVES = st.sampled_from(["", "", "", "\x1b[3;2H", "\x1b[1;1H", "\x1b[2;30H\r\n\x1b[4;1H"])
DRAWN = st.lists(st.tuples(MOVES, STYLES, TEXTS), max_size=12)


def written(drawn: list[tuple[str, Style, str]], system: ColorSystem = ColorSystem.TRUECOLOR) -> str:
    return "".join(f"{move}{style.render(text, color_system=system)}" for move, style, text in drawn)


def screen_of(*outputs: str) -> Any:
    screen = pyte.Screen(40, 6)
    stream = pyte.Stream(screen)
    for output in outputs:
        stream.feed(output)
    seen = [[screen.buffer[y][x] for x in range(40)] for y in range(6)]
    # The colour of a blank can't be seen, unless it is underlined or turned round.
    return [
        [
            cell if cell.data != " " or cell.reverse or cell.underscore else cell._replace(fg="", bold=False)
            for cell in line
        ]
        for line in seen
    ]


@given(DRAWN, DRAWN, st.sampled_from([ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT, ColorSystem.STANDARD]))
def test_it_looks_the_same(
    first: list[tuple[str, Style, str]], second: list[tuple[str, Style, str]], system: ColorSystem
) -> None:
    outputs = [written(first, system), written(second, system)]
    shorter = [thrifty(output) for output in outputs]
    assert screen_of(*shorter) == screen_of(*outputs)
    assert all(len(less) <= len(output) + len("\x1b[0m") for less, output in zip(shorter, outputs, strict=True))


def test_a_row_of_a_table_takes_half_the_bytes() -> None:
    ground = "#0e1117"
    cell, gap = Style(color="#8b93a7", bgcolor=ground), Style(bgcolor=ground)
    strong = Style(color="#d6dae6", bgcolor=ground)
    row = written(
        [("", style, text) for style, text in [(cell, "waiting"), (gap, "  "), (strong, "send"), (gap, "  ")]] * 8
    )
    assert len(thrifty(row)) < len(row) / 2


@pytest.mark.parametrize(
    "output",
    [
        "",
        "text",
        "\x1b[?2026h",
        "\x1b[?1049h\x1b[H",
        "\x1b[1mbold \x1b[31mand red\x1b[0m",
        "\x1b]52;c;AAA=\x07",
        "\x1b[5;2H",
    ],
)
def test_what_is_written_otherwise_stays_as_it_is(output: str) -> None:
    assert thrifty(output) == output
