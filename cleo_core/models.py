"""The values that cross a boundary: enums and frozen models, nothing that does anything.

Times are seconds since the epoch and durations are seconds, both ``float``, here and in every public call.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue


class TaskPriority(IntEnum):
    """How urgent a task is among those of its group. Within a priority, the first in is the first out."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class TaskState(StrEnum):
    """Where a task is in its life. ``COMPLETED``, ``DEAD`` and ``CANCELLED`` are ends."""

    WAITING = "waiting"
    DELAYED = "delayed"
    ACTIVE = "active"
    COMPLETED = "completed"
    DEAD = "dead"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the task will not run again by itself."""
        return self in {TaskState.COMPLETED, TaskState.DEAD, TaskState.CANCELLED}


class Outcome(StrEnum):
    """How one attempt at a task ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LOST = "lost"
    REFUSED = "refused"


class GroupStrategy(StrEnum):
    """How a queue chooses which group goes next."""

    ROUND_ROBIN = "round_robin"
    FIFO = "fifo"
    LIFO = "lifo"
    PRIORITY = "priority"
    DYNAMIC = "dynamic"


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


class Model(BaseModel):
    """The base of what Cleo hands out: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    """What a list shows of a task."""

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


class TaskRecord(TaskSummary):
    """Everything that is kept of one task."""

    arguments: JsonValue
    options: dict[str, JsonValue]
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


class QueueStats(Model):
    """The counts of a queue, all read in one step on the server.

    ``waiting``, ``active``, ``delayed`` and ``dead`` are how many there are now. ``enqueued``, ``completed``,
    ``failed`` (attempts), ``retried``, ``died`` and ``cancelled`` only grow. ``oldest_waiting`` is the age of the
    first task in the default order, in seconds, and ``dead_expires_at`` when the oldest dead letter will be dropped.
    ``kept`` counts the ended tasks whose records have not expired.
    """

    queue: str
    at: float
    paused: bool
    waiting: int
    active: int
    delayed: int
    dead: int
    kept: int
    enqueued: int
    completed: int
    failed: int
    retried: int
    died: int
    cancelled: int
    lost: int
    oldest_waiting: float | None
    next_due_at: float | None
    dead_expires_at: float | None
    strategy: GroupStrategy
    groups: int


class MinuteStats(Model):
    """What happened in one minute of a queue's life. Percentiles are ``None`` when nothing ran."""

    at: float
    enqueued: int = 0
    completed: int = 0
    failed: int = 0
    died: int = 0
    run_p50: float | None = None
    run_p95: float | None = None
    wait_p50: float | None = None
    wait_p95: float | None = None


class WorkerInfo(Model):
    """A worker process as its last heartbeat described it."""

    id: str
    host: str
    pid: int
    version: str
    queues: list[str]
    tasks: list[str]
    concurrency: int
    active: int
    processed: int
    failed: int
    cpu: float
    memory: int
    loop_lag: float
    started_at: float
    beat_at: float
    stopping: bool


class ServerInfo(Model):
    """The server behind a ``Cleo``: what a status line says of it. ``max_memory`` is 0 when there is no limit."""

    address: str
    product: str
    version: str
    role: str
    used_memory: int
    max_memory: int
    eviction_policy: str
    append_only: bool
    clients: int
    uptime: float
    commands_per_second: float
    user: str
    writable: bool


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
    """Said by a listener that was away: ``missed`` events of the queue are no longer in the stream."""

    queue: str
    missed: int


class BulkReport(Model):
    """What an action on several tasks did: how many succeeded, and why each of the others didn't (at most 100 told)."""

    done: int
    failures: dict[str, str] = {}
