"""The columns of a list of tasks: what tells something in the state that is listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import TaskState, TaskSummary
from cleo_tui import say
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import STATES


def columns(state: TaskState, now: Callable[[], float]) -> Sequence[Column[TaskSummary]]:
    """Those for tasks of a state; ages are told by that clock."""

    def enqueued(task: TaskSummary) -> Cell:
        return Cell(say.age(max(0.0, now() - task.enqueued_at)))

    def running(task: TaskSummary) -> Cell:
        since = task.claimed_at
        return Cell("" if since is None else say.age(max(0.0, now() - since)), Role.ACCENT)

    def due(task: TaskSummary) -> Cell:
        left = (task.due_at or 0.0) - now()
        return Cell(f"in {say.age(left)}" if left >= 1 else "due")

    def ended(task: TaskSummary) -> Cell:
        return Cell("" if task.finished_at is None else say.ago(max(0.0, now() - task.finished_at)))

    age = Column("enqueued", 8, enqueued, Side.RIGHT, drop=3)
    worker = Column[TaskSummary]("worker", 16, lambda task: Cell(task.worker, Role.MUTED), grow=3, drop=2)
    of_state: dict[TaskState, Sequence[Column[TaskSummary]]] = {
        TaskState.WAITING: (Column("enqueued", 8, enqueued, Side.RIGHT),),
        TaskState.ACTIVE: (age, Column("running", 7, running, Side.RIGHT), worker),
        TaskState.DELAYED: (age, Column("due", 9, due, Side.RIGHT)),
        TaskState.DEAD: (
            age,
            Column("ended", 10, ended, Side.RIGHT),
            Column("error", 16, lambda task: Cell(task.error, Role.BAD), grow=3, drop=2),
        ),
        TaskState.COMPLETED: (age, Column("ended", 10, ended, Side.RIGHT), worker),
        TaskState.CANCELLED: (age, Column("ended", 10, ended, Side.RIGHT), worker),
    }
    return (
        Column("state", 2 + len(state), _state, flashes=state is TaskState.ACTIVE),
        Column("task", 14, lambda task: Cell(task.name, Role.STRONG), grow=2, most=40),
        Column("id", 12, lambda task: Cell(task.id, Role.MUTED), grow=2, most=32, drop=4),
        Column("arguments", 20, arguments, grow=5, drop=6),
        Column("group", 8, lambda task: Cell(task.group, Role.MUTED), grow=1, most=24, drop=5),
        Column("priority", 8, _priority, drop=8),
        Column("try", 3, _try, Side.RIGHT, drop=7),
        *of_state[state],
    )


def arguments(task: TaskSummary) -> Cell:
    """What the task is about: the beginning of its arguments, without the braces around them and the quotes in them."""
    return Cell(task.preview.removeprefix("{").removesuffix("}").replace('"', ""), Role.MUTED)


def _state(task: TaskSummary) -> Cell:
    look = STATES[task.state]
    if task.state is TaskState.ACTIVE and task.progress is not None:
        return Cell(f"{look.glyph} {task.progress:.0%}", look.role)
    return Cell(f"{look.glyph} {task.state}", look.role)


def _priority(task: TaskSummary) -> Cell:
    word = task.priority.name.lower()
    return Cell(word, Role.FAINT if word == "normal" else Role.WARN if word == "critical" else Role.PLAIN)


def _try(task: TaskSummary) -> Cell:
    return Cell(say.count(task.attempt), Role.PLAIN if task.attempt > 1 else Role.FAINT)
