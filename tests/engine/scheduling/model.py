"""What the rules say, in plain Python: one queue, one task at a time, by looking at everything and taking the best.

Groups that may run stand in line. Which of them is first is a matter of the strategy; whose task it is, of the group's
order. A group that is found unable to run leaves the line and comes back, with no credit, when something about it
changes. Time stands still here: rate limits are so slow that nothing flows back while a test runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import floor

from cleo_core import GroupStrategy, TaskPriority
from cleo_core.models import GroupOrder

AGING = 100
HOG = 30
KEEP = 0.8


@dataclass(frozen=True)
class Limit:
    """So many tasks an hour, ``burst`` of them at once."""

    an_hour: int
    burst: int

    def __str__(self) -> str:
        return f"{self.an_hour}/h burst {self.burst}"


@dataclass
class Meter:
    """How much of a rate limit is used up: ``ahead`` is how many hours it would take until nothing is."""

    ahead: float = 0.0

    def lets_go(self, limit: Limit | None) -> float:
        if limit is None:
            return float("inf")
        return max(0, floor(limit.burst - self.ahead * limit.an_hour))

    def charge(self, limit: Limit | None) -> None:
        if limit is not None:
            self.ahead += 1 / limit.an_hour


@dataclass
class Job:
    """A task that waits, or runs on a worker."""

    id: str
    group: str
    priority: int
    sequence: int
    worker: str | None = None
    cancelled: bool = False


@dataclass
class Group:
    """Settings of a group, and where it stands."""

    name: str
    weight: float | None = None
    priority: int = 0
    order: GroupOrder | None = None
    concurrency: int | None = None
    rate_limit: Limit | None = None
    paused: bool = False
    locked: bool = False
    meter: Meter = field(default_factory=Meter)
    run: float | None = None  # ms
    failing: float = 0.0
    in_line: bool = False
    turn: float = 0.0  # virtual time, or the number of claims when it was last served
    yields: bool = False
    waiting: dict[str, Job] = field(default_factory=dict[str, Job])
    running: dict[str, Job] = field(default_factory=dict[str, Job])


@dataclass(frozen=True)
class Ended:
    """What a worker says of a task: completed, retry, dead or returned, after so many ms."""

    id: str
    outcome: str
    run: float


@dataclass
class Defaults:
    """What holds for groups that have none of their own."""

    concurrency: int | None = None
    weight: float | None = None
    rate_limit: Limit | None = None


def _smoothed(old: float | None, new: float, size: int) -> float:
    """The average of the last tasks, where the last five weigh two thirds; the engine keeps six digits of it."""
    return float(f"{new if old is None else new + (old - new) * KEEP**size:.6g}")


class Model:
    """A queue by its rules."""

    def __init__(self) -> None:
        self.strategy = GroupStrategy.ROUND_ROBIN
        self.order = GroupOrder.PRIORITY
        self.defaults = Defaults()
        self.rate_limit: Limit | None = None
        self.meter = Meter()
        self.paused = False
        self.run: float | None = None
        self.clock = 0.0
        self.groups: dict[str, Group] = {}
        self._sequence = 0

    # --- what there is -------------------------------------------------------------------------------

    def group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group(name))

    def jobs(self) -> list[str]:
        return sorted(task for group in self.groups.values() for task in (*group.waiting, *group.running))

    def job(self, task_id: str) -> Job:
        found = (jobs[task_id] for g in self.groups.values() for jobs in (g.waiting, g.running) if task_id in jobs)
        return next(found)

    def held_by(self, worker: str) -> list[Job]:
        return [job for group in self.groups.values() for job in group.running.values() if job.worker == worker]

    def concurrency_of(self, group: Group) -> int | None:
        return group.concurrency if group.concurrency is not None else self.defaults.concurrency

    def rate_limit_of(self, group: Group) -> Limit | None:
        return group.rate_limit or self.defaults.rate_limit

    def _is_timed(self) -> bool:
        return self.strategy in {GroupStrategy.ROUND_ROBIN, GroupStrategy.DYNAMIC}

    def _may_run(self, group: Group) -> bool:
        concurrency = self.concurrency_of(group)
        return (
            bool(group.waiting)
            and not group.paused
            and not group.locked
            and (concurrency is None or len(group.running) < concurrency)
            and group.meter.lets_go(self.rate_limit_of(group)) >= 1
        )

    def next_job(self, group: Group) -> Job:
        """The group's next task, by its order."""
        jobs = group.waiting.values()
        order = group.order or self.order
        if order is GroupOrder.FIFO:
            return min(jobs, key=lambda job: job.sequence)
        if order is GroupOrder.LIFO:
            return max(jobs, key=lambda job: job.sequence)
        return min(jobs, key=lambda job: (-job.priority, job.sequence))

    # --- the line ------------------------------------------------------------------------------------

    def _place(self, group: Group) -> tuple[float, float, bytes]:
        """Where the group stands in the line, the lowest first; ties go by name."""
        yields, place = 0, group.turn
        if self.strategy is GroupStrategy.FIFO:
            place = self.next_job(group).sequence
        elif self.strategy is GroupStrategy.LIFO:
            place = -self.next_job(group).sequence
        elif self.strategy is GroupStrategy.PRIORITY:
            place = group.turn - AGING * group.priority
        elif self.strategy is GroupStrategy.DYNAMIC:
            yields = group.yields
        return yields, place, group.name.encode()

    def _look_at(self, group: Group) -> None:
        """Something about the group has changed: it comes into the line, stays where it is, or leaves it."""
        if not self._may_run(group):
            group.in_line = False
            group.yields = group.yields and bool(group.waiting)
            return
        if not group.in_line:
            # Whoever comes begins now: no turns were saved up.
            group.turn = max(group.turn, self.clock) if self._is_timed() else self.clock
            group.in_line = True
        if self.strategy is GroupStrategy.DYNAMIC:
            group.yields = group.yields or self._is_hog(group)
            if group.yields:
                group.turn = round(group.turn * 512) / 512  # As exactly as the engine keeps it.

    def _is_hog(self, group: Group) -> bool:
        own = len(group.running)
        return own >= HOG and own > sum(len(other.running) for other in self.groups.values()) / 10

    def _first(self) -> Group | None:
        while line := [group for group in self.groups.values() if group.in_line]:
            first = min(line, key=self._place)
            if self._may_run(first):
                return first
            self._look_at(first)
        return None

    def _new_round(self) -> None:
        self.clock = 0.0
        for group in self.groups.values():
            group.turn, group.yields = 0.0, False
            if group.in_line:
                group.in_line = False
                self._look_at(group)

    # --- claims --------------------------------------------------------------------------------------

    def _cost(self, group: Group) -> float:
        weight = group.weight or self.defaults.weight or 1.0
        if self.strategy is GroupStrategy.ROUND_ROBIN:
            return 1 / weight
        run = group.run if group.run is not None else self.run if self.run is not None else 1.0
        return max(1.0, run) * (1 + 4 * group.failing) / weight

    def _claim_one(self, worker: str) -> Job | None:
        group = self._first()
        if group is None:
            return None
        job = self.next_job(group)
        job.worker = worker
        group.running[job.id] = group.waiting.pop(job.id)
        group.meter.charge(self.rate_limit_of(group))
        if self.strategy is GroupStrategy.PRIORITY:
            self.clock += 1
            group.turn = self.clock
        elif self._is_timed():
            self.clock = max(self.clock, group.turn)
            group.turn += self._cost(group)
        self._look_at(group)
        return job

    def claim(self, room: int, worker: str = "w") -> list[str]:
        """The next tasks for a worker."""
        claimed: list[str] = []
        while len(claimed) < room and not self.paused and self.meter.lets_go(self.rate_limit) >= 1:
            job = self._claim_one(worker)
            if job is None:
                break
            self.meter.charge(self.rate_limit)
            claimed.append(job.id)
        return claimed

    def preview(self, limit: int, strategy: GroupStrategy | None = None, order: GroupOrder | None = None) -> list[str]:
        """What would be claimed, whether or not the queue as a whole may run."""
        supposed = deepcopy(self)
        supposed.paused, supposed.rate_limit = False, None
        supposed.set_strategy(strategy or self.strategy, order)
        return supposed.claim(limit)

    # --- tasks come and go ---------------------------------------------------------------------------

    def _line_up(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            group = self.group(job.group)
            job.worker = None
            group.waiting[job.id] = job
            if len(group.waiting) == 1:
                self._look_at(group)

    def _next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def add(self, tasks: Sequence[tuple[str, str, int]]) -> None:
        """New tasks: id, group, priority."""
        self._line_up(
            Job(task_id, group, TaskPriority(priority), self._next_sequence()) for task_id, group, priority in tasks
        )

    def settle(self, ended: Sequence[Ended]) -> None:
        """What a worker says of its tasks, all at once."""
        jobs = [self.job(end.id) for end in ended]
        back: list[Job] = []
        timed: dict[str, list[Ended]] = {}
        for job, end in zip(jobs, ended, strict=True):
            if job.cancelled and end.outcome in {"retry", "returned"}:
                continue
            if end.outcome != "returned":
                timed.setdefault(job.group, []).append(end)
            if end.outcome == "retry":
                job.sequence = self._next_sequence()
            if end.outcome in {"retry", "returned"}:
                back.append(job)
        self._learn(timed)
        self._depart(jobs)
        self._line_up(back)

    def lose(self, worker: str) -> None:
        """A worker is gone; its tasks go back to their old places."""
        jobs = self.held_by(worker)
        self._depart(jobs)
        self._line_up(job for job in jobs if not job.cancelled)

    def cancel(self, task_id: str) -> None:
        """A waiting task is gone; a running one may end, but not come back."""
        job = self.job(task_id)
        if job.worker is not None:
            job.cancelled = True
            return
        group = self.group(job.group)
        del group.waiting[task_id]
        if not group.waiting:
            self._look_at(group)

    def _learn(self, timed: dict[str, list[Ended]]) -> None:
        total, size = 0.0, 0
        for name, ends in timed.items():
            group = self.group(name)
            run = sum(end.run for end in ends)
            failures = sum(end.outcome != "completed" for end in ends)
            group.run = _smoothed(group.run, run / len(ends), len(ends))
            group.failing = _smoothed(group.failing, failures / len(ends), len(ends))
            total, size = total + run, size + len(ends)
        if size:
            self.run = _smoothed(self.run, total / size, size)

    def _depart(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            del self.group(job.group).running[job.id]
        for name in {job.group for job in jobs}:
            group = self.group(name)
            if self.concurrency_of(group) is not None:
                self._look_at(group)

    # --- rules ---------------------------------------------------------------------------------------

    def set_strategy(self, strategy: GroupStrategy, order: GroupOrder | None = None) -> None:
        """Other turns; none if all is so already."""
        self.order = order or self.order
        if strategy is not self.strategy:
            self.strategy = strategy
            self._new_round()

    def set_defaults(self, defaults: Defaults) -> None:
        """Limits of groups that have none of their own. Who is in line stays there until its turn shows more."""
        if defaults == self.defaults:
            return
        self.defaults = defaults
        for group in self.groups.values():
            if not group.in_line:
                self._look_at(group)

    def configure(self, name: str, setting: str, value: object) -> None:
        """A setting of a group, or whether it is locked."""
        group = self.group(name)
        setattr(group, setting, value)
        self._look_at(group)
