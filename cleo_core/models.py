"""The values that cross a boundary: enums and frozen models, nothing that does anything.

Times are seconds since the epoch and durations are seconds, both ``float``, here and in every public call.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from pydantic import BaseModel, ConfigDict, JsonValue

from cleo_core.rate_limit import RateLimit


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
    """How a queue chooses which group goes next; ``docs/groups.md`` tells of each with an example.

    ``ROUND_ROBIN``: each in turn, by weight. ``FIFO``: the group whose next task is the oldest. ``LIFO``: the group
    whose next task is the newest. ``PRIORITY``: the highest priority of a group, in turn among equals; each level is
    worth 100 claims, so the lowest is served at last. ``DYNAMIC``: in turn by the time that each group's tasks take.
    """

    ROUND_ROBIN = "round_robin"
    FIFO = "fifo"
    LIFO = "lifo"
    PRIORITY = "priority"
    DYNAMIC = "dynamic"


class GroupOrder(StrEnum):
    """In which order a group's tasks are taken.

    ``PRIORITY`` takes CRITICAL before HIGH before NORMAL before LOW, and the first in first within one. ``FIFO`` and
    ``LIFO`` don't look at priorities.
    """

    PRIORITY = "priority"
    FIFO = "fifo"
    LIFO = "lifo"


class GroupStanding(StrEnum):
    """Where a group stands: it may run now, or something keeps it."""

    READY = "ready"
    IDLE = "idle"
    PAUSED = "paused"
    AT_LIMIT = "at_limit"
    LOCKED = "locked"
    THROTTLED = "throttled"


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
    order: GroupOrder = GroupOrder.PRIORITY
    rate_limit: RateLimit | None = None
    groups: int


class GroupOptions(Model):
    """What tasks of a group do that don't say otherwise themselves. ``None``: as the task's own defaults have it.

    ``backoff`` is as ``Backoff`` writes itself. ``dead_retention`` is how long the group's dead letters are kept, in
    seconds.
    """

    max_retries: int | None = None
    backoff: dict[str, JsonValue] | None = None
    timeout: float | None = None
    retention: int | None = None
    max_deliveries: int | None = None
    dead_retention: int | None = None


class LockInfo(Model):
    """A group's lock that is held. ``waiting`` is how many stand in line for it."""

    queue: str
    group: str
    owner: str
    fence: int
    since: float
    expires_at: float
    waiting: int = 0


class GroupInfo(Model):
    """A group at one moment.

    ``order`` and the limits are what holds for it, its own or the queue's default; ``own`` names the settings that
    are its own. ``throttled_until`` is when a rate limit or a lock lets it run again. ``run`` is the smoothed run
    time of its tasks in seconds, ``failing`` the smoothed share of attempts that fail. ``yields`` says that under
    DYNAMIC it stands back until its backlog is gone, because it held too many of the running slots.
    """

    queue: str
    group: str
    standing: GroupStanding
    waiting: int
    active: int
    paused: bool = False
    concurrency: int | None = None
    weight: float = 1.0
    priority: int = 0
    order: GroupOrder = GroupOrder.PRIORITY
    rate_limit: RateLimit | None = None
    options: GroupOptions = GroupOptions()
    own: list[str] = []
    throttled_until: float | None = None
    lock: LockInfo | None = None
    run: float | None = None
    failing: float = 0.0
    yields: bool = False


class GroupRules(Model):
    """What all groups of a queue share: how they take turns, and the defaults of each group.

    ``moving`` is how many groups a change of the rules has not reached yet; 0 says that the rules hold exactly.
    """

    strategy: GroupStrategy
    order: GroupOrder
    concurrency: int | None = None
    weight: float = 1.0
    rate_limit: RateLimit | None = None
    options: GroupOptions = GroupOptions()
    queue_rate_limit: RateLimit | None = None
    paused: bool = False
    moving: int = 0
    ready: int = 0


class GroupPage(Model):
    """A window onto the groups of a queue, those with most waiting tasks first, as they stood at ``at``."""

    queue: str
    offset: int
    total: int
    items: list[GroupInfo]
    rules: GroupRules
    at: float


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
