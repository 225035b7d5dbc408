"""A chart of the history: lines over a range of time, with rulers; the lines are named in the frame's lower edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from cleo_tui.theme import ROLE_CLASSES, Role, ground, ink, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.plotting import FIRST_LINE, RULER, WORDS, Drawing, Point, Stroke, plotted
from cleo_tui.widgets.rulers import Scale, time_ticks

LEAST_WIDTH, LEAST_HEIGHT = 24, 4


@dataclass(frozen=True, slots=True)
class Curve:
    """A line: its name, its points, how it looks, and what it comes to in the range."""

    name: str
    points: tuple[Point, ...]
    role: Role
    stroke: Stroke = Stroke.SOLID
    total: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return all(point.value is None for point in self.points)


@dataclass(frozen=True, slots=True)
class Picture:
    """What a chart shows: what it is of, in which unit, from when to when, and what to say if there is nothing."""

    title: str
    unit: str
    lines: tuple[Curve, ...]
    scale: Scale
    since: float
    until: float
    empty: str


class Plot(Widget):
    """Draws a picture, anew only when it, the size or the colours are others."""

    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    def __init__(self) -> None:
        super().__init__()
        self._picture: Picture | None = None
        self._note = ""
        self._strips: list[Strip] | None = None

    def tell(self, picture: Picture, note: str = "") -> None:
        """Show this picture, with a note behind its title."""
        if (picture, note) == (self._picture, self._note):
            return
        self._picture, self._note, self._strips = picture, note, None
        more = " · ".join(part for part in (picture.unit, note) if part)
        title = Content.assemble(inked(picture.title, Role.STRONG), inked(f"  {more}", Role.MUTED))
        legend = [
            Content.assemble(
                inked(line.stroke.sign, line.role), inked(f" {line.name} {line.total}".rstrip(), Role.MUTED)
            )
            for line in _shown(picture)
        ]
        tell_edges(self, title, Content("   ").join(legend))
        self.refresh()

    def on_resize(self) -> None:
        """Draw anew in the other size."""
        self._strips = None

    def notify_style_update(self) -> None:
        """Draw anew in the other colours."""
        self._strips = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One line of the drawing."""
        if self._strips is None:
            self._strips = self._draw(self.size.width, self.size.height)
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
        return strip.adjust_cell_length(self.size.width).apply_style(ground(self))

    def _draw(self, width: int, height: int) -> list[Strip]:
        picture = self._picture
        if picture is None or width < LEAST_WIDTH or height < LEAST_HEIGHT:
            return []
        # The first line is the one that matters most, so it is drawn last, over the others.
        lines = _shown(picture)[::-1]
        if not lines:
            return self._said(picture.empty, width, height)
        known = [point.value for line in lines for point in line.points if point.value is not None]
        values = picture.scale.ticks(min(known), max(known), height - 2)
        margin = max(cell_len(text) for _, text in values) + 1
        drawing = Drawing(
            [(line.points, line.stroke) for line in lines],
            picture.since,
            picture.until,
            time_ticks(picture.since, picture.until, width - margin),
            values,
        )
        inks = {WORDS: ink(self, Role.MUTED), RULER: ink(self, Role.FAINT)}
        inks |= {FIRST_LINE + number: ink(self, line.role) for number, line in enumerate(lines)}
        return [
            Strip([Segment(piece.text, inks.get(piece.part)) for piece in row])
            for row in plotted(drawing, width, height)
        ]

    def _said(self, text: str, width: int, height: int) -> list[Strip]:
        above = [Strip.blank(width) for _ in range((height - 1) // 2)]
        return [*above, Strip([Segment(f"○  {text}".center(width)[:width], ink(self, Role.MUTED))])]


def _shown(picture: Picture) -> list[Curve]:
    return [line for line in picture.lines if not line.is_empty]
