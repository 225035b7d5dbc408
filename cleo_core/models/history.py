"""What is kept of the past: entries of attempts, figures of ranges of time, and points of charts."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from cleo_core.models.base import Model
from cleo_core.models.states import Outcome, TaskState


class HistoryEntry(Model):
    """One attempt that ended, at ``at`` (seconds since the epoch, by the server's clock).

    ``state`` is where the task went then: an attempt that failed leaves it ``WAITING``, ``DELAYED`` or ``DEAD``.
    ``wait`` is how long it could have run before it was claimed, ``run`` how long its function took, in seconds.
    ``fingerprint`` is what errors of the same kind share, and ``pattern`` says which kind. ``traceback`` is there in
    the entries of a task only.
    """

    task_id: str
    name: str
    queue: str
    group: str
    worker: str
    attempt: int
    outcome: Outcome
    state: TaskState
    at: float
    wait: float
    run: float
    error_type: str = ""
    error_message: str = ""
    fingerprint: str = ""
    pattern: str = ""
    traceback: str = ""

    @property
    def error(self) -> str:
        """The error's type and message in one text; empty if there was none."""
        return f"{self.error_type}: {self.error_message}" if self.error_type else ""


class Resolution(StrEnum):
    """How long a point of a series lasts."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


class Spread(Model):
    """Half, 95% and 99% of the times are at most so long, in seconds, each within 5%; ``None`` if there was none."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class WorkerLoad(Model):
    """What a worker took of its machine in a range, of samples with every heartbeat.

    ``cpu`` is the mean and ``cpu_peak`` the highest use of one core in percent, ``memory`` and ``memory_peak`` are
    bytes, ``utilisation`` is the mean share of its slots that ran tasks (0 to 1), ``loop_lag`` the longest delay of
    its loop in seconds.
    """

    worker: str
    samples: int
    cpu: float
    cpu_peak: float
    memory: float
    memory_peak: float
    utilisation: float
    loop_lag: float


class Figures(Model):
    """What happened from ``since`` on and before ``until`` (seconds since the epoch).

    ``completed``, ``failed`` (with those that timed out or were refused), ``lost`` and ``cancelled`` count attempts;
    of those that failed or were lost, ``retried`` went on and ``died`` became dead letters. ``enqueued`` is counted
    for queues only. The rates are shares of the attempts that completed, failed or were lost, ``None`` if there was
    none. ``throughput`` is completed tasks a second. ``run_total`` is how long all tasks ran together.
    ``load`` is told in the points of a worker's series only: what it took of its machine, ``None`` without a sample.
    """

    since: float
    until: float
    enqueued: int | None = None
    completed: int = 0
    failed: int = 0
    lost: int = 0
    cancelled: int = 0
    retried: int = 0
    died: int = 0
    success_rate: float | None = None
    failure_rate: float | None = None
    throughput: float = 0.0
    run_total: float = 0.0
    run_average: float | None = None
    run: Spread = Spread()
    wait: Spread = Spread()
    load: WorkerLoad | None = None

    @property
    def attempts(self) -> int:
        """How many attempts ended, however they did."""
        return self.completed + self.failed + self.lost + self.cancelled


class Trend(Model):
    """How figures changed against the range before: 0.25 is a quarter more, -0.5 half as much; ``None`` if there is
    nothing to compare with. ``failure_rate`` is the difference of the two rates: 0.02 is two percent points more.
    """

    throughput: float | None = None
    failure_rate: float | None = None
    run_average: float | None = None
    run_p95: float | None = None
    wait_p95: float | None = None


class NameFigures(Model):
    """The figures of a task name."""

    name: str
    figures: Figures


class ErrorPattern(Model):
    """Errors of a kind: ``count`` of them in the range, ``total`` as long as the kind is known, and of which task the
    last one was. Times are ``None`` and texts empty if the kind is not known any more.
    """

    fingerprint: str
    pattern: str = ""
    queue: str
    count: int
    total: int = 0
    first_seen: float | None = None
    last_seen: float | None = None
    last_task_id: str = ""
    last_name: str = ""
    last_group: str = ""


class HistoryStats(Model):
    """The figures of a range, ``before`` those of the range of the same length before it, and how they changed.

    ``slowest`` are the task names with the highest p95 of run times, of those that took most time. ``errors`` are the
    most frequent kinds, ``workers`` those that took most time. What doesn't apply is empty: of a task name there is no
    ``slowest``, and workers are told for queues, workers and everything.
    """

    queue: str | None
    group: str | None = None
    worker: str | None = None
    name: str | None = None
    figures: Figures
    before: Figures
    trend: Trend
    slowest: list[NameFigures] = Field(default_factory=list[NameFigures])
    errors: list[ErrorPattern] = Field(default_factory=list[ErrorPattern])
    workers: list[WorkerLoad] = Field(default_factory=list[WorkerLoad])
