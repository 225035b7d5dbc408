"""The enums of tasks: how urgent they are, where they stand, how an attempt ended."""

from __future__ import annotations

from enum import IntEnum, StrEnum


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
