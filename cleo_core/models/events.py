"""What the live stream tells."""

from __future__ import annotations

from enum import StrEnum

from cleo_core.models.base import Model
from cleo_core.models.states import TaskState


class ObserverEvent(StrEnum):
    """The kinds of events that observers can subscribe to."""

    STATUS_CHANGE = "status_change"
    GROUP_CHANGE = "group_change"
    TASK_ADDED = "task_added"
    TASK_COMPLETED = "task_completed"
    TASK_FAILED = "task_failed"
    TASK_PROGRESS = "task_progress"
    TASK_STALLED = "task_stalled"
    QUEUE_CHANGE = "queue_change"
    WORKER_JOINED = "worker_joined"
    WORKER_LEFT = "worker_left"


class Event(Model):
    """Something that happened, as the live stream tells it.

    ``position`` orders the events of one queue. A plain change of
    state has the kind ``STATUS_CHANGE``; the other kinds that change a state carry it too.
    """

    kind: ObserverEvent
    queue: str
    at: float
    position: str = ""
    task_id: str = ""
    name: str = ""
    group: str = ""
    worker: str = ""
    state: TaskState | None = None
    detail: str = ""
    run: float | None = None


class EventGap(Model):
    """Said by a listener in place of events that it can't tell: ``missed`` of the queue.

    They were no longer in the stream when the listener, which had been away, was back; or they are ``unreadable``, as
    those of a newer version may be.
    """

    queue: str
    missed: int
    unreadable: bool = False
