"""One worker: how it fares, what it runs, and how the tasks ended that it ran last."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import WorkerNotFound
from cleo_core.models import HistoryEntry, TaskPage, TaskState, TaskSummary, WorkerInfo
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Listing
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.worker_plans import are_paused, drain_plan, pause_worker_plan, stop_plan
from cleo_tui.screens import history_columns
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.history_key import SHOW_HISTORY, ShowsHistory
from cleo_tui.screens.task import TaskScreen
from cleo_tui.screens.task_columns import arguments
from cleo_tui.screens.worker_columns import condition_of, explained, failed_role, look_of
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.facts import Fact, Facts
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice, ChoiceStrip
from cleo_tui.widgets.table import LazyTable

QUEUES_A_ROUND = 3
LOOKED_AT = 1_000
LATEST = 100


class View(StrEnum):
    """The lists of the page."""

    RUNNING = "running"
    HISTORY = "history"


WORKER_CHANGES = (
    Action("pause", ("P",), "Let the worker claim nothing, or let it again.", label="pause", effect=Effect.CHANGES),
    Action("drain", ("N",), "Let the worker end when what it runs has ended.", label="drain", effect=Effect.CHANGES),
    Action("stop", ("X",), "Let the worker end within its grace period.", label="stop", effect=Effect.CHANGES),
)
WORKER_ACTIONS = (
    *COMMON,
    Action("other-list", ("l", "h", "right", "left"), "To the other list: what runs, what ended.", label="other list"),
    *WORKER_CHANGES,
    SHOW_HISTORY,
    Action("copy-id", ("c",), "Copy the id of the worker."),
    Action("copy", ("y",), "Copy what the worker says of itself as JSON."),
)


class WorkerScreen(ShowsHistory):
    """The page of a worker, which stays when the worker has gone."""

    ACTIONS = WORKER_ACTIONS
    BINDINGS = bindings_of(WORKER_ACTIONS)
    WANTS = Want.WORKERS

    def __init__(self, worker: WorkerInfo) -> None:
        super().__init__()
        self._worker = worker
        self._now = worker.beat_at
        self._gone = False
        self._view = View.RUNNING
        self._facts, self._strip = Facts(), ChoiceStrip()
        self._pages: dict[str, TaskPage] = {}
        self._turn = 0
        self._active = Listing[TaskSummary](lambda task: f"{task.queue} {task.id}")
        self._ended = Listing[HistoryEntry](history_columns.key_of)
        self._tasks = LazyTable[TaskSummary](self._task_columns())
        self._history = LazyTable[HistoryEntry](history_columns.columns(lambda: self._now))
        self._panes = {View.RUNNING: Pane(self._tasks), View.HISTORY: Pane(self._history)}
        self._reading = Reading(self._fetch, self.changed)

    def body(self) -> ComposeResult:
        """How it fares, above the lists."""
        yield self._facts
        yield self._strip
        yield from self._panes.values()

    def on_mount(self) -> None:
        """Begin with what runs."""
        self._show_view()
        self._reading.renew()

    @property
    def crumb(self) -> str:
        """Its id."""
        return self._worker.id

    @property
    def home(self) -> Widget:
        """The list that is shown."""
        return self._tasks if self._view is View.RUNNING else self._history

    # --- what is shown -------------------------------------------------------------------------------

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read it anew."""
        self._reading.refresh()

    async def _fetch(self) -> bool:
        cleo = self.cleo_app.cleo
        try:
            self._worker, self._gone = await cleo.workers.get(self._worker.id), False
        except WorkerNotFound:
            self._gone = True
        for queue in self._next_queues():
            self._pages[queue] = await cleo.queues.tasks(queue, TaskState.ACTIVE, limit=LOOKED_AT)
        own = (task for page in self._pages.values() for task in page.items if task.worker == self._worker.id)
        self._active.replace(sorted(own, key=lambda task: task.claimed_at or 0.0))
        self._ended.replace(await cleo.history.worker(self._worker.id, LATEST))
        return True

    def _next_queues(self) -> list[str]:
        """Those of its queues whose running tasks are looked at in this round: few, in turns."""
        queues = self._worker.queues
        self._pages = {queue: page for queue, page in self._pages.items() if queue in queues}
        first, self._turn = self._turn, self._turn + QUEUES_A_ROUND
        return [queues[place % len(queues)] for place in range(first, first + min(QUEUES_A_ROUND, len(queues)))]

    def _note(self) -> str:
        """The order, and how far was looked where not all running tasks of its queues are known."""
        if self._view is View.HISTORY:
            return f"the last {LATEST} attempts of each queue that ended"
        looked, total = (
            sum(len(page.items) for page in self._pages.values()),
            sum(page.total for page in self._pages.values()),
        )
        unread = len(self._worker.queues) - len(self._pages)
        far = f", among {say.count(looked)} of {say.plural(total, 'running task')}" if looked < total else ""
        return f"the longest first{far}" + (f", {say.plural(unread, 'queue')} not looked at yet" if unread else "")

    def show(self, snapshot: Snapshot) -> None:
        """Draw the page."""
        self._now = snapshot.now
        worker = self._worker
        note = "It has ended, or was not heard of for a minute." if self._gone else explained(worker, self._now)
        self._facts.tell(_facts_of(worker, self._now, gone=self._gone), note, Role.BAD if self._is_bad() else Role.WARN)
        self._strip.tell(
            [
                Choice(View.RUNNING, say.count(self._active.total), chosen=self._view is View.RUNNING),
                Choice(View.HISTORY, say.count(self._ended.total), chosen=self._view is View.HISTORY),
            ]
        )
        # The other list is not followed: its cursor would be far from the latest when it is looked at first.
        if self._view is View.RUNNING:
            self._tasks.show(self._active)
        else:
            self._history.show(self._ended)
        stale = self.stale(snapshot, self._reading.error, self._reading.age)
        self._panes[self._view].tell(
            f"{worker.id} · {self._view}", self._note(), stale=stale, card=self._card(snapshot)
        )

    def _is_bad(self) -> bool:
        return self._gone or condition_of(self._worker, self._now) in {"silent", "blocked"}

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        shown = self._active if self._view is View.RUNNING else self._ended
        if shown.total:
            return None
        if self._reading.error is not None:
            return Card(Absence.ERROR, "What it does can't be read", str(self._reading.error))
        if self._reading.value is None or (self._view is View.RUNNING and len(self._pages) < len(self._worker.queues)):
            return Card(Absence.CONNECTING, "Reading what it does")
        if self._view is View.RUNNING:
            return Card(Absence.EMPTY, "It runs no task", "", "l shows how those ended that it ran last")
        return Card(Absence.EMPTY, "No task that it ran has ended", "", "l shows what runs")

    def _show_view(self) -> None:
        for view, pane in self._panes.items():
            pane.display = view is self._view
        self.home.focus()
        self.changed()

    def _task_columns(self) -> Sequence[Column[TaskSummary]]:
        def since(task: TaskSummary) -> Cell:
            return Cell(say.duration(max(0.0, self._now - (task.claimed_at or self._now))), Role.ACCENT)

        def progress(task: TaskSummary) -> Cell:
            return Cell("" if task.progress is None else say.percent(task.progress))

        return (
            Column("task", 14, lambda task: Cell(task.name, Role.STRONG), grow=2, most=40),
            Column("id", 12, lambda task: Cell(task.id, Role.MUTED), grow=2, most=32),
            Column("arguments", 20, arguments, grow=4, drop=4),
            Column("queue", 8, lambda task: Cell(task.queue, Role.MUTED), grow=1, most=24),
            Column("group", 8, lambda task: Cell(task.group, Role.MUTED), grow=1, most=24, drop=2),
            Column("try", 3, lambda task: Cell(str(task.attempt)), Side.RIGHT, drop=1),
            Column("progress", 8, progress, Side.RIGHT, drop=3),
            Column("for", 11, since, Side.RIGHT),
        )

    # --- keys ----------------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether the worker is."""
        return are_paused([self._worker])

    def offers(self, action: Action) -> bool:
        """One that has ended can be told nothing."""
        return super().offers(action) and (action not in WORKER_CHANGES or not self._gone)

    @property
    def history_words(self) -> Sequence[str]:
        """The worker of the page."""
        return "worker", self._worker.id

    def do_other_list(self) -> None:
        """To the other list."""
        self._view = View.HISTORY if self._view is View.RUNNING else View.RUNNING
        self._show_view()

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A list was clicked on."""
        self._view = View(message.word)
        self._show_view()

    def after_change(self) -> None:
        """Read it anew."""
        self._reading.renew()

    async def do_pause(self) -> None:
        """Propose to pause or resume."""
        self.propose(await pause_worker_plan(self.cleo_app.cleo, [self._worker]), self.after_change)

    def do_drain(self) -> None:
        """Propose to drain."""
        self.propose(drain_plan(self.cleo_app.cleo, [self._worker]), self.after_change)

    def do_stop(self) -> None:
        """Propose to stop."""
        self.propose(stop_plan(self.cleo_app.cleo, [self._worker]), self.after_change)

    def do_copy_id(self) -> None:
        """Copy the id."""
        self.cleo_app.copy_to_clipboard(self._worker.id)
        self.cleo_app.say(f"Copied {self._worker.id}.")

    def do_copy(self) -> None:
        """Copy all of it."""
        self.cleo_app.copy_to_clipboard(self._worker.model_dump_json(indent=2))
        self.cleo_app.say("Copied the worker as JSON.")

    def on_lazy_table_opened(self) -> None:
        """Look into the task."""
        if self._view is View.RUNNING and (task := self._tasks.current):
            self.cleo_app.push_screen(TaskScreen(task.queue, task.id))
        elif self._view is View.HISTORY and (entry := self._history.current):
            self.cleo_app.push_screen(TaskScreen(entry.queue, entry.task_id))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._reading.close()


def _facts_of(worker: WorkerInfo, now: float, *, gone: bool) -> list[Fact]:
    text, look = look_of(worker, now)
    state = Fact("state", "✗ gone", Role.BAD) if gone else Fact("state", text, look.role)
    limit = f" of {say.size(worker.max_memory)}" if worker.max_memory else ""
    return [
        state,
        Fact("heartbeat", say.ago(max(0.0, now - worker.beat_at))),
        Fact("slots", f"{say.count(worker.active)} of {say.count(worker.concurrency)} busy"),
        Fact("processed", say.count(worker.processed)),
        Fact("failed", say.count(worker.failed), failed_role(worker)),
        Fact("cpu", f"{worker.cpu:.0f}%"),
        Fact("memory", say.size(worker.memory) + limit),
        Fact("loop lag", say.duration(round(worker.loop_lag, 3))),
        Fact("up", say.duration(max(0.0, now - worker.started_at))),
        Fact("host", worker.host),
        Fact("pid", str(worker.pid)),
        Fact("version", worker.version),
        Fact("queues", ", ".join(worker.queues)),
        Fact("tasks", say.count(len(worker.tasks))),
    ]
