"""A few lines of what is known of one thing: each fact a label and a value, wrapped as they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from cleo_tui.theme import Role, inked

GAP = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and what it is of."""

    label: str
    value: str
    role: Role = Role.PLAIN

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return cell_len(self.label) + 1 + cell_len(self.value)


class Facts(Widget):
    """The lines. ``tell`` also takes a sentence that stands below them, such as why something is not as usual."""

    def __init__(self) -> None:
        super().__init__()
        self._facts: Sequence[Fact] = ()
        self._note: tuple[str, Role] = ("", Role.PLAIN)

    def tell(self, facts: Sequence[Fact], note: str = "", role: Role = Role.WARN) -> None:
        """Show these facts."""
        if (facts, (note, role)) != (self._facts, self._note):
            self._facts, self._note = facts, (note, role)
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the facts need at that width; it is not yet the widget's own when it is laid out first."""
        return len(_wrapped(self._facts, width - 2)) + len(self._note_lines(width))

    def _note_lines(self, width: int) -> list[str]:
        return wrap(self._note[0], max(1, width - 2))

    def render(self) -> Content:
        """All lines."""
        lines = [Content.assemble(" ", *_joined(line)) for line in _wrapped(self._facts, self.size.width - 2)]
        lines += [inked(f" {line}", self._note[1]) for line in self._note_lines(self.size.width)]
        return Content("\n").join(lines)


def _wrapped(facts: Sequence[Fact], width: int) -> list[list[Fact]]:
    lines: list[list[Fact]] = []
    used = 0
    for fact in facts:
        if lines and used + GAP + fact.width <= width:
            lines[-1].append(fact)
            used += GAP + fact.width
        else:
            lines.append([fact])
            used = fact.width
    return lines


def _joined(facts: Sequence[Fact]) -> list[Content]:
    parts: list[Content] = []
    for fact in facts:
        if parts:
            parts.append(Content(" " * GAP))
        parts += [inked(f"{fact.label} ", Role.MUTED), inked(fact.value, fact.role)]
    return parts
