"""The counts of a queue, and what an action on many of its tasks did."""

from __future__ import annotations

from pydantic import Field

from cleo_core.models.base import Model
from cleo_core.models.groups import GroupOrder, GroupStrategy
from cleo_core.rate_limit import RateLimit


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


class BulkReport(Model):
    """What an action on several tasks did: how many succeeded, and why each of the others didn't (at most 100 told)."""

    done: int
    failures: dict[str, str] = Field(default_factory=dict[str, str])
