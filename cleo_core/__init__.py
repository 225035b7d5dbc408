"""Cleo: a distributed task queue on Redis with task groups."""

from cleo_core.app import Cleo
from cleo_core.errors import (
    CleoError,
    InvalidArguments,
    InvalidInput,
    InvalidName,
    InvalidOption,
    InvalidUrl,
    PayloadTooLarge,
    ServerError,
    StaleLease,
    TaskCancelled,
    TaskFailed,
    TaskNotFound,
    TaskTimeout,
    UnknownTask,
)
from cleo_core.models import Event, EventGap, GroupStrategy, ObserverEvent, TaskPriority, TaskState
from cleo_core.settings import Limits, RedisSettings, WorkerSettings
from cleo_core.tasks.backoff import Backoff, retry_with_backoff
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.definition import Task
from cleo_core.tasks.handle import TaskHandle
from cleo_core.version import __version__


def task(function=None, /, **options):  # pyright: ignore
    """Declare a task on the default ``Cleo``. See ``Cleo.task``."""
    default = Cleo.get_instance()
    return default.task(**options) if function is None else default.task(function)


def queue_class(**options):  # pyright: ignore
    """Declare a class of tasks on the default ``Cleo``. See ``Cleo.queue_class``."""
    return Cleo.get_instance().queue_class(**options)


__all__ = [
    "Backoff",
    "Cleo",
    "CleoError",
    "Event",
    "EventGap",
    "GroupStrategy",
    "InvalidArguments",
    "InvalidInput",
    "InvalidName",
    "InvalidOption",
    "InvalidUrl",
    "Limits",
    "ObserverEvent",
    "PayloadTooLarge",
    "RedisSettings",
    "ServerError",
    "StaleLease",
    "Task",
    "TaskCancelled",
    "TaskContext",
    "TaskFailed",
    "TaskHandle",
    "TaskNotFound",
    "TaskPriority",
    "TaskState",
    "TaskTimeout",
    "UnknownTask",
    "WorkerSettings",
    "__version__",
    "queue_class",
    "retry_with_backoff",
    "task",
]
