"""The tasks of a queue, in whichever state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from cleo_core.models import TaskState
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.dead_plans import discard_plan, retry_plan
from cleo_tui.data.live import Want
from cleo_tui.data.lookups import Ask, Kind
from cleo_tui.data.plans import cancel_plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import queue_names
from cleo_tui.screens.task_columns import columns
from cleo_tui.screens.task_list import LIST_ACTIONS, TaskListScreen
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice, ChoiceStrip

TASK_ACTIONS = (
    *LIST_ACTIONS,
    Action("previous-state", ("h", "left"), "To the state before."),
    Action("next-state", ("l", "right"), "To the next state.", label="next state"),
    Action("reverse", ("S",), "List the other way round."),
    Action(
        "cancel", ("K",), "Cancel the marked tasks, or the one under the cursor.", label="cancel", effect=Effect.CHANGES
    ),
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
_OF_STATE = {
    TaskState.WAITING: "waits to be claimed",
    TaskState.ACTIVE: "runs",
    TaskState.DELAYED: "waits for its time",
    TaskState.DEAD: "has failed for good",
    TaskState.COMPLETED: "that is still kept has completed",
    TaskState.CANCELLED: "that is still kept was cancelled",
}


def _words(words: Sequence[str], snapshot: Snapshot) -> Sequence[str | Ask]:
    """A state and a queue in either order, then what to filter by."""
    states = [state.value for state in TaskState if not any(word in set(TaskState) for word in words)]
    queues = [f"@{name}" for name in queue_names(snapshot) if not any(word.startswith("@") for word in words)]
    return [*states, *queues, Ask(Kind.TASK_NAMES)]


class TasksScreen(TaskListScreen):
    """The tasks."""

    TITLE = "Tasks"
    ACTIONS = TASK_ACTIONS
    BINDINGS = bindings_of(TASK_ACTIONS)
    WANTS = Want.WORKERS
    STATES: ClassVar[tuple[TaskState, ...]] = tuple(TaskState)

    def __init__(self) -> None:
        super().__init__(columns(TaskState.WAITING, lambda: self.now), TaskState.WAITING)

    # --- what is listed ------------------------------------------------------------------------------

    def choices(self, snapshot: Snapshot) -> list[Choice]:
        """The states, with how many tasks are in each where that is counted."""
        view = snapshot.by_name.get(self.queue)
        numbers: dict[TaskState, int] = {}
        if view is not None:
            counts = view.counts
            numbers = {
                TaskState.WAITING: counts.waiting,
                TaskState.ACTIVE: counts.active,
                TaskState.DELAYED: counts.delayed,
                TaskState.DEAD: counts.dead,
            }
        return [
            Choice(state, say.count(numbers[state]) if state in numbers else "", chosen=state is self.state)
            for state in self.STATES
        ]

    def restart(self) -> None:
        """List from the beginning, in the columns of the state."""
        self.table.set_columns(columns(self.state, lambda: self.now))
        super().restart()

    def empty_card(self) -> Card:
        """There is nothing in this state."""
        if not self.queue:
            return Card(Absence.EMPTY, "No queues yet", "A queue appears with its first task.")
        return Card(
            Absence.EMPTY,
            f"No task of {self.queue} {_OF_STATE[self.state]}",
            "",
            "l or → shows the next state" + (", ] the next queue" if self.next_hint else ""),
        )

    def visit(self, words: Sequence[str]) -> None:
        """List what was asked for: ``dead @emails``."""
        queue = next((word[1:] for word in words if word.startswith("@")), None)
        state = next((TaskState(word) for word in words if word in set(TaskState)), None)
        if queue is not None and not self.is_known(queue):
            return
        self.choose(queue=queue, state=state)
        text = " ".join(word for word in words if not word.startswith("@") and word not in set(TaskState))
        if text != self.filter_text:
            self.filter_by(text)

    def offers(self, action: Action) -> bool:
        """What has ended can't be cancelled, and only dead letters can be retried or discarded."""
        if action.name in {"retry", "discard"}:
            return self.state is TaskState.DEAD and self.table.has_choice
        if action.name == "cancel":
            return not self.state.is_final and self.table.has_choice
        return super().offers(action)

    # --- keys ----------------------------------------------------------------------------------------

    def _turn(self, by: int) -> None:
        place = self.STATES.index(self.state) + by
        self.choose(state=self.STATES[place % len(self.STATES)])

    def do_next_state(self) -> None:
        """To the next state."""
        self._turn(1)

    def do_previous_state(self) -> None:
        """To the state before."""
        self._turn(-1)

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A state was clicked on."""
        self.choose(state=TaskState(message.word))

    def do_reverse(self) -> None:
        """List the other way round."""
        self.newest_first = not self.newest_first
        self.restart()

    def do_cancel(self) -> None:
        """Propose to cancel."""
        if self.state.is_final:
            self.cleo_app.warn(f"Tasks that are {self.state} have ended, so there is nothing to cancel.")
        elif targets := self.targets():
            self.propose(cancel_plan(self.cleo_app.cleo, self.queue, targets), self.after_plan)

    def do_retry(self) -> None:
        """Propose to retry."""
        if self.state is not TaskState.DEAD:
            self.cleo_app.warn("Only dead letters can be retried. `:tasks dead` lists them.")
        elif targets := self.targets():
            self.propose(retry_plan(self.cleo_app.cleo, self.queue, targets), self.after_plan)

    def do_discard(self) -> None:
        """Propose to discard."""
        if self.state is not TaskState.DEAD:
            self.cleo_app.warn("Only dead letters can be discarded. K cancels what has not ended.")
        elif targets := self.targets():
            self.propose(discard_plan(self.cleo_app.cleo, self.queue, targets), self.after_plan)


SPEC = ScreenSpec("3", "tasks", "Tasks", TasksScreen, takes=_words, usage="[STATE] [@QUEUE] [TEXT]", short="Task")
