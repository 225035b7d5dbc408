"""The public names of the engine, all in one place; ``cleo_core`` hands them out at their first use."""

from __future__ import annotations

from cleo_core.app import Cleo
from cleo_core.errors import (
    CleoError,
    DiscardNotFound,
    InvalidArguments,
    InvalidHeaders,
    InvalidInput,
    InvalidName,
    InvalidOption,
    InvalidResults,
    InvalidUrl,
    LockLost,
    LockTimeout,
    LoopBlocked,
    PayloadTooLarge,
    PermissionDenied,
    RetryNotFound,
    ScheduleNotFound,
    ServerError,
    SigningKeyNeeded,
    StaleLease,
    TaskCancelled,
    TaskFailed,
    TaskNotFound,
    TaskTimeout,
    UnknownTask,
    WorkerLost,
    WorkerNotFound,
    WrongState,
)
from cleo_core.history import TaskHistoryService
from cleo_core.middleware import Middleware
from cleo_core.models import (
    AuditEntry,
    Check,
    CheckStatus,
    Event,
    EventGap,
    GroupOrder,
    GroupStrategy,
    HistoryEntry,
    Identity,
    ObserverEvent,
    Outcome,
    Role,
    TaskPriority,
    TaskState,
    WorkerState,
)
from cleo_core.rate_limit import RateLimit
from cleo_core.settings import Limits, RedisSettings, WorkerSettings
from cleo_core.signing import SigningKey, TrustedKey
from cleo_core.tasks.backoff import Backoff, retry_with_backoff
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.definition import Task
from cleo_core.tasks.handle import TaskHandle
from cleo_core.tasks.queue_class import task_method
from cleo_core.version import __version__
from cleo_core.when import Cron, Every, Misfire

# The default instance's decorators; making it opens no connection.
task = Cleo.get_instance().task
queue_class = Cleo.get_instance().queue_class

__all__ = [
    "AuditEntry",
    "Backoff",
    "Check",
    "CheckStatus",
    "Cleo",
    "CleoError",
    "Cron",
    "DiscardNotFound",
    "Event",
    "EventGap",
    "Every",
    "GroupOrder",
    "GroupStrategy",
    "HistoryEntry",
    "Identity",
    "InvalidArguments",
    "InvalidHeaders",
    "InvalidInput",
    "InvalidName",
    "InvalidOption",
    "InvalidResults",
    "InvalidUrl",
    "Limits",
    "LockLost",
    "LockTimeout",
    "LoopBlocked",
    "Middleware",
    "Misfire",
    "ObserverEvent",
    "Outcome",
    "PayloadTooLarge",
    "PermissionDenied",
    "RateLimit",
    "RedisSettings",
    "RetryNotFound",
    "Role",
    "ScheduleNotFound",
    "ServerError",
    "SigningKey",
    "SigningKeyNeeded",
    "StaleLease",
    "Task",
    "TaskCancelled",
    "TaskContext",
    "TaskFailed",
    "TaskHandle",
    "TaskHistoryService",
    "TaskNotFound",
    "TaskPriority",
    "TaskState",
    "TaskTimeout",
    "TrustedKey",
    "UnknownTask",
    "WorkerLost",
    "WorkerNotFound",
    "WorkerSettings",
    "WorkerState",
    "WrongState",
    "__version__",
    "queue_class",
    "retry_with_backoff",
    "task",
    "task_method",
]
