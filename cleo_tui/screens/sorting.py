"""Lists that can be sorted: by the next column, by one that is named or clicked on, or the other way round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cleo_tui.actions import Action
from cleo_tui.screens.base import CleoScreen
from cleo_tui.widgets.table import LazyTable

if TYPE_CHECKING:
    from cleo_tui.data.snapshot import Snapshot

Row = TypeVar("Row")
Key = Callable[[Row], Any]
# Names begin with the first one, all else with the most of it or the worst.
ASCENDING = {"queue", "worker"}


def sorts_by(titles: Iterable[str]) -> tuple[Action, Action]:
    """What can be done with a list that can be sorted by these columns."""
    known = tuple(titles)

    def title(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
        return () if words else known

    return (
        Action("sort", ("s",), "Sort by the next column.", label="sort", takes=title, usage="[COLUMN]"),
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
        rises = (self.order in ASCENDING) is not self.is_reversed
        self.table.sorted_by = f"-{self.order}" if rises else self.order
        return sorted(sorted(rows, key=tie), key=self.orders[self.order], reverse=self.is_reversed)

    def offers(self, action: Action) -> bool:
        """Without rows there is nothing to sort."""
        return super().offers(action) and (action.name not in {"sort", "reverse"} or self.table.rows.total > 0)

    def do_sort(self, title: str = "") -> None:
        """Sort by the column of that title, or by the next one."""
        names = list(self.orders)
        if title and title not in self.orders:
            self.cleo_app.warn(f"It can't be sorted by {title!r}, but by {', '.join(names)}.")
            return
        self.order = title or names[(names.index(self.order) + 1) % len(names)]
        self.is_reversed = False
        self.changed()

    def do_reverse(self) -> None:
        """Sort the other way round."""
        self.is_reversed = not self.is_reversed
        self.changed()

    def on_lazy_table_title_clicked(self, message: LazyTable.TitleClicked) -> None:
        """Sort by the column whose title was clicked on; by that of the order there is, the other way round."""
        if message.title == self.order:
            self.do_reverse()
        elif message.title in self.orders:
            self.do_sort(message.title)
