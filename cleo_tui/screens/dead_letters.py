"""The dead letters: what failed for good, with its error, to be retried or discarded."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_core.models import TaskState, TaskSummary
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.plans import discard_plan, retry_plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.of_queue import queue_word
from cleo_tui.screens.task_list import LIST_ACTIONS, TaskListScreen
from cleo_tui.theme import Role
from cleo_tui.widgets.statecard import Card, Look
from cleo_tui.widgets.strip import Choice, ChoiceStrip
from cleo_tui.widgets.table import Cell, Column, Side

DEAD_ACTIONS = (
    *LIST_ACTIONS,
    Action(
        "retry",
        ("R",),
        "Retry the marked dead letters, or the one under the cursor.",
        label="retry",
        effect=Effect.CHANGES,
    ),
    Action(
        "discard",
        ("D",),
        "Discard the marked dead letters, or the one under the cursor.",
        label="discard",
        effect=Effect.CHANGES,
    ),
)


class DeadLettersScreen(TaskListScreen):
    """The dead letters of a queue; the queues that have some are above."""

    TITLE = "Dead letters"
    ACTIONS = DEAD_ACTIONS
    BINDINGS = bindings_of(DEAD_ACTIONS)

    def __init__(self) -> None:
        super().__init__(self._columns(), TaskState.DEAD)

    def _columns(self) -> Sequence[Column[TaskSummary]]:
        return (
            Column("died", 7, self._died, Side.RIGHT),
            Column("task", 14, lambda task: Cell(task.name, Role.STRONG), grow=1, most=40),
            Column("error", 24, lambda task: Cell(task.error, Role.BAD), grow=4),
            Column("tries", 5, lambda task: Cell(str(max(1, task.attempt - 1))), Side.RIGHT, drop=1),
            Column("group", 8, lambda task: Cell(task.group, Role.MUTED), drop=4),
            Column("worker", 10, lambda task: Cell(task.worker, Role.MUTED), grow=1, drop=3),
            Column("id", 12, lambda task: Cell(task.id, Role.MUTED), grow=2, most=32, drop=2),
        )

    def _died(self, task: TaskSummary) -> Cell:
        return Cell(say.age(max(0.0, self.now - task.finished_at)) if task.finished_at is not None else say.NOTHING)

    def queues_of(self, snapshot: Snapshot) -> list[str]:
        """The queues that have dead letters, those with the most first."""
        having = [queue for queue in snapshot.queues if queue.counts.dead or queue.name == self.queue]
        return [queue.name for queue in sorted(having, key=lambda queue: (-queue.counts.dead, queue.name))]

    def choices(self, snapshot: Snapshot) -> list[Choice]:
        """Those queues."""
        names = sorted(self.queues_of(snapshot))
        return [
            Choice(name, say.count(snapshot.by_name[name].counts.dead), chosen=name == self.queue)
            for name in names
            if name in snapshot.by_name
        ]

    def empty_card(self) -> Card:
        """There are none."""
        if self.queue:
            return Card(Look.EMPTY, f"No dead letters in {self.queue}", "Nothing has failed for good here.")
        return Card(Look.EMPTY, "No dead letters", "Nothing has failed for good.")

    def show(self, snapshot: Snapshot) -> None:
        """Draw, and say when the oldest will be dropped."""
        super().show(snapshot)
        view = snapshot.by_name.get(self.queue)
        expires = view.stats.dead_expires_at if view is not None and view.counts.dead else None
        tail = f"the oldest is dropped in {say.duration(max(0.0, expires - snapshot.now))}" if expires else ""
        self.strip.tell(self.choices(snapshot), tail=tail)

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self.choose_queue(message.word)

    def do_retry(self) -> None:
        """Propose to retry."""
        if targets := self.targets():
            self.propose(retry_plan(self.cleo_app.cleo, self.queue, targets), self.after_plan)

    def do_discard(self) -> None:
        """Propose to discard."""
        if targets := self.targets():
            self.propose(discard_plan(self.cleo_app.cleo, self.queue, targets), self.after_plan)


SPEC = ScreenSpec("6", "dead", "Dead letters", DeadLettersScreen, takes=queue_word, usage="[@QUEUE]", short="Dead")
