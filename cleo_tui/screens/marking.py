"""Marks on the rows of a list: one, or all from the last mark to here. What is done next is done to those."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from cleo_tui.actions import Action
from cleo_tui.screens.base import CleoScreen
from cleo_tui.widgets.table import LazyTable

MARKS = (
    Action("mark", ("space",), "Mark the row, or take the mark off.", label="mark"),
    Action("mark-range", ("ctrl+space", "ctrl+@"), "Mark from the last mark to here."),
)
MARK_ALL = Action("mark-all", ("A",), "Mark all that match, or take all marks off.")
_NAMES = {action.name for action in (*MARKS, MARK_ALL)}


class MarksRows(CleoScreen):
    """A screen with a table whose rows can be marked."""

    table: LazyTable[Any]
    last_marked: str | None = None

    def offers(self, action: Action) -> bool:
        """Without a row there is nothing to mark, and where nothing may be changed nothing to do to what is marked."""
        if action.name not in _NAMES:
            return super().offers(action)
        return self.table.current is not None and not self.cleo_app.reason_against(self.queue_at_hand)

    def do_mark(self) -> None:
        """Mark the row under the cursor, and go on to the next."""
        row = self.table.current
        if row is None:
            return
        key = self.table.rows.key(row)
        if self.table.marked.pop(key, None) is None:
            self.table.marked[key] = row
            self.last_marked = key
        self.table.do_down()
        self.cleo_app.changed()

    def do_mark_range(self) -> None:
        """Mark from the last mark to the cursor, as far as it is loaded."""
        rows = self.table.rows
        start = rows.find(self.last_marked) if self.last_marked else None
        if start is None and self.last_marked in self.table.marked:
            self.cleo_app.warn("The last mark is too far away to mark from there. Mark a nearer row, or all by A.")
            return
        here = self.table.cursor.index
        first, last = sorted((here if start is None else start, here))
        for index in range(first, last + 1):
            row = rows.at(index)
            if row is not None:
                self.table.marked[rows.key(row)] = row
        self.table.redraw()
        self.cleo_app.changed()

    def do_mark_all(self) -> Awaitable[None] | None:
        """Mark all that match, or take all marks off."""
        rows, marked = self.table.rows, self.table.marked
        if marked:
            marked.clear()
        else:
            marked |= {rows.key(row): row for row in rows.loaded()}
        self.changed()
