"""Running tasks that look stuck: why, in whose hands, and with which numbers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from cleo_core.models.base import Model
from cleo_core.models.queues import BulkReport


class WorkerHealth(StrEnum):
    """How a worker is, as its heartbeat tells.

    ``ALIVE``: it beats and its loop answers. ``BLOCKED``: it beats, but its loop has not answered for more than 2 s,
    because code that doesn't await keeps it. ``SILENT``: nothing was heard of it for more than 15 s; it is dead, cut
    off or frozen.
    """

    ALIVE = "alive"
    BLOCKED = "blocked"
    SILENT = "silent"


class StuckKind(StrEnum):
    """The kinds of reasons for which a running task is called stuck."""

    LEASE_RAN_OUT = "lease_ran_out"
    WORKER_SILENT = "worker_silent"
    WORKER_BLOCKED = "worker_blocked"
    PAST_TIMEOUT = "past_timeout"
    FAR_PAST_USUAL = "far_past_usual"


# Workers sweep their queues every 2 s, unless told otherwise.
UNSWEPT = 10.0


def who_takes_it_back(ago: float) -> str:
    """What becomes of a task whose lease ran out ``ago`` seconds ago: if no sweep has come by, none may be coming."""
    if ago < UNSWEPT:
        return "the next sweep of any worker of its queue takes it back"
    return "no worker of its queue has taken it back since: start one, or recover it by hand"


class LeaseRanOut(Model):
    """Nobody has renewed the lease; the next sweep of any worker of the queue takes the task back."""

    kind: Literal[StuckKind.LEASE_RAN_OUT] = StuckKind.LEASE_RAN_OUT
    ago: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"Its lease ran out {self.ago:.1f} s ago; {who_takes_it_back(self.ago)}."


class WorkerSilent(Model):
    """Its worker has not been heard of. ``age`` is that of the last heartbeat, ``None`` if there is none (any more)."""

    kind: Literal[StuckKind.WORKER_SILENT] = StuckKind.WORKER_SILENT
    worker: str
    age: float | None

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        heard = "has no heartbeat" if self.age is None else f"was last heard of {self.age:.0f} s ago"
        return f"Its worker {self.worker} {heard}. It is dead, cut off or frozen."


class WorkerBlocked(Model):
    """Its worker lives, but code that doesn't await has kept its loop for ``lag`` seconds, so no task of it goes on."""

    kind: Literal[StuckKind.WORKER_BLOCKED] = StuckKind.WORKER_BLOCKED
    worker: str
    lag: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return (
            f"The loop of its worker {self.worker} is blocked since {self.lag:.1f} s, by this task or one beside it. "
            "The heartbeat goes on, so the lease doesn't run out."
        )


class PastTimeout(Model):
    """It runs longer than its own timeout lets it, so what should have stopped it could not."""

    kind: Literal[StuckKind.PAST_TIMEOUT] = StuckKind.PAST_TIMEOUT
    timeout: float
    running: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"It has run for {self.running:.1f} s; its timeout is {self.timeout:g} s."


class FarPastUsual(Model):
    """It runs far longer than its like: more than ``factor`` times what 99% of the last hour's took at most."""

    kind: Literal[StuckKind.FAR_PAST_USUAL] = StuckKind.FAR_PAST_USUAL
    running: float
    p99: float
    factor: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"It has run for {self.running:.1f} s; 99% of its like take at most {self.p99:.3g} s."


StuckReason = Annotated[
    LeaseRanOut | WorkerSilent | WorkerBlocked | PastTimeout | FarPastUsual, Field(discriminator="kind")
]


class StuckTask(Model):
    """A running task that looks stuck.

    ``fence`` names its lease: what is done to this lease is not done to a later one. ``running`` is the time since it
    began; while the worker has not said that it began (``begun`` is false: it was claimed ahead, or less than a
    heartbeat ago), the time since it was claimed. ``lease`` is what is left of its lease (negative: it ran out so long
    ago), ``heartbeat_age`` how long ago its worker was heard of, all in seconds.
    """

    id: str
    name: str
    queue: str
    group: str
    worker: str
    attempt: int
    fence: int
    running: float
    begun: bool
    lease: float
    heartbeat_age: float | None
    health: WorkerHealth
    reasons: list[StuckReason]


class StuckPage(Model):
    """The stuck tasks among the ``looked`` running ones from ``offset`` of ``total``, those whose leases end first at
    the beginning. If there are more to look at, ``next_offset`` is where to go on; else it is ``None``.
    """

    queue: str
    offset: int
    total: int
    looked: int
    next_offset: int | None
    items: list[StuckTask]
    at: float


class RecoveryReport(BulkReport):
    """What a recovery by hand did: ``done`` tasks were taken from their workers.

    ``charged`` of them had lost their lease and count as a loss, as in a sweep; ``dead`` of those became dead letters
    by it. The others are not charged.
    """

    charged: int = 0
    dead: int = 0
