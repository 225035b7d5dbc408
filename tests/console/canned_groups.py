"""Groups, locks and reasons that are the same at every run, for the pictures."""

from __future__ import annotations

from typing import Any

from cleo_core import GroupOrder, GroupStrategy, RateLimit, TaskPriority, TaskState
from cleo_core.models import GroupInfo, GroupOptions, GroupPage, GroupRules, GroupStanding, LockInfo, TaskSummary
from cleo_core.reasons import (
    Behind,
    Dead,
    Explanation,
    GroupAtLimit,
    LockHeld,
    RateLimited,
    Reason,
    Running,
    WorkersBusy,
)

RATE = RateLimit.parse("100/s burst 20")


def rules_of(queue: str) -> GroupRules:
    """The rules of ``emails`` are of every kind; those of the other queues are as they come."""
    if queue != "emails":
        return GroupRules(strategy=GroupStrategy.ROUND_ROBIN, order=GroupOrder.PRIORITY)
    return GroupRules(
        strategy=GroupStrategy.ROUND_ROBIN, order=GroupOrder.PRIORITY, concurrency=3, rate_limit=RATE,
        options=GroupOptions(max_retries=3, timeout=30), queue_rate_limit=RateLimit.parse("500/s"), moving=1_204,
        ready=3,
    )  # fmt: skip


class CannedGroups:
    """The groups of ``emails``, and none elsewhere; ``total`` is how many there are said to be."""

    def __init__(self, now: float, total: int = 8) -> None:
        self._now = now
        self.total = total
        self.asked: list[str] = []

    def _locks(self) -> list[LockInfo]:
        return [
            LockInfo(queue="emails", group="hooli", owner="ada@batch-2 (pid 4711)", fence=1_204, since=self._now - 12,
                     expires_at=self._now + 8.4, waiting=2),
            LockInfo(queue="emails", group="", owner="nightly-ledger", fence=1_198, since=self._now - 840,
                     expires_at=self._now + 61, waiting=0),
        ]  # fmt: skip

    def _group(self, name: str, standing: GroupStanding, waiting: int, active: int, **more: Any) -> GroupInfo:
        known: dict[str, Any] = {"concurrency": 3, "rate_limit": RATE, "run": 0.042, "failing": 0.0, "queue": "emails"}
        known |= {"group": name, "standing": standing, "waiting": waiting, "active": active}
        return GroupInfo(**(known | more))

    def rows(self) -> list[GroupInfo]:
        hooli, ledger = self._locks()
        first = [
            self._group("acme", GroupStanding.AT_LIMIT, 8_200, 3, weight=2.0, own=["weight"], failing=0.002),
            self._group("globex", GroupStanding.READY, 2_400, 2, order=GroupOrder.FIFO, own=["order"]),
            self._group("", GroupStanding.LOCKED, 1_204, 0, lock=ledger),
            self._group("initech-import-of-old-customers", GroupStanding.THROTTLED, 410, 1, own=["rate_limit"],
                        rate_limit=RateLimit.parse("60/m burst 10"), failing=0.21, run=3.2),
            self._group("hooli", GroupStanding.LOCKED, 77, 0, lock=hooli, priority=10, own=["priority"]),
            self._group("umbrella", GroupStanding.PAUSED, 40, 0, paused=True, own=["paused"]),
            self._group("stark", GroupStanding.READY, 12, 1, yields=True),
            self._group("wayne", GroupStanding.IDLE, 0, 1, run=None),
        ]  # fmt: skip
        return first[: self.total]

    def _row(self, index: int) -> GroupInfo:
        rows = self.rows()
        if index < len(rows):
            return rows[index]
        return self._group(f"tenant-{index:06}", GroupStanding.READY, max(1, 10 - index // 1_000), 0)

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100, around: str | None = None) -> GroupPage:
        self.asked.append(f"list {offset} {around}")
        total = self.total if queue == "emails" else 0
        names = [group.group for group in self.rows()]
        if around is not None and around:
            index = int(around[7:]) if around.startswith("tenant-") else names.index(around)
            offset = index - limit // 2
        offset = max(0, min(offset, total - 1))
        items = [self._row(index) for index in range(offset, min(total, offset + limit))]
        return GroupPage(queue=queue, offset=offset, total=total, items=items, rules=rules_of(queue), at=self._now)

    async def find(self, queue: str, text: str, *, limit: int = 100) -> GroupPage:
        self.asked.append(f"find {text}")
        items = [group for group in self.rows() if text in group.group][:limit]
        return GroupPage(queue=queue, offset=0, total=len(items), items=items, rules=rules_of(queue), at=self._now)

    async def get(self, queue: str, group: str) -> GroupInfo:
        return next(row for row in self.rows() if row.group == group)

    async def rules(self, queue: str) -> GroupRules:
        return rules_of(queue)

    async def preview(
        self, queue: str, strategy: GroupStrategy | None = None, limit: int = 10, *, order: GroupOrder | None = None
    ) -> list[TaskSummary]:
        groups = ["acme", "globex", "stark"] if strategy in {None, GroupStrategy.ROUND_ROBIN} else ["globex"]
        first = 0 if order in {None, GroupOrder.PRIORITY} else 4
        return [self._task(groups[index % len(groups)], first + index) for index in range(limit)]

    def _task(self, group: str, index: int) -> TaskSummary:
        return TaskSummary(
            id=f"01j8{index:08x}emwa", name="send_email", queue="emails", group=group, priority=TaskPriority.NORMAL,
            state=TaskState.WAITING, enqueued_at=self._now - 60 + index,
        )  # fmt: skip


class CannedLocks(CannedGroups):
    """The locks of those groups."""

    async def list(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, queue: str, *, offset: int = 0, limit: int = 100
    ) -> list[LockInfo]:
        return self._locks() if queue == "emails" else []

    async def holder(self, queue: str, group: str) -> LockInfo | None:
        return next((lock for lock in self._locks() if lock.group == group), None)


def explained(task_id: str, queue: str, state: TaskState, now: float) -> Explanation:
    """Why a waiting task waits, with a reason of each kind; one that runs does so."""
    running = Running(worker="worker-1-4f1c", attempt=1, for_seconds=3, lease_expires_in=12, cancel_requested=False)
    reasons: list[Reason] = [running]
    if state is TaskState.DEAD:
        reasons = [Dead(error="ConnectionError: smtp.acme.example refused the connection", attempts=4)]
    elif state is TaskState.WAITING:
        held_by = [f"01j8{index:08x}emac" for index in range(3)]
        reasons = [
            LockHeld(group="acme", owner="ada@batch-2 (pid 4711)", fence=1_204, held_for=12, expires_in=8.4),
            GroupAtLimit(group="acme", limit=3, running=3, held_by=held_by),
            RateLimited(group=None, rate_limit=RateLimit.parse("500/s"), free_in=0.4),
            Behind(group="acme", tasks=8_199, groups=2),
            WorkersBusy(workers=2, slots=128),
        ]
    return Explanation(
        task_id=task_id, queue=queue, name="send_email", group="acme", state=state, at=now, reasons=reasons
    )
