"""Groups, their rules and their locks."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, JsonValue

from cleo_core.models.base import Model
from cleo_core.rate_limit import RateLimit


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
    own: list[str] = Field(default_factory=list[str])
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
