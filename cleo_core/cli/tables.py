"""Tables and lists of facts in plain text, as wide as the terminal is."""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TextIO

from cleo_core.cli.words import clean

GAP = "  "
NARROWEST = 8


class Colour(IntEnum):
    """The colours of a terminal that are used, by their SGR number."""

    BOLD = 1
    DIM = 2
    RED = 31
    GREEN = 32
    YELLOW = 33


@dataclass(frozen=True, slots=True)
class Painted:
    """A cell in a colour."""

    text: str
    colour: Colour | None


Cell = str | Painted


@dataclass(frozen=True, slots=True)
class Column:
    """A column: numbers stand on the right; one that ``shrinks`` is cut when the terminal is too narrow."""

    title: str
    right: bool = False
    shrinks: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """How what is written will be seen: the width of the terminal (None: any), and whether it has colours."""

    width: int | None = None
    colours: bool = False

    @classmethod
    def of(cls, stream: TextIO) -> Look:
        """Plain and as wide as need be unless the stream is a terminal. ``NO_COLOR`` is respected."""
        if not stream.isatty():
            return cls()
        plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "") in {"", "dumb"}
        return cls(shutil.get_terminal_size().columns, not plain)

    def paint(self, text: str, colour: Colour) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{colour.value}m{text}\x1b[0m" if self.colours else text


def right(title: str) -> Column:
    """A column of numbers."""
    return Column(title, right=True)


def wide(title: str) -> Column:
    """A column that is cut when there is no room."""
    return Column(title, shrinks=True)


def table(look: Look, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> str:
    """Rows under the heads of their columns. Without rows only the heads."""
    cells = [[_painted(cell) for cell in row] for row in rows]
    widths = [
        max([text_width(column.title), *(text_width(row[place].text) for row in cells)])
        for place, column in enumerate(columns)
    ]
    _fit(look, columns, widths)
    head = [Painted(column.title, Colour.BOLD) for column in columns]
    return "\n".join(_line(look, columns, widths, row) for row in [head, *cells])


def facts(look: Look, pairs: Iterable[tuple[str, Cell]]) -> str:
    """Names and values, one a line."""
    listed = [(name, _painted(value)) for name, value in pairs]
    width = max((text_width(name) for name, _ in listed), default=0)
    return "\n".join(
        f"{look.paint(_pad(name, width, right_side=False), Colour.BOLD)}{GAP}{_shown(look, value)}"
        for name, value in listed
    )


def text_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text
    )


def cut(text: str, width: int) -> str:
    """The text, shortened to a width."""
    if text_width(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        used += text_width(character)
        if used > width - 1:
            break
        kept += character
    return f"{kept}\u2026"


def _painted(cell: Cell) -> Painted:
    return Painted(clean(cell.text), cell.colour) if isinstance(cell, Painted) else Painted(clean(cell), None)


def _fit(look: Look, columns: Sequence[Column], widths: list[int]) -> None:
    """Shrink the widest of the columns that may be cut until the line fits, or none can give more."""
    if look.width is None:
        return
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - look.width
    while excess > 0:
        able = [place for place, column in enumerate(columns) if column.shrinks and widths[place] > NARROWEST]
        if not able:
            return
        widest = max(able, key=lambda place: widths[place])
        widths[widest] -= 1
        excess -= 1


def _line(look: Look, columns: Sequence[Column], widths: Sequence[int], row: Sequence[Painted]) -> str:
    parts: list[str] = []
    for column, width, cell in zip(columns, widths, row, strict=True):
        text = cut(cell.text, width) if column.shrinks else cell.text
        parts.append(_shown(look, Painted(_pad(text, width, right_side=column.right), cell.colour)))
    return GAP.join(parts).rstrip()


def _shown(look: Look, cell: Painted) -> str:
    return cell.text if cell.colour is None else look.paint(cell.text, cell.colour)


def _pad(text: str, width: int, *, right_side: bool) -> str:
    space = " " * max(0, width - text_width(text))
    return space + text if right_side else text + space
