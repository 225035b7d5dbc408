"""The trash of a queue: what was discarded lately, by whom, and until when it can be brought back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.models import Discard
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.dead_plans import undo_plan
from cleo_tui.data.pages import Listing
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.marking import MARKS, MarksRows
from cleo_tui.theme import Role
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Card, Look
from cleo_tui.widgets.table import Cell, Column, LazyTable, Side

MOST = 200
GOES_SOON = 60.0
TRASH_ACTIONS = (
    *COMMON,
    *MARKS,
    Action("undo", ("U",), "Bring back what the discard took.", label="bring back", effect=Effect.CHANGES),
)


class TrashScreen(MarksRows):
    """The discards of a queue, the latest first."""

    ACTIONS = TRASH_ACTIONS
    BINDINGS = bindings_of(TRASH_ACTIONS)

    def __init__(self, queue: str) -> None:
        super().__init__()
        self._queue = queue
        self._now = 0.0
        self._rows = Listing[Discard](lambda discard: discard.id)
        self.table = LazyTable[Discard](_columns(lambda: self._now), opens=False)
        self._pane = Pane(self.table)
        self._reading = Reading(self._fetch, self.changed)

    def body(self) -> ComposeResult:
        """One list."""
        yield self._pane

    def on_mount(self) -> None:
        """Read it now."""
        self._reading.renew()

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    @property
    def crumb(self) -> str:
        """What it is."""
        return "Trash"

    @property
    def focus_queue(self) -> str:
        """The queue it is of."""
        return self._queue

    async def _fetch(self) -> list[Discard]:
        return await self.cleo_app.cleo.dead_letters.trash(self._queue, limit=MOST)

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read it anew."""
        self._reading.refresh()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list; what has gone for good meanwhile is no longer in it."""
        self._now = snapshot.now
        self._rows.replace(one for one in self._reading.value or () if one.expires_at > snapshot.now)
        self.table.show(self._rows)
        self._pane.tell(f"{self._queue} · trash", "the latest first", card=self._card(snapshot))

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self._rows.total:
            return None
        if self._reading.error is not None:
            return Card(Look.ERROR, f"The trash of {self._queue} can't be read", str(self._reading.error))
        if self._reading.value is None:
            return Card(Look.CONNECTING, f"Reading the trash of {self._queue}")
        text = "What is discarded can be brought back for 10 minutes; then it is gone for good."
        return Card(Look.EMPTY, f"The trash of {self._queue} is empty", text, "esc goes back")

    def offers(self, action: Action) -> bool:
        """Without a discard there is nothing to bring back."""
        return action.name not in {"undo", "mark", "mark-range"} or self.table.current is not None

    def do_undo(self) -> None:
        """Propose to bring back what is marked, or what is under the cursor."""
        if chosen := self.table.marks_or_current():
            self.propose(undo_plan(self.cleo_app.cleo, self._queue, chosen, self._now), self._undone)

    def _undone(self) -> None:
        self.table.marked.clear()
        self._reading.renew()

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._reading.close()


def _columns(now: Callable[[], float]) -> Sequence[Column[Discard]]:
    def left(discard: Discard) -> Cell:
        seconds = max(0.0, discard.expires_at - now())
        return Cell(say.duration(round(seconds)), Role.WARN if seconds < GOES_SOON else Role.PLAIN)

    return (
        Column("discarded", 12, lambda one: Cell(say.ago(max(0.0, now() - one.at))), Side.RIGHT),
        Column("letters", 9, lambda one: Cell(say.count(one.count), Role.STRONG), Side.RIGHT),
        Column("gone in", 12, left, Side.RIGHT),
        Column("by", 16, lambda one: Cell(one.by or say.NOTHING), grow=1, most=60),
        Column("discard", 12, lambda one: Cell(one.id, Role.MUTED), drop=1),
    )
