"""The locks of a queue's groups that are held: by whom, since when, for how long yet, and who waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import CleoError
from cleo_core.models import LockInfo
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.group_plans import release_plan
from cleo_tui.data.pages import Listing
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.group_tasks import GroupTasksScreen
from cleo_tui.screens.matching import matcher
from cleo_tui.screens.of_queue import QUEUE_STEPS, QueueScreen, queue_word
from cleo_tui.screens.queue_columns import number
from cleo_tui.theme import Role
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Card, Look
from cleo_tui.widgets.strip import ChoiceStrip
from cleo_tui.widgets.table import Cell, Column, LazyTable, Side

MOST = 1_000
ENDS_SOON = 3.0
LOCK_ACTIONS = (
    *COMMON,
    *QUEUE_STEPS,
    Action(
        "release-lock", ("F",), "Take the lock from its holder by force.", label="release", effect=Effect.CHANGES
    ),
    Action("copy", ("y",), "Copy the lock as JSON."),
)  # fmt: skip


class LocksScreen(QueueScreen):
    """The locks, the next to run out first."""

    TITLE = "Locks"
    ACTIONS = LOCK_ACTIONS
    BINDINGS = bindings_of(LOCK_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.table = LazyTable[LockInfo](_columns(lambda: self.now))
        self.pane = Pane(self.table)
        self._rows = Listing[LockInfo](lambda lock: f"{lock.fence} {lock.group}")
        self._locks: list[LockInfo] | None = None
        self._filter = ""
        self._error: CleoError | None = None
        self._reading: asyncio.Task[None] | None = None

    def body(self) -> ComposeResult:
        """The queues, above the list."""
        yield self.strip
        yield self.pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what is listed ------------------------------------------------------------------------------

    def restart(self) -> None:
        """List the locks of another queue."""
        self._locks, self._error = None, None
        self.table.restart()
        self._read()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read them anew."""
        if self.queue and (self._reading is None or self._reading.done()):
            self._read()

    def _read(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading = asyncio.get_running_loop().create_task(self._fetch(), name="cleo-tui-locks")

    async def _fetch(self) -> None:
        try:
            self._locks = await self.cleo_app.cleo.locks.list(self.queue, limit=MOST)
            self._error = None
        except CleoError as error:
            self._error = error
        self.cleo_app.changed()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list."""
        self.now = snapshot.now
        self.choose_first(snapshot)
        matches = matcher(self._filter)
        self._rows.replace(lock for lock in self._locks or () if matches((say.group(lock.group), lock.owner)))
        self.table.show(self._rows)
        self.tell_queues(snapshot)
        note = f"filter {self._filter!r}" if self._filter else "the next to run out first" if self._rows.total else ""
        self.pane.tell(f"{self.queue} · locks" if self.queue else "", note, card=self._card(snapshot))

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if not self.queue:
            return Card(Look.EMPTY, "No queues yet", "A queue appears with its first task.")
        if self._rows.total:
            return None
        if self._locks:
            return Card(Look.FILTERED, f"No lock matches {self._filter!r}", "", "esc clears the filter")
        return self._card_without_locks()

    def _card_without_locks(self) -> Card:
        if self._locks is not None:
            return Card(Look.EMPTY, f"No group of {self.queue} is locked", "", "] shows the next queue")
        if self._error is not None:
            return Card(Look.ERROR, f"The locks of {self.queue} can't be read", str(self._error))
        return Card(Look.CONNECTING, f"Reading the locks of {self.queue}")

    @property
    def filter_text(self) -> str:
        """What groups and holders are filtered by."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Show the locks whose group or holder has the text in it."""
        self._filter = text
        self.cleo_app.changed()

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """Without a lock there is nothing to release."""
        return action.name not in {"release-lock", "copy"} or self.table.current is not None

    def do_release_lock(self) -> None:
        """Propose to take the lock from its holder."""
        if lock := self.table.current:
            self.propose(release_plan(self.cleo_app.cleo, lock), self._read)

    def do_copy(self) -> None:
        """Copy all of it."""
        if lock := self.table.current:
            self.cleo_app.copy_to_clipboard(lock.model_dump_json(indent=2))
            self.cleo_app.say("Copied the lock as JSON.")

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self.choose_queue(message.word)

    async def on_lazy_table_opened(self) -> None:
        """Look into the tasks of the group that it locks."""
        if (lock := self.table.current) is None:
            return
        try:
            group = await self.cleo_app.cleo.groups.get(lock.queue, lock.group)
            rules = await self.cleo_app.cleo.groups.rules(lock.queue)
        except CleoError as error:
            self.cleo_app.warn(str(error))
            return
        self.cleo_app.push_screen(GroupTasksScreen(lock.queue, group, rules))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.cleo_app.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        if self._reading is not None:
            self._reading.cancel()


def _columns(now: Callable[[], float]) -> Sequence[Column[LockInfo]]:
    def left(lock: LockInfo) -> Cell:
        seconds = lock.expires_at - now()
        if seconds <= 0:
            return Cell("ran out", Role.BAD)
        return Cell(say.duration(seconds), Role.WARN if seconds < ENDS_SOON else Role.PLAIN)

    return (
        Column("group", 12, lambda lock: Cell(say.group(lock.group), Role.STRONG), grow=1, most=40),
        Column("holder", 20, lambda lock: Cell(lock.owner), grow=3, most=80),
        Column("fence", 6, lambda lock: Cell(str(lock.fence), Role.MUTED), Side.RIGHT, drop=1),
        Column("held for", 9, lambda lock: Cell(say.duration(max(0.0, now() - lock.since))), Side.RIGHT),
        Column("runs out in", 11, left, Side.RIGHT),
        Column("in line", 7, lambda lock: number(lock.waiting, Role.WARN), Side.RIGHT),
    )


SPEC = ScreenSpec("", "locks", "Locks", LocksScreen, takes=queue_word, usage="[@QUEUE]")
