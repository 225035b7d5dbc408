"""What commands write with ``--json`` that no call of the engine hands out."""

from __future__ import annotations

from pydantic import Field

from cleo_core.models import ArgumentsCheck, Model, TaskState, TaskSummary


class Changed(Model):
    """A setting or a state was changed; ``changed`` is false if it was so already. ``group`` is null for the queue."""

    action: str
    queue: str
    group: str | None = None
    changed: bool


class Plan(Model):
    """What a change would do, told by ``--dry-run``: to how many, and the first of them."""

    action: str
    queue: str
    would: int
    sample: list[str] = Field(default_factory=list[str])


class Enqueued(Model):
    """A task that was enqueued; ``created`` is false if there was one of that id already."""

    id: str
    queue: str
    created: bool


class TaskList(Model):
    """Tasks of one state. ``total`` is how many there are in that state; ``looked_at`` how many of them a filter saw.

    Without a filter all that are shown were looked at. ``matched`` is how many of those that were looked at fit.
    """

    queue: str
    state: TaskState
    total: int
    looked_at: int
    matched: int
    items: list[TaskSummary]
    at: float


class Released(Model):
    """A lock was taken away; ``released`` is false if nobody held it."""

    queue: str
    group: str
    released: bool


class Told(Model):
    """A worker was told something; ``changed`` is false if it did so already."""

    order: str
    worker: str
    changed: bool


class MetricSample(Model):
    """One value of a metric, as Prometheus would read it."""

    name: str
    labels: dict[str, str]
    value: float


class Cleared(Model):
    """A past was forgotten: ``cleared`` keys, or of a task attempts; after a dry run as many as would be."""

    kind: str
    name: str
    cleared: int


class ScheduleChanged(Model):
    """A schedule was changed; ``changed`` is false if it was so already."""

    action: str
    queue: str
    schedule: str
    changed: bool


class Edited(Model):
    """A dead letter was put back with other arguments; ``checked`` says by what they were checked."""

    id: str
    queue: str
    checked: ArgumentsCheck
