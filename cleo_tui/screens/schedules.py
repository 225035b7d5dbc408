"""The schedules of a queue: what runs when, when it ran last, and what became of that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cleo_core import Cron, Every
from cleo_core.errors import ScheduleNotFound
from cleo_core.models import ScheduleInfo
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.reading import Reading
from cleo_tui.data.schedule_plans import pause_schedule_plan, remove_schedule_plan, run_now_plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.of_queue import QUEUE_STEPS, ListOfQueueScreen, queue_word
from cleo_tui.screens.queue_columns import number
from cleo_tui.screens.read_list import MOST
from cleo_tui.screens.task import TaskScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.looks import STATES
from cleo_tui.widgets.statecard import Absence, Card

NEXT = 5
LATE = 5.0
CHANGES = (
    Action("pause", ("P",), "Pause the schedule, or resume it.", label="pause", effect=Effect.CHANGES),
    Action("run-now", ("N",), "Store a task of the schedule now.", label="run now", effect=Effect.CHANGES),
    Action("remove", ("D",), "Remove the schedule.", label="remove", effect=Effect.CHANGES),
)
SCHEDULE_ACTIONS = (
    *COMMON,
    *QUEUE_STEPS,
    *CHANGES,
    Action("copy", ("y",), "Copy the schedule as JSON."),
)


class SchedulesScreen(ListOfQueueScreen[ScheduleInfo]):
    """The schedules, the next to run first; below them the next times of the one under the cursor."""

    TITLE = "Schedules"
    PART_OF = "more"
    ACTIONS = SCHEDULE_ACTIONS
    BINDINGS = bindings_of(SCHEDULE_ACTIONS)
    noun = "schedule"
    nouns = "schedules"
    remark = "the next to run first"

    def __init__(self) -> None:
        super().__init__()
        self._next = Static(id="meaning", classes="frame")
        self._times = Reading(self._fetch_times, self.changed)
        self._of = ""

    def body(self) -> ComposeResult:
        """The queues, the list, and what comes next of the schedule under the cursor."""
        yield self.strip
        yield self.pane
        yield self._next

    def columns(self, now: Callable[[], float]) -> Sequence[Column[ScheduleInfo]]:
        """What runs when, and what became of it."""

        def due(schedule: ScheduleInfo) -> Cell:
            if schedule.paused:
                return Cell("‖ paused", Role.WARN)
            if schedule.next_at is None:
                return Cell("never" if schedule.when is not None else "unreadable", Role.BAD)
            seconds = schedule.next_at - now()
            if seconds < -LATE:
                return Cell(f"{say.age(-seconds)} late", Role.BAD)
            return Cell(f"in {say.age(seconds)}" if seconds >= 1 else "due")

        def last(schedule: ScheduleInfo) -> Cell:
            if schedule.last_at is None:
                return Cell("never ran", Role.FAINT)
            look = STATES[schedule.last_state] if schedule.last_state is not None else None
            text = say.ago(max(0.0, now() - schedule.last_at))
            return Cell(f"{look.glyph} {text}" if look else text, look.role if look else Role.MUTED)

        return (
            Column("schedule", 16, lambda schedule: Cell(schedule.id, Role.STRONG), grow=2, most=40),
            Column("when", 16, lambda schedule: Cell(when_of(schedule)), grow=2, most=48),
            Column("next", 11, due, Side.RIGHT),
            Column("last", 12, last, Side.RIGHT),
            Column("runs", 7, lambda schedule: number(schedule.runs), Side.RIGHT, drop=1, flashes=True),
            Column(
                "skipped", 7, lambda schedule: number(schedule.skipped, Role.WARN), Side.RIGHT, drop=2, flashes=True
            ),
            Column("task", 12, lambda schedule: Cell(schedule.task, Role.MUTED), grow=2, most=40, drop=3),
            Column("group", 8, lambda schedule: Cell(schedule.group, Role.MUTED), grow=1, most=24, drop=5),
            Column("made", 11, _made, drop=4),
        )

    async def fetch(self) -> Sequence[ScheduleInfo]:
        """The schedules of the queue."""
        return (await self.cleo_app.cleo.schedules.list(self.queue, limit=MOST)).items

    async def _fetch_times(self) -> Sequence[float]:
        try:
            return await self.cleo_app.cleo.schedules.next(self.queue, self._of, NEXT)
        except ScheduleNotFound:
            return ()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and when the schedule under the cursor runs next."""
        super().show(snapshot)
        schedule = self.table.current if self.table.display else None
        self._next.display = schedule is not None
        if schedule is None:
            return
        if schedule.id != self._of:
            self._of = schedule.id
            self._times.restart()
        paused = " · if it is resumed" if schedule.paused else ""
        tell_edges(self._next, inked(f"{schedule.id} · {when_of(schedule)}{paused}", Role.STRONG))
        times = self._times.value or ()
        told = [time_of(schedule, at, self.now) for at in times]
        if not told:
            told = ["It has no next time." if self._times.value is not None else "Reading its next times"]
        text = inked("\n".join(told), Role.MUTED if schedule.paused else Role.PLAIN)
        self._next.update(Content.assemble(*self._unserved(schedule, snapshot), *self._abandoned(schedule), text))

    def _unserved(self, schedule: ScheduleInfo, snapshot: Snapshot) -> Iterable[Content]:
        """Why one that is late stays so, if nobody is there to run it."""
        queue = snapshot.by_name.get(schedule.queue)
        late = schedule.next_at is not None and self.now - schedule.next_at > LATE
        if late and queue is not None and queue.workers == 0:
            yield inked(
                f"■ No live worker serves {schedule.queue}, and its workers are who runs its schedules. "
                f"Start one: cleo worker MODULE:NAME --queues {schedule.queue}\n",
                Role.BAD,
            )

    def _abandoned(self, schedule: ScheduleInfo) -> Iterable[Content]:
        """What to know of one whose code is gone."""
        if schedule.abandoned:
            last = ""
            if schedule.declared_at is not None:
                last = f"; {schedule.declared_by} did {say.ago(max(0.0, self.now - schedule.declared_at))}"
            yield inked(f"▲ No live worker declares it any more{last}. If its code is gone, remove it.\n", Role.WARN)

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the list and the next times anew."""
        super().reconcile(snapshot)
        if self._of:
            self._times.refresh()

    def key_of(self, row: ScheduleInfo) -> str:
        """Its id."""
        return row.id

    def fields(self, row: ScheduleInfo) -> Iterable[str]:
        """What it is called and what it runs."""
        return (row.id, row.task, row.group, when_of(row), "paused" if row.paused else "")

    def empty_card(self) -> Card:
        """The queue has none."""
        text = "A task's declaration or cleo.schedules.add() makes one."
        return Card(Absence.EMPTY, f"Nothing is scheduled in {self.queue}", text, self.next_hint)

    # --- keys ----------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether the schedule under the cursor is."""
        return (schedule := self.table.current) is not None and schedule.paused

    def offers(self, action: Action) -> bool:
        """Without a schedule there is nothing to change."""
        needed = action in CHANGES or action.name == "copy"
        return super().offers(action) and (not needed or self.table.current is not None)

    def do_pause(self) -> None:
        """Propose to pause or resume."""
        if schedule := self.table.current:
            self.propose(pause_schedule_plan(self.cleo_app.cleo, schedule), self.after_change)

    def do_run_now(self) -> None:
        """Propose to run it now."""
        if schedule := self.table.current:
            self.propose(run_now_plan(self.cleo_app.cleo, schedule), self.after_change)

    def do_remove(self) -> None:
        """Propose to remove it."""
        if schedule := self.table.current:
            self.propose(remove_schedule_plan(self.cleo_app.cleo, schedule), self.after_change)

    def on_lazy_table_opened(self) -> None:
        """Look into the last task that it stored."""
        if schedule := self.table.current:
            if schedule.last_task:
                self.cleo_app.push_screen(TaskScreen(schedule.queue, schedule.last_task))
            else:
                self.cleo_app.warn(f"{schedule.id} has stored no task yet.")

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        super().on_unmount()
        self._times.close()


def when_of(schedule: ScheduleInfo) -> str:
    """When it runs, as people write it."""
    if isinstance(schedule.when, Every):
        return f"every {say.period(schedule.when.seconds)}"
    return str(schedule.when) if schedule.when is not None else "unreadable"


def time_of(schedule: ScheduleInfo, at: float, now: float) -> str:
    """One of its times by this machine's clock, how far it is, and the time of day in its own zone if that differs."""
    left = at - now
    how_far = f"in {say.duration(left)}" if left > 0 else f"{say.age(-left)} late" if left < -LATE else "due"
    told = f"{say.moment(at)}  {how_far}"
    if isinstance(schedule.when, Cron):
        there = datetime.fromtimestamp(at, ZoneInfo(schedule.when.tz))
        offset = there.utcoffset()
        if offset is not None and offset.total_seconds() != time.localtime(at).tm_gmtoff:
            told += there.strftime("  · %H:%M %Z")
    return told


def _made(schedule: ScheduleInfo) -> Cell:
    if schedule.abandoned:
        return Cell("▲ abandoned", Role.WARN)
    return Cell("declared" if schedule.declared else "by hand", Role.MUTED)


SPEC = ScreenSpec("", "schedules", "Schedules", SchedulesScreen, takes=queue_word, usage="[@QUEUE]")
