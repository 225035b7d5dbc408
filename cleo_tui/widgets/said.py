"""What a dialog says above what is typed and pressed: it scrolls where it finds no room, and the frame says so."""

from __future__ import annotations

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges

SCROLL_KEYS: list[BindingType] = [
    ("down", "read('down')", "Down"),
    ("up", "read('up')", "Up"),
]


class Said(VerticalScroll, can_focus=False):
    """The text of a dialog. Its parent is the frame; what must always be in sight is docked below it."""

    def watch_show_vertical_scrollbar(self, more: bool) -> None:
        """Say that there is more than is seen."""
        if isinstance(self.parent, Widget):
            tell_edges(self.parent, lower=inked("↑ ↓ more" if more else "", Role.MUTED))

    def read(self, way: str) -> None:
        """Show what is further ``up`` or ``down``."""
        (self.scroll_down if way == "down" else self.scroll_up)(animate=False)
