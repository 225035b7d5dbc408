"""A frame around a table: its name above, the place of the cursor below, and a card when there is nothing."""

from __future__ import annotations

from typing import Generic, TypeVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from cleo_tui import say
from cleo_tui.actions import app_of, shown
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.columns import Side, fit
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.statecard import Card, StateCard
from cleo_tui.widgets.table import LazyTable

Row = TypeVar("Row")
CORNERS = 6
LEAST_TITLE = 12


class Pane(Vertical, Generic[Row]):
    """The frame. ``tell`` says what to call it; without a card the table is shown."""

    def __init__(self, table: LazyTable[Row], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = table
        table.when_moved = self._follow
        self._card = StateCard()
        self._card.display = False
        self._named = ("", "", Role.MUTED)

    def compose(self) -> ComposeResult:
        """The table, and the card that takes its place."""
        yield self.table
        yield self._card

    def tell(self, title: str, note: str = "", *, stale: str = "", card: Card | None = None) -> None:
        """Name the frame, say what is wrong with data that is ``stale`` or else the note, and show a card if any."""
        self._named = (title, f"▲ {stale}", Role.BAD) if stale else (title, note, Role.MUTED)
        self._tell_heading()
        if card is not None:
            self._card.tell(card)
        if self._card.display != (card is not None):
            had_focus = self.table.has_focus
            self._card.display = card is not None
            self.table.display = card is None
            if had_focus or (card is None and self.screen.focused is None):
                self.table.focus()
        self._tell_place(card)

    def on_resize(self) -> None:
        """There is other room for the name."""
        self._tell_heading()

    def _tell_heading(self) -> None:
        """The name and what is beside it; a long name gives way, as it is told elsewhere too."""
        title, note, role = self._named
        room = self.outer_size.width - CORNERS - (cell_len(note) + 2 if note else 0)
        if LEAST_TITLE <= room < cell_len(title):
            title = fit(title, room, Side.LEFT)
        heading = Content.assemble(inked(title, Role.STRONG), inked(f"  {note}" if note else "", role))
        tell_edges(self, heading)

    def _follow(self) -> None:
        """The place of the cursor, and how many columns there is no room for, are in the frame."""
        if self.is_mounted and self.table.display:
            self._tell_place(None)

    def _tell_place(self, card: Card | None) -> None:
        parts: list[str] = []
        table = self.table
        if card is None and table.rows.total:
            parts.append(f"{say.count(table.cursor.index + 1)} of {say.count(table.rows.total)}")
        if table.marked:
            parts.append(f"{say.count(len(table.marked))} marked")
        if card is None and table.dropped:
            key = app_of(self).settings.keys.get("columns", ("w",))[0]
            parts.append(f"{shown(key)} +{say.plural(table.dropped, 'column')}")
        tell_edges(self, lower=inked(" · ".join(parts), Role.MUTED))
