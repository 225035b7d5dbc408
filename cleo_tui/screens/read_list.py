"""What the screens share whose list is read anew each round: reading it, filtering it, and saying why it is empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel
from textual.widget import Widget

from cleo_core.errors import PermissionDenied
from cleo_tui.data.pages import Listing
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.copying import CopiesRow
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.widgets.columns import Column
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable

Row = TypeVar("Row", bound=BaseModel)
MOST = 1_000


class ReadListScreen(FiltersRows, CopiesRow, Generic[Row]):
    """A list of at most 1,000 rows. Subclasses say what to read, in which columns, and by which texts to filter.

    ``noun`` is what a row is, ``nouns`` what several are, ``remark`` what stands beside the frame's name when there are
    rows and no filter. ``opens`` tells whether there is more to a row than its line.
    """

    nouns = "rows"
    opens = True
    remark = ""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.table = LazyTable[Row](self.columns(lambda: self.now), opens=self.opens)
        self.pane = Pane(self.table)
        self.reading = Reading(self.fetch, self.changed)
        self._rows = Listing[Row](self.key_of)

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what subclasses say -------------------------------------------------------------------------

    def columns(self, now: Callable[[], float]) -> Sequence[Column[Row]]:
        """The columns; ages are told by that clock."""
        raise NotImplementedError

    async def fetch(self) -> Sequence[Row]:
        """Read the list."""
        raise NotImplementedError

    def key_of(self, row: Row) -> str:
        """What tells a row from all others."""
        raise NotImplementedError

    def fields(self, row: Row) -> Iterable[str]:
        """What a row is filtered by."""
        raise NotImplementedError

    @property
    def heading(self) -> str:
        """What the frame is called."""
        return str(self.title)

    @property
    def subject(self) -> str:
        """What is read, within a sentence."""
        return f"the {str(self.title).lower()}"

    def empty_card(self) -> Card:
        """What to say when there are no rows at all."""
        raise NotImplementedError

    # --- the list ------------------------------------------------------------------------------------

    def pause(self, snapshot: Snapshot) -> float:
        """How many seconds to wait from one reading to the next, where one costs more than a look."""
        return 0.0

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read it anew."""
        if self.reading.age >= self.pause(snapshot):
            self.reading.refresh()

    def after_change(self) -> None:
        """Something in it was changed: read it now."""
        self.reading.renew()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list."""
        self.now = snapshot.now
        matches = self.matcher()
        self._rows.replace(row for row in self.listed() if matches(self.fields(row)))
        self.table.show(self._rows)
        stale = self.stale(snapshot, self.reading.error, self.reading.age)
        self.pane.tell(self.heading, self._note(), stale=stale, card=self._card(snapshot))

    def listed(self) -> Iterable[Row]:
        """What was read, as far as it still holds."""
        return self.reading.value or ()

    def _note(self) -> str:
        total = len(self.reading.value or ())
        if self._filter and total:
            return self.filter_note(self._rows.total, total, self.noun, self.nouns)
        return self.remark if total else ""

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self._rows.total:
            return None
        if self.reading.value:
            return Card(Absence.FILTERED, f"No {self.noun} matches {self._filter!r}", "", "esc clears the filter")
        return self._card_without_rows()

    def _card_without_rows(self) -> Card:
        error = self.reading.error
        if self.reading.value is not None and error is None:
            return self.empty_card()
        if isinstance(error, PermissionDenied):
            return Card(Absence.DENIED, f"You may not see {self.subject}", error.cause, error.cure)
        if error is not None:
            return Card(Absence.ERROR, f"{self.subject[:1].upper()}{self.subject[1:]} can't be read", str(error))
        return Card(Absence.CONNECTING, f"Reading {self.subject}")

    # --- keys ----------------------------------------------------------------------------------------

    def on_lazy_table_moved(self) -> None:
        """What can be done depends on the row."""
        self.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self.reading.close()
