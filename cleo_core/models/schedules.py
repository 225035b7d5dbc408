"""A schedule: what it runs, when, and what became of it so far."""

from __future__ import annotations

from pydantic import JsonValue

from cleo_core.models.base import Model
from cleo_core.models.states import TaskPriority, TaskState
from cleo_core.when import Cron, Every


class ScheduleInfo(Model):
    """A schedule as it is now. ``when`` is None if its stored times can't be understood.

    ``next_at`` is when it is due next (None: paused). ``last_at`` is the time for which the last task was stored,
    ``last_task`` its id and ``last_state`` how that task is (None: its record has expired). ``runs`` is how many tasks
    were stored, ``skipped`` how many times were not run. ``declared`` says that a task's declaration has it. A live
    worker of that code says so again each minute: ``declared_at`` is when one last did, ``declared_by`` which, and
    ``abandoned`` that none has for 3 minutes: its code is gone, or its workers are stopped. It stays, and is still due.
    """

    id: str
    queue: str
    task: str
    arguments: JsonValue
    options: dict[str, JsonValue]
    group: str
    priority: TaskPriority
    when: Cron | Every | None
    paused: bool
    declared: bool
    created_at: float
    next_at: float | None
    last_at: float | None
    last_task: str
    last_state: TaskState | None
    runs: int
    skipped: int
    declared_at: float | None = None
    declared_by: str = ""
    abandoned: bool = False


class SchedulePage(Model):
    """A window onto the schedules of a queue: ``total`` is how many there are, ``at`` when that was so."""

    queue: str
    offset: int
    total: int
    items: list[ScheduleInfo]
    at: float
