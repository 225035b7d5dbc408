"""What is known of a task."""

from __future__ import annotations

from pydantic import JsonValue

from cleo_core.models.base import Model
from cleo_core.models.states import Outcome, TaskPriority, TaskState


class Attempt(Model):
    """One finished attempt at a task.

    ``number`` counts from 1 and stays the same when a worker is lost, because a lost attempt is not charged.
    ``wait`` is the time from when the task could run until it was claimed, ``run`` the time its function took.
    """

    number: int
    outcome: Outcome
    at: float
    wait: float
    run: float
    worker: str
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""


class LogLine(Model):
    """A line that a task wrote with ``TaskContext.log``."""

    at: float
    text: str


class Progress(Model):
    """How far a running task says it is: ``fraction`` is between 0 and 1."""

    fraction: float
    text: str = ""
    at: float


class TaskSummary(Model):
    """What a list shows of a task.

    ``preview`` is the beginning of its arguments as JSON: 200 bytes, then an ellipsis if there are more. It is the
    ellipsis alone if they are larger than 16 KiB, which a list doesn't look into.
    """

    id: str
    name: str
    queue: str
    group: str
    priority: TaskPriority
    state: TaskState
    enqueued_at: float
    due_at: float | None = None
    claimed_at: float | None = None
    finished_at: float | None = None
    worker: str = ""
    attempt: int = 1
    error: str = ""
    progress: float | None = None
    preview: str = ""


class TaskRecord(TaskSummary):
    """Everything that is kept of one task."""

    arguments: JsonValue
    options: dict[str, JsonValue]
    headers: dict[str, str]
    attempts: list[Attempt]
    logs: list[LogLine]
    progress_text: str = ""
    result: JsonValue = None
    reason: str = ""
    lease_expires_at: float | None = None
    expires_at: float | None = None
    losses: int = 0
    cancel_requested: bool = False


class TaskPage(Model):
    """A window onto the tasks of one state: ``items`` starts at ``offset`` of ``total``, as they stood at ``at``."""

    queue: str
    state: TaskState
    offset: int
    total: int
    items: list[TaskSummary]
    at: float
