"""A chart as plotext draws it: lines with gaps, rulers with ticks.

plotext 6 has one figure, which belongs to its module, so whatever was drawn last is still on it. It is used in this
file alone, in one call that clears it first and takes the drawing away as text; two charts on one screen share nothing.
plotext also takes as long to import as the first screen, so it is imported when the first chart is drawn (``prepare``
does it ahead, in a thread).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any, NamedTuple

from cleo_tui.widgets.rulers import Ticks

DOTS_ACROSS = 2
# Colours stand for what a piece is part of: the rulers and their words, then the lines. The theme gives the real ones.
WORDS, RULER, FIRST_LINE = 1, 2, 3
_CODE = re.compile(r"\x1b\[([0-9;]*)m")


class Stroke(Enum):
    """How a line is drawn, in dots on and off, so that lines are told apart without colours; and its sign."""

    SOLID = (1, 0, "━")
    DASHED = (4, 3, "╍")
    DOTTED = (1, 2, "┈")

    @property
    def sign(self) -> str:
        """The sign in the legend."""
        return self.value[2]


class Point(NamedTuple):
    """A value of some time; None where there is none."""

    since: float
    until: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is to be drawn: lines in their strokes, from ``since`` to ``until``, between the ends of the rulers."""

    lines: Sequence[tuple[Sequence[Point], Stroke]]
    since: float
    until: float
    times: Ticks
    values: Ticks


class Piece(NamedTuple):
    """Some characters, and what they are part of: ``WORDS``, ``RULER``, a line from ``FIRST_LINE`` on, or 0."""

    text: str
    part: int


@cache
def _plotext() -> Any:
    plotext = import_module("plotext")
    # The size is that of a widget, whatever the size of the terminal.
    plotext.terminal.limit(False, False)
    return plotext


def prepare() -> None:
    """Import plotext, so that the first chart does not have to."""
    _plotext()


def plotted(drawing: Drawing, width: int, height: int) -> list[list[Piece]]:
    """The drawing in lines of so many columns."""
    plotext = _plotext()
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    figure.canvas("default")
    figure.legend(False)
    figure.axes(pixel=plotext.pixel(RULER))
    figure.axes(False, axis="x", side="upper")
    figure.axes(False, axis="y", side="right")
    times, values = figure.ruler("x", "lower"), figure.ruler("y", "left")
    times.lim(drawing.since, drawing.until)
    times.ticks([place for place, _ in drawing.times], labels=[text for _, text in drawing.times])
    values.lim(drawing.values[0][0], drawing.values[-1][0])
    values.ticks([place for place, _ in drawing.values], labels=[text for _, text in drawing.values])
    for ruler in (times, values):
        ruler.pixel(plotext.pixel(WORDS))
    columns = width - max(len(text) for _, text in drawing.values) - 1
    dot = (drawing.until - drawing.since) / max(1, columns * DOTS_ACROSS)
    for number, (points, stroke) in enumerate(drawing.lines):
        marker = plotext.marker("braille", plotext.pixel(FIRST_LINE + number))
        for run in _runs(points):
            for xs, ys in _strokes(run, stroke, dot):
                figure.draw(figure.signal(xs, ys, marker=marker).lines(True))
    text: str = figure.build().string()
    figure.clear()
    return [list(_pieces(line)) for line in text.splitlines()[:height]]


def _runs(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    """The parts without a gap. Each value stands in the middle of its time; one alone is as long as its time."""
    run: list[Point] = []
    for point in [*points, Point(0, 0, None)]:
        if point.value is not None:
            run.append(point)
            continue
        if len(run) == 1:
            yield [(run[0].since, run[0].value or 0.0), (run[0].until, run[0].value or 0.0)]
        elif run:
            yield [((one.since + one.until) / 2, one.value or 0.0) for one in run]
        run = []


def _strokes(
    run: Sequence[tuple[float, float]], stroke: Stroke, dot: float
) -> Iterator[tuple[list[float], list[float]]]:
    """The pieces of a run that are drawn, each in one stroke."""
    on, off, _ = stroke.value
    if not off:
        yield [x for x, _ in run], [y for _, y in run]
        return
    xs: list[float] = []
    ys: list[float] = []
    for number, (x, y) in enumerate(_by_dots(run, dot)):
        if number % (on + off) < on:
            xs.append(x)
            ys.append(y)
        elif xs:
            yield xs, ys
            xs, ys = [], []
    if xs:
        yield xs, ys


def _by_dots(run: Sequence[tuple[float, float]], dot: float) -> Iterator[tuple[float, float]]:
    """A point for each column of dots, straight lines between those that are known."""
    x = run[0][0]
    for (left, low), (right, high) in pairwise(run):
        while x <= right:
            yield x, low + (high - low) * (x - left) / (right - left)
            x += dot


def _pieces(line: str) -> Iterator[Piece]:
    part = 0
    parts = _CODE.split(line)
    # Texts and codes in turn: `38;5;N` is the colour, `0` none, and `48;5;N` a ground, which is the theme's.
    for index, text in enumerate(parts):
        if index % 2 == 0:
            if text:
                yield Piece(text, part)
        elif text.startswith("38;5;"):
            part = int(text[5:])
        elif text in {"", "0"}:
            part = 0
