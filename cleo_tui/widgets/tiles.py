"""The tiles of the overview: a few numbers to be read at one glance, from across the room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from cleo_tui.theme import ROLE_CLASSES, Inked, Role

LEAST_WIDTH = 13
LINES = 2
GAP = 1
# What worries has a thicker edge, so that this is not told in colour alone.
EDGE, WORRIED = "▎", "▌"


@dataclass(frozen=True, slots=True)
class Tile:
    """A number: what it is, how much, what more there is to say, and whether it worries."""

    label: str
    value: str
    note: str = ""
    role: Role = Role.PLAIN


class Tiles(Widget, Inked):
    """Tiles side by side, in as few rows as their width allows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tiles: Sequence[Tile] = ()

    def tell(self, tiles: Sequence[Tile]) -> None:
        """Show these tiles."""
        before, self._tiles = self._tiles, tiles
        if len(tiles) != len(before):
            self.refresh(layout=True)
        elif changes := list(self._changes(before)):
            self.refresh(*changes)

    def _changes(self, before: Sequence[Tile]) -> Iterator[Region]:
        """What a tile says anew, and nothing beside it: they say something anew all the time."""
        columns = self._columns(self.size.width)
        for place, (old, new) in enumerate(zip(before, self._tiles, strict=True)):
            row, column = divmod(place, columns)
            left, right = self._edges(column, columns)
            if (old.label, old.role) != (new.label, new.role):
                yield Region(left, row * (LINES + GAP), right - left, LINES)
            elif old != new:
                yield Region(left, row * (LINES + GAP) + 1, right - left, 1)

    def _edges(self, column: int, columns: int) -> tuple[int, int]:
        return self.size.width * column // columns, self.size.width * (column + 1) // columns

    def notify_style_update(self) -> None:
        """All looks different now."""
        self.forget_inks()
        super().notify_style_update()

    def _columns(self, width: int) -> int:
        size = max(1, len(self._tiles))
        most = max(1, width // LEAST_WIDTH)
        rows = -(-size // most)
        return -(-size // rows)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the rows need."""
        rows = -(-len(self._tiles) // self._columns(width))
        return max(1, rows * (LINES + GAP) - GAP)

    def render_line(self, y: int) -> Strip:
        """Draw a line of a row of tiles."""
        row, line = divmod(y, LINES + GAP)
        columns = self._columns(self.size.width)
        tiles = self._tiles[row * columns : (row + 1) * columns]
        if not tiles or line >= LINES:
            return Strip.blank(self.size.width, self.ink())
        segments: list[Segment] = []
        for place, tile in enumerate(tiles):
            left, right = self._edges(place, columns)
            segments += self._tile(tile, line, right - left)
        return Strip(Segment.adjust_line_length(segments, self.size.width, self.ink()), self.size.width)

    def _tile(self, tile: Tile, line: int, width: int) -> list[Segment]:
        worried = tile.role in {Role.WARN, Role.BAD}
        bar = Segment(WORRIED if worried else EDGE, self.ink(tile.role if worried else Role.FAINT))
        room = width - 2
        if line == 0:
            label = tile.label[:room].ljust(room)
            return [bar, Segment(label, self.ink(tile.role if worried else Role.MUTED)), Segment(" ", self.ink())]
        value = tile.value[:room]
        note = tile.note if len(value) + 1 + len(tile.note) <= room else ""
        rest = f" {note}" if note else ""
        role = tile.role if worried else Role.STRONG
        return [
            bar,
            Segment(value, self.ink(role) + Style(bold=True)),
            Segment(rest.ljust(room - len(value)), self.ink(Role.MUTED)),
            Segment(" ", self.ink()),
        ]
