"""The workers: what each runs, how it fares, and whether it is alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.models import WorkerInfo
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Listing
from cleo_tui.data.plans import Plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.worker_plans import are_paused, drain_plan, pause_worker_plan, stop_plan
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.copying import CopiesRow
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.screens.history_key import SHOW_HISTORY, ShowsHistory
from cleo_tui.screens.marking import MARK_ALL, MARKS, MarksRows
from cleo_tui.screens.of_queue import queue_word
from cleo_tui.screens.sorting import Key, SortsRows, sorts_by
from cleo_tui.screens.worker import WORKER_CHANGES, WorkerScreen
from cleo_tui.screens.worker_columns import columns, condition_of
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable

# Beside that by their state, which depends on the time.
ORDERS: dict[str, Key[WorkerInfo]] = {
    "worker": lambda worker: worker.id,
    "active": lambda worker: -worker.active,
    "processed": lambda worker: -worker.processed,
    "failed": lambda worker: -worker.failed,
    "cpu": lambda worker: -worker.cpu,
    "memory": lambda worker: -worker.memory,
    "up": lambda worker: worker.started_at,
}
WORKERS_ACTIONS = (
    *COMMON,
    *WORKER_CHANGES,
    *MARKS,
    MARK_ALL,
    SHOW_HISTORY,
    *sorts_by(("state", *ORDERS)),
    Action("copy-id", ("c",), "Copy the id of the worker."),
    Action("copy", ("y",), "Copy what the worker says of itself as JSON."),
)
_TROUBLE = ("silent", "blocked", "stopping", "draining", "paused", "running")


class WorkersScreen(MarksRows, FiltersRows, CopiesRow, SortsRows[WorkerInfo], ShowsHistory):
    """The workers; those in trouble first, unless sorted otherwise."""

    TITLE = "Workers"
    ACTIONS = WORKERS_ACTIONS
    BINDINGS = bindings_of(WORKERS_ACTIONS)
    WANTS = Want.WORKERS
    noun = "worker"

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._rows = Listing[WorkerInfo](lambda worker: worker.id)
        self.table = LazyTable[WorkerInfo](columns(lambda: self._now))
        self._pane = Pane(self.table)
        self.orders = {"state": lambda worker: _TROUBLE.index(condition_of(worker, self._now)), **ORDERS}
        self.order = "state"

    def body(self) -> ComposeResult:
        """One list."""
        yield self._pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what is listed ------------------------------------------------------------------------------

    def visit(self, words: Sequence[str]) -> None:
        """Show the workers of a queue (``@emails``), or those that match the words."""
        self.filter_by(" ".join(word.removeprefix("@") for word in words))

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list."""
        self._now = snapshot.now
        known = snapshot.workers or ()
        shown = self.sorted_rows(filter(self._matches(), known), lambda worker: worker.id)
        self._rows.replace(shown)
        self.table.show(self._rows)
        self._pane.tell("Workers", self._note(snapshot), card=self._card(snapshot))

    def _matches(self) -> Callable[[WorkerInfo], bool]:
        matches = self.matcher()
        return lambda worker: matches(
            (worker.id, worker.host, worker.version, condition_of(worker, self._now), *worker.queues)
        )

    def _note(self, snapshot: Snapshot) -> str:
        if not snapshot.workers:
            return ""
        if self._filter:
            return self.filter_note(self._rows.total, len(snapshot.workers), "worker")
        running = sum(worker.active for worker in snapshot.workers)
        workers = say.plural(len(snapshot.workers), "worker")
        return f"{workers}, {say.count(running)} of {say.count(snapshot.capacity)} slots busy"

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if snapshot.workers is None:
            return Card(Absence.CONNECTING, "Reading the workers")
        if not snapshot.workers:
            waiting = snapshot.counts.waiting
            many = f"{say.count(waiting)} tasks wait and nobody serves them."
            text = {0: "", 1: "1 task waits and nobody serves it."}.get(waiting, many)
            return Card(Absence.EMPTY, "No worker is alive", text, "Start one: cleo worker MODULE:NAME")
        if not self._rows.total:
            return Card(Absence.FILTERED, f"No worker matches {self._filter!r}", "", "esc clears the filter")
        return None

    # --- keys ----------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether those that are marked are, or the one under the cursor."""
        return are_paused(self.table.marks_or_current())

    def offers(self, action: Action) -> bool:
        """Without a worker there is nothing to tell."""
        changes = action in WORKER_CHANGES or action.name in {"copy", "copy-id"}
        return super().offers(action) and (not changes or self.table.current is not None)

    @property
    def history_words(self) -> Sequence[str]:
        """The worker under the cursor."""
        return ("worker", worker.id) if (worker := self.table.current) else ()

    def _propose(self, plan: Plan) -> None:
        self.propose(plan, self.table.marked.clear)

    async def do_pause(self) -> None:
        """Propose to pause or resume."""
        if chosen := self.table.marks_or_current():
            self._propose(await pause_worker_plan(self.cleo_app.cleo, chosen))

    def do_drain(self) -> None:
        """Propose to drain."""
        if chosen := self.table.marks_or_current():
            self._propose(drain_plan(self.cleo_app.cleo, chosen))

    def do_stop(self) -> None:
        """Propose to stop."""
        if chosen := self.table.marks_or_current():
            self._propose(stop_plan(self.cleo_app.cleo, chosen))

    def on_lazy_table_opened(self) -> None:
        """Look into the worker."""
        if worker := self.table.current:
            self.cleo_app.push_screen(WorkerScreen(worker))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.cleo_app.changed()


SPEC = ScreenSpec("5", "workers", "Workers", WorkersScreen, takes=queue_word, usage="[@QUEUE] [TEXT]", short="Work")
