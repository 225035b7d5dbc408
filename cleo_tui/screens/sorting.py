"""Lists that can be sorted: by the next column, or the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from cleo_tui.actions import Action
from cleo_tui.screens.base import CleoScreen
from cleo_tui.widgets.table import LazyTable

Row = TypeVar("Row")
Key = Callable[[Row], Any]
SORTS = (
    Action("sort", ("s",), "Sort by the next column.", label="sort"),
    Action("reverse", ("S",), "Sort the other way round."),
)


class SortsRows(CleoScreen, Generic[Row]):
    """A screen with a table whose rows are wholly in memory. ``orders`` are its keys by the titles of the columns."""

    table: LazyTable[Row]
    orders: dict[str, Key[Row]]
    order: str
    is_reversed: bool = False

    def sorted_rows(self, rows: Iterable[Row], tie: Key[Row]) -> list[Row]:
        """The rows in the chosen order; those that are equal by it go by ``tie``."""
        self.table.sorted_by = f"-{self.order}" if self.is_reversed else self.order
        return sorted(sorted(rows, key=tie), key=self.orders[self.order], reverse=self.is_reversed)

    def do_sort(self) -> None:
        """Sort by the next column."""
        names = list(self.orders)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self.is_reversed = False
        self.changed()

    def do_reverse(self) -> None:
        """Sort the other way round."""
        self.is_reversed = not self.is_reversed
        self.changed()
