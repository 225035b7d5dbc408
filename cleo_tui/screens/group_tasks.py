"""The tasks of one group, those that wait or those that run, and how the group stands."""

from __future__ import annotations

from typing import ClassVar

from cleo_core.models import GroupInfo, GroupRules, TaskState
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.group_changes import GROUP_CHANGES, ChangesGroups
from cleo_tui.screens.group_columns import active_text, lock_text
from cleo_tui.screens.of_queue import QUEUE_STEPS
from cleo_tui.screens.tasks import TASK_ACTIONS, TasksScreen
from cleo_tui.widgets.looks import standing_of
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice

GROUP_TASKS_ACTIONS = (*TASK_ACTIONS, *GROUP_CHANGES)
_STEPS = {action.name for action in QUEUE_STEPS}


class GroupTasksScreen(TasksScreen, ChangesGroups):
    """A page over the list of groups; the group stays the same."""

    ACTIONS = GROUP_TASKS_ACTIONS
    BINDINGS = bindings_of(GROUP_TASKS_ACTIONS)
    STATES: ClassVar[tuple[TaskState, ...]] = (TaskState.WAITING, TaskState.ACTIVE)

    def __init__(self, queue: str, group: GroupInfo, rules: GroupRules | None) -> None:
        super().__init__()
        self.queue, self.group = queue, group.group
        self._info, self._rules = group, rules
        self._reading = Reading(self._fetch_group, self.changed)

    @property
    def crumb(self) -> str:
        """The group."""
        return say.group(self._info.group)

    def on_mount(self) -> None:
        """List what waits, or what runs if nothing does."""
        running = self._info.active and not self._info.waiting
        self.choose(state=TaskState.ACTIVE if running else TaskState.WAITING)

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and how the group stands."""
        super().show(snapshot)
        info = self._info
        parts = [standing_of(info)[0], f"{active_text(info)} running"]
        if info.lock is not None:
            parts.append(f"lock {lock_text(info, snapshot.now)}")
        self.strip.tell(self.choices(snapshot), tail=" · ".join(parts))

    def _stale(self, snapshot: Snapshot) -> str:
        return super()._stale(snapshot) or self.stale(snapshot, self._reading.error, self._reading.age)

    def choices(self, snapshot: Snapshot) -> list[Choice]:
        """The states in which tasks are kept by group."""
        numbers = {TaskState.WAITING: self._info.waiting, TaskState.ACTIVE: self._info.active}
        return [Choice(state, say.count(numbers[state]), chosen=state is self.state) for state in self.STATES]

    def empty_card(self) -> Card:
        """There is nothing in this state."""
        what = "waits" if self.state is TaskState.WAITING else "runs"
        return Card(Absence.EMPTY, f"No task of {self.crumb} {what}", "", "l or → shows the other state, esc goes back")

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the list and the group anew."""
        super().reconcile(snapshot)
        self._reading.refresh()

    async def _fetch_group(self) -> bool:
        groups = self.cleo_app.cleo.groups
        self._info = await groups.get(self.queue, self._info.group)
        self._rules = await groups.rules(self.queue)
        return True

    # --- changes -------------------------------------------------------------------------------------

    @property
    def group_in_hand(self) -> GroupInfo:
        """The group of the page."""
        return self._info

    @property
    def rules(self) -> GroupRules | None:
        """What all groups of the queue share."""
        return self._rules

    def after_change(self) -> None:
        """Read the group anew."""
        self._reading.renew()

    def offers(self, action: Action) -> bool:
        """The queue is that of the group."""
        return action.name not in _STEPS and super().offers(action)

    def choose_queue(self, queue: str) -> None:
        """The queue stays."""

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        super().on_unmount()
        self._reading.close()
