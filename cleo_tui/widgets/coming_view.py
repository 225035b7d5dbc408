"""The next tasks side by side: as things are, and as they would be."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.widget import Widget

from cleo_core.models import TaskSummary
from cleo_tui import say
from cleo_tui.data.coming import NEXT, Coming
from cleo_tui.theme import Role, inked

GAP = 3
PLACE = 3
MARK = 2
ID = 9


class ComingView(Widget):
    """Two lists of tasks: group, id and name of each. In the second, a ``+`` marks those that are not in the first."""

    def __init__(self) -> None:
        super().__init__()
        self._heads = ("now", "then")
        self._coming: Coming | None = None
        self._instead = ""
        self.styles.height = NEXT + 1

    def head(self, now: str, then: str) -> None:
        """Say what each list is by; the tasks that were shown are of other rules, so they go."""
        self._heads = (now, then)
        self._coming, self._instead = None, "asking the server"
        self.refresh()

    def tell(self, coming: Coming) -> None:
        """Show these tasks."""
        self._coming, self._instead = coming, ""
        self.refresh()

    def fail(self, why: str) -> None:
        """Say why there is nothing to show."""
        self._coming, self._instead = None, why
        self.refresh()

    def render(self) -> Content:
        """Both lists, line by line."""
        half = (self.size.width - GAP) // 2
        now, then = self._heads
        lines = [_beside(_cut(f"Now: {now}", half), _cut(f"Then: {then}", half), Role.ACCENT)]
        coming = self._coming
        if coming is None:
            return Content("\n").join([*lines, inked(f"◌ {self._instead}", Role.MUTED)])
        here = frozenset(task.id for task in coming.now)
        for place in range(NEXT):
            left, right = (_row(tasks, place, half, here, coming.why_none) for tasks in (coming.now, coming.then))
            lines.append(Content.assemble(left, " " * GAP, right))
        return Content("\n").join(lines)


def _beside(left: str, right: str, role: Role) -> Content:
    return Content.assemble(inked(left, role).stylize("bold"), " " * GAP, inked(right, role).stylize("bold"))


def _row(tasks: Sequence[TaskSummary], place: int, width: int, here: frozenset[str], why_none: str) -> Content:
    if place >= len(tasks):
        text = why_none if not tasks and place == 0 else ""
        return inked(_cut(text, width), Role.MUTED)
    task = tasks[place]
    room = max(8, width - PLACE - MARK - ID - 2)
    group = max(4, room // 2)
    new = task.id not in here
    return Content.assemble(
        inked(f"{place + 1:>{PLACE - 1}} ", Role.MUTED),
        inked("+ " if new else "  ", Role.GOOD),
        inked(f"{_cut(say.group(task.group), group)} ", Role.STRONG),
        inked(f"{_tail(task.id)} ", Role.MUTED),
        inked(_cut(task.name, room - group), Role.PLAIN),
    )


def _tail(text: str) -> str:
    """The end of an id, which is what tells ids of one moment apart."""
    return f"{text:<{ID}}" if len(text) <= ID else f"…{text[-ID + 1 :]}"


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text + " " * (width - cell_len(text))
    return set_cell_size(text, width - 1) + "…"
