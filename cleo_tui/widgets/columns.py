"""What a table's columns are, and which of them find room in how much width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

from rich.cells import cell_len, set_cell_size

from cleo_tui import say
from cleo_tui.theme import Role

Row = TypeVar("Row")
GAP = 2
EDGE = 2


class Cell(NamedTuple):
    """What stands in a cell, and what for."""

    text: str
    role: Role = Role.PLAIN


class Side(Enum):
    """Where the text of a column stands."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column: ``width`` is its least, ``grow`` its share of what is left over, up to ``most``.

    Where there is no room, the column with the highest ``drop`` goes first; those with 0 stay. A cell that ``flashes``
    is in the accent for a moment when it has changed; that is for counts and states, not for what ages by itself.
    """

    title: str
    width: int
    cell: Callable[[Row], Cell]
    side: Side = Side.LEFT
    grow: int = 0
    most: int = 1_000
    drop: int = 0
    flashes: bool = False


Layout = list[tuple[Column[Row], int]]


def lay_out(columns: Sequence[Column[Row]], width: int) -> Layout[Row]:
    """Columns that find room, with their widths."""
    chosen = columns
    spare, shares = max(0, width - _needed(chosen)), sum(column.grow for column in chosen)
    layout: Layout[Row] = []
    for column in chosen:
        extra = min(spare * column.grow // shares, column.most - column.width) if column.grow else 0
        spare, shares = spare - extra, shares - column.grow
        layout.append((column, column.width + extra))
    return layout


def views_of(columns: Sequence[Column[Row]], width: int) -> list[Sequence[Column[Row]]]:
    """The columns that find room; then those that found none, as many at a time as do, beside those that name a row."""
    views = [_with_room(columns, width)]
    left = [column for column in columns if column not in views[0]]
    names = columns[: next((place for place, column in enumerate(columns, 1) if column.grow), 1)]
    while left:
        taken = 1
        while taken < len(left) and _needed([*names, *left[: taken + 1]]) <= width:
            taken += 1
        views.append([*names, *left[:taken]])
        left = left[taken:]
    return views


def title_at(layout: Layout[Row], x: int) -> str:
    """The title of the column that stands there, or nothing between two and beside them."""
    left = EDGE
    for column, width in layout:
        if left <= x < left + width:
            return column.title
        left += width + GAP
    return ""


def _with_room(columns: Sequence[Column[Row]], width: int) -> Sequence[Column[Row]]:
    """Leaves out one column after the other; a narrow one comes back if what went after it has made room for it."""
    kept = list(columns)
    by_worth = sorted((column for column in columns if column.drop), key=lambda column: -column.drop)
    for column in by_worth:
        if _needed(kept) <= width:
            break
        kept.remove(column)
    for column in reversed(by_worth):
        if column not in kept and _needed([*kept, column]) <= width:
            kept.append(column)
    return [column for column in columns if column in kept]


def _needed(columns: Sequence[Column[Row]]) -> int:
    return EDGE + sum(column.width + GAP for column in columns)


def fit(text: str, width: int, side: Side) -> str:
    """The text in so many cells; what is too wide ends in an ellipsis."""
    text = say.printable(text).replace("\n", " ")
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    padding = " " * (width - length)
    return padding + text if side is Side.RIGHT else text + padding
