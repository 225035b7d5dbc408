"""The event stream as it comes: what happens now, and whether any of it was missed."""

from __future__ import annotations

from collections import deque

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.pages import Listing
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.stream import KEPT, Heard, HeardRows
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON, CleoScreen
from cleo_tui.screens.matching import matcher
from cleo_tui.screens.task import TaskScreen
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import EVENTS, STATES
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable

LIVE_ACTIONS = (
    *COMMON,
    Action("freeze", ("p",), "Freeze the list, or let it go on; counting goes on either way.", label="freeze"),
    Action("follow", ("f",), "Keep the latest event in sight.", label="follow"),
    Action("copy-id", ("c",), "Copy the id of the task."),
)
_WORDS = {
    "task_added": "added",
    "status_change": "state",
    "task_completed": "completed",
    "task_failed": "failed",
    "task_progress": "progress",
    "task_stalled": "stalled",
    "queue_change": "queue",
    "group_change": "group",
    "worker_joined": "joined",
    "worker_left": "left",
}


class LiveScreen(CleoScreen):
    """The events, the latest at the bottom."""

    TITLE = "Live"
    ACTIONS = LIVE_ACTIONS
    BINDINGS = bindings_of(LIVE_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._rows: HeardRows | Listing[Heard] = HeardRows((), 0, 0)
        self._table = LazyTable[Heard](COLUMNS)
        self._pane = Pane(self._table)
        self._matching: deque[Heard] = deque(maxlen=KEPT)
        self._next = 0
        self._filter = ""
        self._frozen = False
        self._following = True

    def body(self) -> ComposeResult:
        """One list."""
        yield self._pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self._table

    @property
    def filter_text(self) -> str:
        """What the events are filtered by."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Filter all events that are kept."""
        self._filter = text
        self._matching.clear()
        self._next = 0
        if self._frozen:
            self._take_new()
            self._draw_rows()
        self.cleo_app.changed()

    def _take_new(self) -> None:
        log = self.cleo_app.live.log
        if self._filter:
            matches = matcher(self._filter)
            self._matching.extend(heard for heard in log.since(self._next) if matches(_fields(heard)))
            self._rows = Listing(lambda heard: str(heard.number), self._matching)
        else:
            self._rows = log.kept_now()
        self._next = log.heard

    def _draw_rows(self) -> None:
        if self._following and self._rows.total:
            self._table.cursor.move(self._rows.total - 1, self._rows)
        self._table.show(self._rows)

    def show(self, snapshot: Snapshot) -> None:
        """Draw what has come since, unless frozen."""
        log = self.cleo_app.live.log
        if not self._frozen and self._next != log.heard:
            self._take_new()
            self._draw_rows()
        parts = [f"{say.rate(log.rate(snapshot.now))}", f"{say.count(log.heard)} heard"]
        if log.dropped or log.recovered:
            unreadable = f" ({say.count(log.unreadable)} unreadable)" if log.unreadable else ""
            parts.append(f"{say.count(log.dropped)} dropped{unreadable}, {say.count(log.recovered)} recovered")
        if self._filter:
            parts.append(f"filter {self._filter!r}: {say.count(self._rows.total)} of the last {say.count(log.kept)}")
        if self._frozen:
            parts.append(f"frozen, {say.count(log.heard - self._next)} new")
        elif self._following:
            parts.append("following")
        self._pane.tell("Live", " · ".join(parts), card=self.card_without_data(snapshot) or self._card_without_rows())

    def _card_without_rows(self) -> Card | None:
        if self._rows.total:
            return None
        if self._filter and self.cleo_app.live.log.kept:
            return Card(Absence.FILTERED, f"No event matches {self._filter!r}", "", "esc clears the filter")
        return Card(Absence.EMPTY, "Nothing has happened yet", "Events appear here as they happen.")

    def on_lazy_table_moved(self) -> None:
        """Going up leaves the latest event; going to the end comes back to it."""
        self._following = self._table.cursor.index >= self._rows.total - 1
        self.cleo_app.changed()

    def on_lazy_table_opened(self) -> None:
        """Look into the task."""
        heard = self._table.current
        if heard is not None and heard.event.task_id:
            self.cleo_app.push_screen(TaskScreen(heard.event.queue, heard.event.task_id))

    def offers(self, action: Action) -> bool:
        """What is followed already needs no key for it, and some events are of no task."""
        if action.name == "follow":
            return self._frozen or not self._following
        heard = self._table.current
        of_task = heard is not None and bool(heard.event.task_id)
        return super().offers(action) and (action.name != "copy-id" or of_task)

    def do_freeze(self) -> None:
        """Freeze, or go on."""
        self._frozen = not self._frozen
        self.cleo_app.changed()

    def do_follow(self) -> None:
        """Go on, with the latest event in sight."""
        self._frozen, self._following = False, True
        self._draw_rows()
        self.cleo_app.changed()

    def do_copy_id(self) -> None:
        """Copy the id."""
        heard = self._table.current
        if heard is not None and heard.event.task_id:
            self.cleo_app.copy_to_clipboard(heard.event.task_id)
            self.cleo_app.say(f"Copied {heard.event.task_id}.")


def _fields(heard: Heard) -> tuple[str, ...]:
    event = heard.event
    state = event.state.value if event.state else ""
    return (_WORDS[event.kind], state, event.queue, event.name, event.task_id, event.group, event.worker, event.detail)


def _event(heard: Heard) -> Cell:
    event = heard.event
    if event.kind == "status_change" and event.state is not None:
        look = STATES[event.state]
        return Cell(f"{look.glyph} {event.state}", look.role)
    look = EVENTS[event.kind]
    return Cell(f"{look.glyph} {_WORDS[event.kind]}", look.role)


def _detail(heard: Heard) -> Cell:
    event = heard.event
    if event.kind == "task_progress":
        fraction, _, text = event.detail.partition(":")
        return Cell(f"{float(fraction):.0%} {text.strip()}" if _is_number(fraction) else event.detail, Role.ACCENT)
    if event.kind == "task_failed":
        return Cell(f"{event.detail} -> {event.state}" if event.state else event.detail, Role.BAD)
    return Cell(event.detail, Role.MUTED)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


COLUMNS = (
    Column[Heard]("time", 8, lambda heard: Cell(say.hour(heard.event.at), Role.MUTED)),
    Column[Heard]("event", 11, _event),
    Column[Heard]("queue", 10, lambda heard: Cell(heard.event.queue), grow=1, most=24),
    Column[Heard]("task", 12, lambda heard: Cell(heard.event.name, Role.STRONG), grow=2, most=28),
    Column[Heard]("ran", 7, lambda heard: Cell(say.duration(heard.event.run) if heard.event.run else ""), Side.RIGHT),
    Column[Heard]("detail", 14, _detail, grow=6),
    Column[Heard]("worker", 10, lambda heard: Cell(heard.event.worker, Role.MUTED), grow=1, drop=1),
    Column[Heard]("id", 12, lambda heard: Cell(heard.event.task_id, Role.MUTED), grow=1, drop=2),
)

SPEC = ScreenSpec("8", "live", "Live", LiveScreen)
