"""What the lists of tasks share: one window onto one state of one queue, marks, and a filter over what is loaded."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import PermissionDenied
from cleo_core.models import TaskState, TaskSummary
from cleo_tui import say
from cleo_tui.actions import Action
from cleo_tui.data.pages import FILTER_WINDOW, WINDOW, Listing, Page, Paged, Rows
from cleo_tui.data.plans import Target
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.copying import CopiesRow
from cleo_tui.screens.marking import MARKS, MarksRows
from cleo_tui.screens.matching import matcher
from cleo_tui.screens.of_queue import QUEUE_STEPS, QueueScreen
from cleo_tui.screens.task import TaskScreen
from cleo_tui.screens.task_columns import arguments
from cleo_tui.widgets.columns import Column
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice
from cleo_tui.widgets.table import LazyTable

MOST_MARKED = 10_000
PAGE = 1_000
LIST_ACTIONS = (
    *COMMON,
    *QUEUE_STEPS,
    *MARKS,
    Action("mark-all", ("A",), f"Mark all that match, up to {MOST_MARKED:,}, or take all marks off."),
    Action("copy-id", ("c",), "Copy the id of the task."),
    Action("copy", ("y",), "Copy the task as JSON."),
)


class TaskListScreen(QueueScreen, MarksRows, CopiesRow):
    """A list of tasks. Subclasses say of which queues and state, in which columns."""

    noun = "task"

    def __init__(self, columns: Sequence[Column[TaskSummary]], state: TaskState) -> None:
        super().__init__()
        self.state = state
        self.group: str | None = None
        self.newest_first = False
        self.now = 0.0
        self.table = LazyTable[TaskSummary](columns)
        self.pane = Pane(self.table)
        self._paged = Paged[TaskSummary](self._fetch, lambda task: task.id, self._page_came, self._page_failed)
        self._matching = Listing[TaskSummary](lambda task: task.id)
        self._filter = ""
        self._error: Exception | None = None

    def body(self) -> ComposeResult:
        """What can be chosen, above the list."""
        yield self.strip
        yield self.pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what is listed ------------------------------------------------------------------------------

    def choices(self, snapshot: Snapshot) -> list[Choice]:
        """What the strip offers."""
        raise NotImplementedError

    def empty_card(self) -> Card:
        """What to say when the list is empty."""
        raise NotImplementedError

    def choose(self, *, queue: str | None = None, state: TaskState | None = None) -> None:
        """List another queue or state."""
        wanted = (queue or self.queue, state or self.state)
        if wanted == (self.queue, self.state) and self._paged.page is not None:
            return
        self.queue, self.state = wanted
        self.cleo_app.live.focus = self.queue
        self.restart()

    def restart(self) -> None:
        """List from the beginning."""
        self._error = None
        self.last_marked = None
        self._paged.reload()
        self.table.restart()
        self.table.show(self._paged)
        self.cleo_app.changed()

    async def _fetch(self, *, offset: int, limit: int, around: str | None) -> Page[TaskSummary]:
        page = await self.cleo_app.cleo.queues.tasks(
            self.queue,
            self.state,
            offset=offset,
            limit=limit,
            around=around,
            newest_first=self.newest_first,
            group=self.group,
        )
        return Page(page.offset, page.total, page.items, page.at)

    def _page_came(self) -> None:
        self._error = None
        self._apply_filter()
        self.cleo_app.answered()

    def _page_failed(self, error: Exception) -> None:
        self._error = error
        self.cleo_app.changed()

    def _apply_filter(self) -> None:
        if not self._filter:
            self.table.show(self._paged)
            return
        matches = matcher(self._filter)
        self._matching.replace(task for task in self._paged.loaded() if matches(_fields(task)))
        self.table.show(self._matching)

    # --- drawing -------------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Draw the strip and the list."""
        self.now = snapshot.now
        self.choose_first(snapshot)
        self.strip.tell(self.choices(snapshot))
        self.table.redraw()
        self.pane.tell(self._title(), self._note(), stale=self._stale(snapshot), card=self._card(snapshot))

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the window anew."""
        if self.queue:
            self._paged.refresh(self.table.cursor.key if not self._filter else None, self.table.scroll_offset.y)

    def _stale(self, snapshot: Snapshot) -> str:
        return self.stale(snapshot, self._error, self._paged.age(snapshot.now))

    def _title(self) -> str:
        if not self.queue:
            return ""
        group = f" · {say.group(self.group)}" if self.group is not None else ""
        return f"{self.queue}{group} · {self.state}"

    def _note(self) -> str:
        total = self._paged.total
        if self._paged.page is None:
            return ""
        if not self._filter:
            return say.plural(total, "task")
        loaded = len(self._paged.loaded())
        of = "" if loaded == total else f" loaded of {say.count(total)}"
        return f"filter {self._filter!r}: {say.count(self._matching.total)} of the {say.count(loaded)}{of}"

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self.queue and self._paged.page is None:
            return self._card_without_page()
        if self._filter and self._paged.total and not self._matching.total:
            return self._card_of_filter()
        return None if self._paged.total else self.empty_card()

    def _card_without_page(self) -> Card:
        if isinstance(self._error, PermissionDenied):
            return Card(Absence.DENIED, f"You may not look into {self.queue}", self._error.cause, self._error.cure)
        if self._error is not None:
            return Card(Absence.ERROR, f"{self.queue} can't be read", str(self._error))
        return Card(Absence.CONNECTING, f"Reading {self.queue}")

    def _card_of_filter(self) -> Card:
        loaded, total = len(self._paged.loaded()), self._paged.total
        text = f"The filter looks through the {say.count(loaded)} tasks that are loaded, of {say.count(total)}."
        hint = "esc clears the filter"
        return Card(Absence.FILTERED, f"No task matches {self._filter!r}", text if loaded < total else "", hint)

    # --- filter and marks ----------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """What the loaded tasks are filtered by."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Filter what is loaded; while a filter holds, more is loaded."""
        self._filter = text
        wanted = FILTER_WINDOW if text else WINDOW
        if wanted != self._paged.limit:
            self._paged.limit = wanted
            self._paged.refresh(self.table.cursor.key, self.table.scroll_offset.y)
        self._apply_filter()
        self.cleo_app.changed()

    @property
    def export_rows(self) -> Rows[TaskSummary]:
        """All of the list, not only what is loaded."""
        return self._paged

    def exports(self, row: TaskSummary) -> bool:
        """Whether the filter lets it through."""
        return not self._filter or matcher(self._filter)(_fields(row))

    async def do_mark_all(self) -> None:
        """Mark all that match, wherever they are in the list, or take all marks off."""
        if self.table.marked:
            self.table.marked.clear()
            self.cleo_app.changed()
            return
        matches = matcher(self._filter)
        offset = 0
        total = 1
        while offset < min(total, MOST_MARKED):
            page = await self._fetch(offset=offset, limit=PAGE, around=None)
            total = page.total
            if not page.rows:
                break
            self.table.marked |= {task.id: task for task in page.rows if matches(_fields(task))}
            offset = page.offset + len(page.rows)
        if total > MOST_MARKED:
            self.cleo_app.warn(
                f"Only the first {MOST_MARKED:,} of {total:,} tasks were looked at, which is the most at once."
            )
        self.cleo_app.changed()

    def targets(self) -> list[Target]:
        """What an action is about: the marked tasks, or the one under the cursor."""
        return [target_of(task) for task in self.table.marks_or_current()]

    def after_plan(self) -> None:
        """The marked tasks have been dealt with."""
        self.table.marked.clear()
        self._paged.refresh(self.table.cursor.key, self.table.scroll_offset.y)

    # --- keys ----------------------------------------------------------------------------------------

    def on_lazy_table_opened(self) -> None:
        """Look into the task."""
        if task := self.table.current:
            self.cleo_app.push_screen(TaskScreen(task.queue, task.id))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.cleo_app.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._paged.close()


def target_of(task: TaskSummary) -> Target:
    """The task as a plan names it: with its error, or what it is about."""
    about = " ".join(task.error.split()) or arguments(task).text
    return Target(task.id, f"{task.name}  {task.id}  {about}".rstrip())


def _fields(task: TaskSummary) -> tuple[str, ...]:
    return (task.id, task.name, task.group, task.worker, task.error, task.priority.name.lower(), arguments(task).text)
