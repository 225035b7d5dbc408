"""Schedules, the audit and an examination, as a ``CannedCleo`` knows them."""

from __future__ import annotations

from cleo_core import Cron, Every
from cleo_core.models import AuditEntry, Check, CheckStatus, ScheduleInfo, SchedulePage, TaskPriority, TaskState

# A schedule whose code is gone.
GONE = "heartbeat"


class CannedSchedules:
    """The schedules of ``reports``; other queues have none."""

    def __init__(self, now: float) -> None:
        self._now = now

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100) -> SchedulePage:
        items = self._all() if queue == "reports" else []
        return SchedulePage(queue=queue, offset=offset, total=len(items), items=items, at=self._now)

    async def next(self, queue: str, schedule_id: str, count: int = 10) -> list[float]:
        return [self._now + 1_770 + number * 3_600 for number in range(count)]

    def _all(self) -> list[ScheduleInfo]:
        return [
            self._schedule("heartbeat", Every(30.0), self._now + 12, "ping", runs=18_204,
                           last_state=TaskState.COMPLETED),
            self._schedule("hourly-sums", Cron("0 * * * *"), self._now + 1_770, "sum_up", runs=412, skipped=3),
            self._schedule("night-report", Cron("0 3 * * *", tz="Europe/Oslo"), self._now + 40_000, "build_report",
                           runs=61, last_state=TaskState.DEAD),
            self._schedule("new-year", Cron("0 0 1 1 *"), self._now + 9_000_000, "celebrate", runs=0, declared=False),
            self._schedule("import", Every(300.0), None, "import_orders", runs=9_001, paused=True, declared=False),
        ]  # fmt: skip

    def _schedule(
        self,
        name: str,
        when: Cron | Every,
        next_at: float | None,
        task: str,
        *,
        runs: int,
        skipped: int = 0,
        paused: bool = False,
        declared: bool = True,
        last_state: TaskState | None = None,
    ) -> ScheduleInfo:
        return ScheduleInfo(
            id=name, queue="reports", task=task, arguments={}, options={}, group="", priority=TaskPriority.NORMAL,
            when=when, paused=paused, declared=declared, created_at=self._now - 5_000_000, next_at=next_at,
            last_at=self._now - 1_830 if runs else None, last_task=f"{name}@1" if runs else "",
            last_state=last_state, runs=runs, skipped=skipped, abandoned=name == GONE, declared_by="worker-9-4f1c",
            declared_at=self._now - (260_000 if name == GONE else 20),
        )  # fmt: skip


class CannedAudit:
    """What three people did."""

    def __init__(self, now: float) -> None:
        self._now = now

    async def list(self, queue: str | None = None, *, limit: int = 100) -> list[AuditEntry]:
        acts = [
            ("ada@bastion-1", "operator", "pause", "emails", "", 1, "ok"),
            ("ada@bastion-1", "operator", "retry", "emails", "01j800000001em", 42, "40 retried, 2 gone"),
            ("deploy@ci", "admin", "worker drain", "", "worker-6-4f1c", 1, "ok"),
            ("grace@bastion-1", "operator", "set strategy", "images", "strategy=dynamic", 1, "ok"),
            ("grace@bastion-1", "operator", "configure group", "emails", "acme: concurrency=3", 1, "ok"),
        ]
        return [
            AuditEntry(
                at=self._now - 40 * 3**number, queue=where, action=action, target=target, count=count, result=result,
                redis_user=redis, os_user=who, position=f"{number}-0",
            )
            for number, (who, redis, action, where, target, count, result) in enumerate(acts)
            if queue is None or where == queue
        ]  # fmt: skip


def examined() -> list[Check]:
    """One check of each status, and some more."""
    return [
        Check(name="version", status=CheckStatus.OK, measured="Valkey 9.1.2", means="The server is new enough."),
        Check(
            name="eviction policy",
            status=CheckStatus.BAD,
            measured="allkeys-lru",
            means="When memory is full the server drops keys, and with them tasks.",
            mend="CONFIG SET maxmemory-policy noeviction",
        ),
        Check(
            name="persistence",
            status=CheckStatus.WARN,
            measured="append-only file off, last save 3 h ago",
            means="If the server dies, what came after the last save is lost.",
            mend="CONFIG SET appendonly yes",
        ),
        Check(name="clients", status=CheckStatus.UNKNOWN, measured="not permitted", means="CONFIG GET is not allowed."),
        Check(name="latency", status=CheckStatus.OK, measured="p95 0.4 ms of 50 pings", means="The server is near."),
    ]
