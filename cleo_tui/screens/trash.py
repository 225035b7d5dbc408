"""The trash of a queue: what was discarded lately, by whom, and until when it can be brought back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.app import ComposeResult

from cleo_core.models import Discard
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.dead_plans import undo_plan
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.marking import MARKS, MarksRows
from cleo_tui.screens.of_letters import OfLettersScreen
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.statecard import Absence, Card

MOST = 200
GOES_SOON = 60.0
TRASH_ACTIONS = (
    *COMMON,
    *MARKS,
    Action("undo", ("U",), "Bring back what the discard took.", label="bring back", effect=Effect.CHANGES),
)


class TrashScreen(OfLettersScreen[Discard], MarksRows):
    """The discards of a queue, the latest first."""

    ACTIONS = TRASH_ACTIONS
    BINDINGS = bindings_of(TRASH_ACTIONS)
    noun, nouns, remark = "discard", "trash", "the latest first"

    def body(self) -> ComposeResult:
        """One list."""
        yield self.pane

    def columns(self, now: Callable[[], float]) -> Sequence[Column[Discard]]:
        """What was discarded, and how long it can be brought back."""
        return _columns(now)

    def key_of(self, row: Discard) -> str:
        """Its id."""
        return row.id

    def fields(self, row: Discard) -> tuple[str, ...]:
        """Who did it."""
        return (row.id, row.by)

    async def fetch(self) -> Sequence[Discard]:
        """The latest."""
        return await self.cleo_app.cleo.dead_letters.trash(self.queue, limit=MOST)

    def listed(self) -> Iterable[Discard]:
        """What has not gone for good meanwhile."""
        return (one for one in super().listed() if one.expires_at > self.now)

    def empty_card(self) -> Card:
        """There is nothing to bring back."""
        text = "What is discarded can be brought back for 10 minutes; then it is gone for good."
        return Card(Absence.EMPTY, f"The trash of {self.queue} is empty", text, "esc goes back")

    def offers(self, action: Action) -> bool:
        """Without a discard there is nothing to bring back."""
        return super().offers(action) and (action.name != "undo" or self.table.current is not None)

    def do_undo(self) -> None:
        """Propose to bring back what is marked, or what is under the cursor."""
        if chosen := self.table.marks_or_current():
            self.propose(undo_plan(self.cleo_app.cleo, self.queue, chosen, self.now), self._undone)

    def _undone(self) -> None:
        self.table.marked.clear()
        self.reading.renew()


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
