"""Dead letters: tasks that failed for good, the kinds of their errors, and what was discarded of them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from cleo_core.models.base import Model
from cleo_core.models.queues import BulkReport
from cleo_core.models.tasks import TaskRecord, TaskSummary


class DeathReason(StrEnum):
    """Why a task became a dead letter.

    ``FAILED``: its last attempt raised an error and it had no retries left. ``TIMED_OUT``: the same, and the last
    attempt ran past its timeout. ``REFUSED``: no worker could run it or keep its result; it was not tried again.
    ``POISON``: it took down ``max_deliveries`` workers.
    """

    FAILED = "failed"
    TIMED_OUT = "timed_out"
    REFUSED = "refused"
    POISON = "poison"


class DeadLetter(TaskSummary):
    """What a list shows of a dead letter. ``fingerprint`` finds those with the same ``pattern`` of error."""

    fingerprint: str = ""
    pattern: str = ""
    death: DeathReason = DeathReason.FAILED


class DeadLetterRecord(TaskRecord):
    """Everything that is kept of a dead letter."""

    fingerprint: str = ""
    pattern: str = ""
    death: DeathReason = DeathReason.FAILED


class DeadLetterPage(Model):
    """A window onto the dead letters of a queue, or of one kind of error.

    ``items`` are those that the filter let through among the ``looked`` letters from ``offset`` of ``total``, the
    latest first. If there are more to look at, ``next_offset`` is where the next window begins; else it is ``None``.
    """

    queue: str
    offset: int
    total: int
    items: list[DeadLetter]
    looked: int
    next_offset: int | None
    at: float


class DeadLetterKind(Model):
    """Dead letters whose errors have one pattern: how many there are now, and the id of the latest.

    ``first_at`` and ``last_at`` are when the first and the last of the kind died, as long as the queue has had letters
    of it without a break. ``deaths`` are how many of the letters died in each of the parts of time that were asked for,
    the latest last; empty if none was asked for or no letter died in them.
    """

    fingerprint: str
    pattern: str
    count: int
    first_at: float
    last_at: float
    latest: str
    deaths: list[int] = Field(default_factory=list[int])


class DeadLetterKinds(Model):
    """The kinds of a queue's dead letters, those with the most first: ``items`` starts at ``offset`` of ``total``."""

    queue: str
    offset: int
    total: int
    items: list[DeadLetterKind]
    at: float


class DiscardReport(BulkReport):
    """What a discard did. ``discard`` is the id by which ``dead_letters.undo`` brings its letters back."""

    discard: str


class Discard(Model):
    """A discard in the trash: how many letters it holds, who did it (``user@host``), and when they go for good."""

    id: str
    queue: str
    count: int
    at: float
    expires_at: float
    by: str


class RetryState(StrEnum):
    """Where a retry of many dead letters stands. ``RUNNING`` says nothing of whether a process carries it on: see
    ``RetryRun.idle``.
    """

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class StopReason(StrEnum):
    """Why a retry of many dead letters stopped before its end: ``HAND``: somebody said so; ``FAILURES``: too many of
    the retried tasks failed again.
    """

    HAND = "hand"
    FAILURES = "failures"


class RetryRun(Model):
    """A retry of many dead letters at one moment (``at``), as it is kept on the server.

    It looks at ``total`` letters, has ``looked`` at some and ``retried`` those that match. A staged one (``first`` is
    not ``None``) watches them: ``succeeded`` and ``failed`` count the first attempt of each, ``unjudged`` are still to
    be tried, and ``failure_rate`` is that of the last 100 judged. ``idle`` is how long ago the last step was, in
    seconds; a run that is ``RUNNING`` and idle for long has lost its process, and ``dead_letters.resume_retry`` takes
    it up. ``by`` is who began it or took it up last (``user@host``).
    """

    id: str
    queue: str
    state: RetryState
    stopped_by: StopReason | None
    total: int
    looked: int
    retried: int
    succeeded: int
    failed: int
    unjudged: int
    failure_rate: float | None
    first: int | None
    rate: float | None
    stop_at_failure_rate: float | None
    started_at: float
    at: float
    idle: float
    by: str


class ArgumentsCheck(StrEnum):
    """By what edited arguments were checked before they were stored.

    ``DECLARED``: by the task's signature in this program. ``PUBLISHED``: by the JSON schema that a live worker has
    published. ``UNCHECKED``: nobody here knows the task, so only a worker will see whether they fit.
    """

    DECLARED = "declared"
    PUBLISHED = "published"
    UNCHECKED = "unchecked"
