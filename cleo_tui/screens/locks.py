"""The locks of a queue's groups that are held: by whom, since when, for how long yet, and who waits for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.app import ComposeResult

from cleo_core.errors import CleoError
from cleo_core.models import LockInfo
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.group_plans import release_plan
from cleo_tui.data.understanding import understood
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.group_columns import group_cell
from cleo_tui.screens.group_tasks import GroupTasksScreen
from cleo_tui.screens.of_queue import QUEUE_STEPS, ListOfQueueScreen, queue_word
from cleo_tui.screens.queue_columns import number
from cleo_tui.screens.read_list import MOST
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.statecard import Absence, Card

ENDS_SOON = 3.0
LOCK_ACTIONS = (
    *COMMON,
    *QUEUE_STEPS,
    Action(
        "release-lock", ("F",), "Take the lock from its holder by force.", label="release", effect=Effect.CHANGES
    ),
    Action("copy", ("y",), "Copy the lock as JSON."),
)  # fmt: skip


class LocksScreen(ListOfQueueScreen[LockInfo]):
    """The locks, the next to run out first."""

    TITLE = "Locks"
    PART_OF = "more"
    ACTIONS = LOCK_ACTIONS
    BINDINGS = bindings_of(LOCK_ACTIONS)
    noun = "lock"
    nouns = "locks"
    remark = "the next to run out first"

    def columns(self, now: Callable[[], float]) -> Sequence[Column[LockInfo]]:
        """Who holds which group, and for how long yet."""

        def left(lock: LockInfo) -> Cell:
            seconds = lock.expires_at - now()
            if seconds <= 0:
                return Cell("ran out", Role.BAD)
            return Cell(say.duration(seconds), Role.WARN if seconds < ENDS_SOON else Role.PLAIN)

        return (
            Column("group", 12, lambda lock: group_cell(lock.group), grow=1, most=40),
            Column("holder", 20, lambda lock: Cell(lock.owner), grow=3, most=80),
            Column("fence", 6, lambda lock: Cell(str(lock.fence), Role.MUTED), Side.RIGHT, drop=1),
            Column("held for", 9, lambda lock: Cell(say.duration(max(0.0, now() - lock.since))), Side.RIGHT),
            Column("runs out in", 11, left, Side.RIGHT),
            Column("in line", 7, lambda lock: number(lock.waiting, Role.WARN), Side.RIGHT),
        )

    async def fetch(self) -> Sequence[LockInfo]:
        """The locks of the queue."""
        return await self.cleo_app.cleo.locks.list(self.queue, limit=MOST)

    def key_of(self, row: LockInfo) -> str:
        """The fence is another one when the lock has changed hands."""
        return f"{row.fence} {row.group}"

    def fields(self, row: LockInfo) -> Iterable[str]:
        """Group and holder."""
        return (say.group(row.group), row.owner)

    def empty_card(self) -> Card:
        """Nobody holds any."""
        return Card(Absence.EMPTY, f"No group of {self.queue} is locked", "", self.next_hint)

    def body(self) -> ComposeResult:
        """The queues, above the list."""
        yield self.strip
        yield self.pane

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """Without a lock there is nothing to release."""
        needed = action.name in {"release-lock", "copy"}
        return super().offers(action) and (not needed or self.table.current is not None)

    def do_release_lock(self) -> None:
        """Propose to take the lock from its holder."""
        if lock := self.table.current:
            self.propose(release_plan(self.cleo_app.cleo, lock), self.after_change)

    async def on_lazy_table_opened(self) -> None:
        """Look into the tasks of the group that it locks."""
        if (lock := self.table.current) is None:
            return
        try:
            with understood():
                group = await self.cleo_app.cleo.groups.get(lock.queue, lock.group)
                rules = await self.cleo_app.cleo.groups.rules(lock.queue)
        except CleoError as error:
            self.cleo_app.warn(str(error))
            return
        self.cleo_app.push_screen(GroupTasksScreen(lock.queue, group, rules))


SPEC = ScreenSpec("", "locks", "Locks", LocksScreen, takes=queue_word, usage="[@QUEUE]")
