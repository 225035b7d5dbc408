"""Why a task is not running: each reason is a type of its own, with its numbers and a sentence."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cleo_core.models import Model, TaskState
from cleo_core.models.stuck import who_takes_it_back
from cleo_core.rate_limit import RateLimit


def _duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def _group(group: str) -> str:
    return f"the group {group!r}" if group else "the group of tasks without a group"


def _the_group(group: str) -> str:
    """The same at the beginning of a sentence. The group's name keeps its case."""
    return f"T{_group(group)[1:]}"


def _count(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


class QueuePaused(Model):
    """Nobody may claim from the queue."""

    kind: Literal["queue_paused"] = "queue_paused"
    queue: str

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"The queue {self.queue} is paused. Resume it to let its tasks run."


class GroupPaused(Model):
    """Nobody may claim from the group."""

    kind: Literal["group_paused"] = "group_paused"
    group: str

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"{_the_group(self.group)} is paused. Resume it to let its tasks run."


class GroupAtLimit(Model):
    """As many of the group's tasks run as may; ``held_by`` names up to ten of them."""

    kind: Literal["group_at_limit"] = "group_at_limit"
    group: str
    limit: int
    running: int
    held_by: list[str]

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        more = f" and {self.running - len(self.held_by):,} more" if self.running > len(self.held_by) else ""
        who = f"{', '.join(self.held_by)}{more}"
        if self.running > self.limit:
            return (
                f"{_the_group(self.group)} is over its limit of {self.limit:,}, which was lowered: "
                f"{self.running:,} run, namely {who}."
            )
        all_slots = f"{self.running:,} of {self.limit:,} slots are" if self.limit > 1 else "the only slot is"
        return f"{_the_group(self.group)} is at its limit: {all_slots} taken, by {who}."


class RateLimited(Model):
    """The rate limit of the group or of the queue (``group`` is None) lets the next task go in ``free_in`` seconds."""

    kind: Literal["rate_limited"] = "rate_limited"
    group: str | None
    rate_limit: RateLimit
    free_in: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        whose = "The queue" if self.group is None else _the_group(self.group)
        return f"{whose} is at its rate limit of {self.rate_limit}; free again in {_duration(self.free_in)}."


class LockHeld(Model):
    """The group is locked: by ``owner``, for at most ``expires_in`` seconds unless it is renewed."""

    kind: Literal["lock_held"] = "lock_held"
    group: str
    owner: str
    fence: int
    held_for: float
    expires_in: float

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return (
            f"{_the_group(self.group)} has been locked by {self.owner} for {_duration(self.held_for)}; "
            f"the lock runs out in {_duration(self.expires_in)} if it is not renewed."
        )


class LockAwaited(Model):
    """The group is closed to workers because somebody waits for its lock until its running tasks have ended."""

    kind: Literal["lock_awaited"] = "lock_awaited"
    group: str
    running: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        those = "the one that runs has" if self.running == 1 else f"the {self.running:,} that run have"
        first = f"{those} ended and " if self.running else ""
        return (
            f"Somebody waits for the lock of {_group(self.group)}: none of its tasks is started until {first}the lock "
            "was given back."
        )


class Yielding(Model):
    """Under DYNAMIC the group held too many of the running slots and stands back until its backlog is gone."""

    kind: Literal["yielding"] = "yielding"
    group: str
    waiting: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return (
            f"{_the_group(self.group)} held over 10% of the running slots, so it yields to other groups until its "
            f"{_count(self.waiting, 'waiting task has', 'waiting tasks have')} been started."
        )


class Behind(Model):
    """``tasks`` of the same group come first, and ``groups`` groups have their turn before this one."""

    kind: Literal["behind"] = "behind"
    group: str
    tasks: int
    groups: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        of_group = f" of {_group(self.group)}" if self.group else ""
        other = _count(self.groups, "other group has its turn", "other groups have their turn")
        turn = f"; {other} first" if self.groups else ""
        if not self.tasks:
            return f"It is the next task{of_group}{turn}."
        return f"It is behind {_count(self.tasks, 'task', 'tasks')}{of_group}{turn}."


class DelayedUntil(Model):
    """It is not due before ``due_at``: it was enqueued with a delay, or waits to be tried again (``attempt`` above
    1).
    """

    kind: Literal["delayed"] = "delayed"
    due_at: float
    due_in: float
    attempt: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        why = f"attempt {self.attempt} follows a failure" if self.attempt > 1 else "it was enqueued with a delay"
        due = f"due in {_duration(self.due_in)}" if self.due_in > 0 else "due now"
        return f"It is {due}: {why}."


class NoWorker(Model):
    """No live worker serves the queue."""

    kind: Literal["no_worker"] = "no_worker"
    queue: str

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return f"No live worker serves the queue {self.queue}. Start one: cleo worker MODULE:NAME --queues {self.queue}"


class WorkersPaused(Model):
    """Workers serve the queue, but an operator has paused them all, or they outgrew their memory."""

    kind: Literal["workers_paused"] = "workers_paused"
    workers: list[str]

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        paused = "The only worker of the queue is" if len(self.workers) == 1 else f"All {len(self.workers)} workers are"
        return f"{paused} paused ({', '.join(self.workers[:3])}). Let one go on: cleo.workers.resume(id)."


class NoWorkerKnowsTask(Model):
    """Workers serve the queue, but none of them has a task of that name declared."""

    kind: Literal["no_worker_knows_task"] = "no_worker_knows_task"
    name: str
    workers: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        none = (
            f"None of the {self.workers:,} workers of this queue knows"
            if self.workers > 1
            else ("The only worker of this queue doesn't know")
        )
        return (
            f"{none} the task {self.name!r}; the first that claims it makes it a dead letter. Deploy workers that "
            "declare it."
        )


class WorkersBusy(Model):
    """All slots of the queue's workers are taken."""

    kind: Literal["workers_busy"] = "workers_busy"
    workers: int
    slots: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        slots = "The only slot" if self.slots == 1 else f"All {self.slots:,} slots"
        workers = "the only worker" if self.workers == 1 else f"the {self.workers:,} workers"
        taken = "is taken" if self.slots == 1 else "are taken"
        return f"{slots} of {workers} {taken}. Start more workers, or wait for a task to end."


class Claimable(Model):
    """Nothing keeps it: it is next, and a worker has a free slot."""

    kind: Literal["claimable"] = "claimable"

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return "Nothing keeps it: it is next, and a worker will take it at once."


class Running(Model):
    """It does run: ``for_seconds`` now, on ``worker``, whose lease lasts ``lease_expires_in`` seconds unless
    renewed.
    """

    kind: Literal["running"] = "running"
    worker: str
    attempt: int
    for_seconds: float
    lease_expires_in: float
    cancel_requested: bool

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        cancel = "; it was asked to stop" if self.cancel_requested else ""
        if self.lease_expires_in < 0:
            return (
                f"Its worker {self.worker} has been silent for too long; the lease ran out "
                f"{_duration(-self.lease_expires_in)} ago, and {who_takes_it_back(-self.lease_expires_in)}."
            )
        return (
            f"It has been running for {_duration(self.for_seconds)} on {self.worker}, attempt {self.attempt}{cancel}."
        )


class Completed(Model):
    """It has run."""

    kind: Literal["completed"] = "completed"

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return "It has completed."


class Cancelled(Model):
    """It was cancelled."""

    kind: Literal["cancelled"] = "cancelled"

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        return "It was cancelled and will not run."


class Dead(Model):
    """It is in the dead letters, because of ``error``."""

    kind: Literal["dead"] = "dead"
    error: str
    attempts: int

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        after = _count(self.attempts, "attempt", "attempts")
        return f"It is in the dead letters after {after}: {self.error.rstrip('.')}. Retry it once that is mended."


Reason = Annotated[
    QueuePaused
    | GroupPaused
    | GroupAtLimit
    | RateLimited
    | LockHeld
    | LockAwaited
    | Yielding
    | Behind
    | DelayedUntil
    | NoWorker
    | WorkersPaused
    | NoWorkerKnowsTask
    | WorkersBusy
    | Claimable
    | Running
    | Completed
    | Cancelled
    | Dead,
    Field(discriminator="kind"),
]


class Explanation(Model):
    """Why a task is not running, all reasons that hold at ``at``, the most decisive first."""

    task_id: str
    queue: str
    name: str
    group: str
    state: TaskState
    at: float
    reasons: list[Reason]

    @property
    def text(self) -> str:
        """The reasons as sentences, one a line."""
        return "\n".join(reason.text for reason in self.reasons)
