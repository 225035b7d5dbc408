"""Copying the row under the cursor: its id, or all of it as JSON."""

from __future__ import annotations

from typing import Any

from cleo_tui.screens.base import CleoScreen
from cleo_tui.widgets.table import LazyTable


class CopiesRow(CleoScreen):
    """A screen with a table of models; ``noun`` is what one of them is."""

    table: LazyTable[Any]
    noun = "row"

    def do_copy_id(self) -> None:
        """Copy the id."""
        if row := self.table.current:
            self.cleo_app.copy_to_clipboard(row.id)
            self.cleo_app.say(f"Copied {row.id}.")

    def do_copy(self) -> None:
        """Copy all of it."""
        if row := self.table.current:
            self.cleo_app.copy_to_clipboard(row.model_dump_json(indent=2))
            self.cleo_app.say(f"Copied the {self.noun} as JSON.")
