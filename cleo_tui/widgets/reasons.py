"""A task's state and the reasons for it, each with its sign in front and what doesn't fit on the line beside, not below
it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from cleo_core.models import TaskState
from cleo_core.reasons import Reason
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.looks import REASONS, STATES

INDENT = 2


class Reasons(Widget):
    """The reasons, the most decisive first, which stands out."""

    def __init__(self) -> None:
        super().__init__()
        self._state: TaskState | None = None
        self._reasons: Sequence[Reason] = ()

    def tell(self, state: TaskState, reasons: Sequence[Reason]) -> None:
        """Say why a task is in this state."""
        if (state, reasons) != (self._state, self._reasons):
            self._state, self._reasons = state, reasons
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the reasons take at this width, and an empty one below."""
        return 2 + sum(len(self._wrapped(reason, width)) for reason in self._reasons)

    def render(self) -> Content:
        """The state, then the reasons."""
        if self._state is None:
            return Content("")
        look = STATES[self._state]
        waits = self._state in {TaskState.WAITING, TaskState.DELAYED}
        head = inked(f"{look.glyph} {self._state}", look.role).stylize("bold")
        lines = [Content.assemble(head, inked("   why it is not running" if waits else "", Role.MUTED))]
        for place, reason in enumerate(self._reasons):
            sign = REASONS[reason.kind]
            role = Role.STRONG if place == 0 else Role.PLAIN
            first, *rest = self._wrapped(reason, self.size.width)
            lines.append(Content.assemble(inked(f"{sign.glyph} ", sign.role), inked(first, role)))
            lines += [inked(" " * INDENT + text, role) for text in rest]
        return Content("\n").join(lines)

    @staticmethod
    def _wrapped(reason: Reason, width: int) -> list[str]:
        return textwrap.wrap(reason.text, max(20, width - INDENT), break_on_hyphens=False)
