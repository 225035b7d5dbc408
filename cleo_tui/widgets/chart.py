"""A chart of a few lines over the last hour, for the overview."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from cleo_tui.theme import ROLE_CLASSES, Inked, Role, inked
from cleo_tui.widgets.braille import DOTS_ACROSS, Canvas, stretched
from cleo_tui.widgets.edges import tell_edges

SOLID, DASHED = "━", "╍"


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, its values from the oldest to now, its look, and how it stands now."""

    name: str
    values: tuple[float | None, ...]
    role: Role
    dashed: bool = False
    now: str = ""


class Chart(Widget, Inked):
    """Lines over time; the names of the lines and how they stand now are in the frame's lower edge."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self, title: str, say: Callable[[float], str], *, span: str, id: str | None = None) -> None:
        super().__init__(id=id)
        tell_edges(self, inked(title, Role.STRONG))
        self._say = say
        self._span = span
        self._series: Sequence[Series] = ()

    def tell(self, series: Sequence[Series]) -> None:
        """Show these lines."""
        if series == self._series:
            return
        self._series = series
        legend = [
            Content.assemble(
                inked(DASHED if line.dashed else SOLID, line.role),
                inked(f" {line.name} {line.now}".rstrip(), Role.MUTED),
            )
            for line in series
        ]
        tell_edges(self, lower=Content("   ").join(legend))
        self._lines: list[list[Segment]] | None = None
        self.refresh()

    def on_resize(self) -> None:
        """Draw anew in the other size."""
        self._lines = None

    def notify_style_update(self) -> None:
        """Draw anew in the other colours."""
        self.forget_inks()
        self._lines = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the drawing."""
        if self._lines is None:
            self._lines = self._draw(self.size.width, self.size.height)
        if y >= len(self._lines):
            return Strip.blank(self.size.width, self.ink())
        return Strip(self._lines[y]).adjust_cell_length(self.size.width).apply_style(self.ink())

    def _draw(self, width: int, height: int) -> list[list[Segment]]:
        rows = height - 1
        if rows < 1 or width < 16 or not self._series:
            return []
        top = _ceiling(max((value or 0 for line in self._series for value in line.values), default=0))
        labels = {0: self._say(top), rows - 1: self._say(0)}
        if rows >= 5 and rows % 2:
            labels[rows // 2] = self._say(top / 2)
        margin = max(len(label) for label in labels.values()) + 1
        canvas = Canvas(width - margin - 1, rows)
        for number, line in enumerate(self._series):
            heights = [None if value is None else value / top for value in line.values]
            canvas.line(stretched(heights, canvas.width * DOTS_ACROSS), number, dashed=line.dashed)
        faint, muted = self.ink(Role.FAINT), self.ink(Role.MUTED)
        inks = [self.ink(line.role) for line in self._series]
        lines: list[list[Segment]] = []
        for row in range(rows):
            axis = "┤" if row in labels else "│"
            segments = [Segment(labels.get(row, "").rjust(margin - 1), muted), Segment(axis, faint)]
            segments += [Segment(text, inks[number] if number >= 0 else None) for text, number in canvas.row(row)]
            lines.append(segments)
        lines.append([Segment(" " * margin), Segment(_times(self._span, canvas.width), muted)])
        return lines


def _times(span: str, width: int) -> str:
    left, right = f"{span} ago", "now"
    return left + right.rjust(width - len(left)) if width > len(left) + len(right) else right.rjust(width)


def _ceiling(highest: float) -> float:
    """The next round number above."""
    if highest <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(highest))
    return next(step * size for step in (1, 2, 2.5, 5, 10) if step * size >= highest * 0.999)
