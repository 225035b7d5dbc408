"""A ``Cleo`` that knows its answers: what a picture shows has to be the same at every run, its times included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from cleo_core import Cleo, Event, EventGap, GroupStrategy, ObserverEvent, TaskPriority, TaskState
from cleo_core.errors import ServerUnavailable, TaskNotFound
from cleo_core.models import (
    Attempt,
    Check,
    LogLine,
    MinuteStats,
    Outcome,
    QueueStats,
    ServerInfo,
    TaskPage,
    TaskRecord,
    TaskSummary,
)
from cleo_core.reasons import Explanation
from tests.console.canned_dead import CannedDeadLetters
from tests.console.canned_groups import CannedGroups, CannedLocks, explained
from tests.console.canned_history import CannedPast
from tests.console.canned_more import CannedAudit, CannedSchedules, examined
from tests.console.canned_workers import CannedWorkers, workers_at

NOW = 1_789_552_830.0
ADDRESS = "redis.example:6379"


def clock() -> float:
    """The moment at which all pictures are taken."""
    return NOW


def _stats(queue: str, **numbers: float | bool | GroupStrategy | None) -> QueueStats:
    known: dict[str, object] = dict.fromkeys(
        ("waiting", "active", "delayed", "dead", "kept", "enqueued", "completed", "failed", "retried", "died"), 0
    )
    known |= {"cancelled": 0, "lost": 0, "oldest_waiting": None, "next_due_at": None, "dead_expires_at": None}
    known |= {"paused": False, "strategy": GroupStrategy.ROUND_ROBIN, "groups": 1, "queue": queue, "at": NOW}
    return QueueStats.model_validate(known | numbers)


QUEUES = [
    _stats("billing", waiting=1_204, active=12, dead=3, enqueued=90_000, completed=88_000, oldest_waiting=95.0),
    _stats("emails", waiting=12_480, active=96, delayed=310, dead=42, enqueued=900_000, completed=887_000,
           failed=9_000, oldest_waiting=31.0, dead_expires_at=NOW + 2_500_000, groups=7),
    _stats("images", waiting=18, active=4, dead=128, enqueued=5_000, completed=4_800, failed=640, oldest_waiting=4.0,
           strategy=GroupStrategy.DYNAMIC),
    _stats("reports", delayed=12, next_due_at=NOW + 3_600, enqueued=80, completed=68),
    _stats("search-index", waiting=310, enqueued=310, oldest_waiting=1_260.0),
    _stats("webhooks", waiting=77, paused=True, enqueued=400, completed=323, oldest_waiting=720.0),
]  # fmt: skip


def _minutes(queue: str, count: int) -> list[MinuteStats]:
    base = {"billing": 900, "emails": 7_200, "images": 120}.get(queue, 0)
    minutes: list[MinuteStats] = []
    for index in range(count):
        back = count - 1 - index
        wave = 1 + ((back * 7) % 11 - 5) / 16 - (0.5 if 20 <= back <= 26 else 0)
        # The running minute is half over.
        so_far = 0.5 if back == 0 else 1.0
        completed = round(base * wave * so_far)
        minutes.append(
            MinuteStats(
                at=NOW - NOW % 60 - back * 60,
                enqueued=round(base * 1.02 * so_far),
                completed=completed,
                failed=round(completed * (0.09 if queue == "images" else 0.01)),
                run_p50=0.05 if base else None,
                run_p95=0.4 * wave + 0.2 if base else None,
                wait_p50=0.1 if base else None,
                wait_p95=0.9 - 0.3 * wave if base else None,
            )
        )
    return minutes


WORKERS = workers_at(NOW)
SERVER = ServerInfo(
    address=ADDRESS, product="Valkey", version="9.1.2", role="master", used_memory=300_000_000,
    max_memory=1_000_000_000, eviction_policy="noeviction", append_only=True, clients=9, uptime=900_000,
    commands_per_second=4_100, user="operator", writable=True,
)  # fmt: skip
ERRORS = (
    "ConnectionError: smtp.acme.example refused the connection",
    "TimeoutError: no answer from smtp.acme.example within 30 s",
    "ValueError: 'to' is no address: \x1b[31mnobody\x1b[0m",
)
PREVIEWS = {
    "emails": '{"message":{"to":"ada@example.com","subject":"Welcome","attachments":null,"retry":true}}',
    "billing": '{"customer":"ada","cents":1250}',
    "images": '{"path":"uploads/ada.png","width":640}',
}


def _task(queue: str, state: TaskState, index: int) -> TaskSummary:
    ended = state.is_final
    return TaskSummary(
        id=f"01j8{index:08x}{queue[:2]}{state[:2]}",
        name={"emails": "send_email", "billing": "charge", "images": "resize"}.get(queue, "run"),
        queue=queue,
        group=("acme", "globex", "")[index % 3],
        priority=TaskPriority(index % 4),
        state=state,
        enqueued_at=NOW - 31 - index * 2,
        due_at=NOW + 20 + index * 45 if state is TaskState.DELAYED else None,
        claimed_at=NOW - 3 - index if state is TaskState.ACTIVE else None,
        finished_at=NOW - 5 - index * 40 if ended else None,
        worker=WORKERS[index % 2].id if ended or state is TaskState.ACTIVE else "",
        attempt=4 if state is TaskState.DEAD else 1 + index % 2,
        error=ERRORS[index % 3] if state is TaskState.DEAD else "",
        progress=(index % 10) / 10 if state is TaskState.ACTIVE else None,
        preview=PREVIEWS.get(queue, "{}").replace("ada", ("ada", "grace", "linus")[index % 3]),
    )


class CannedCleo(Cleo):
    """Answers from the lists above; ``total`` is how many tasks a queue is said to have in a state, at most."""

    def __init__(self, *, queues: Sequence[QueueStats] = QUEUES, total: int = 12_480) -> None:
        super().__init__("redis://redis.example:6379/0", namespace="shop")
        self.answers = Answers(queues, total)
        for service in ("queues", "analytics", "events"):
            setattr(self, service, self.answers)
        dead = {stats.queue: stats.dead for stats in queues}
        self.dead_letters = cast(
            "Any", CannedDeadLetters(NOW, lambda queue: dead[queue], lambda queue, n: _task(queue, TaskState.DEAD, n))
        )
        self.canned_groups = CannedGroups(NOW)
        self.groups = cast("Any", self.canned_groups)
        self.locks = cast("Any", CannedLocks(NOW))
        self.workers = cast("Any", CannedWorkers(WORKERS if queues else [], NOW))
        self.history = cast("Any", CannedPast(NOW, empty=not queues))
        self.schedules = cast("Any", CannedSchedules(NOW))
        self.audit = cast("Any", CannedAudit(NOW))

    async def server_info(self) -> ServerInfo:
        return SERVER

    async def explain(self, task_id: str, queue: str | None = None) -> Explanation:
        state = next(state for state in TaskState if state[:2] == task_id[-2:])
        return explained(task_id, queue or "emails", state, NOW)

    async def doctor(self) -> list[Check]:
        return examined()

    async def close(self) -> None:
        """Nothing is open."""


class Answers:
    """Every service at once."""

    def __init__(self, queues: Sequence[QueueStats], total: int) -> None:
        self.all_queues = list(queues)
        self.total = total
        self.silent = False
        self.pages = 0
        self.failures_left = 0

    async def names(self) -> list[str]:
        if self.failures_left:
            self.failures_left -= 1
            raise ServerUnavailable(ADDRESS, "can't reach it (connection refused).", "Check that the server runs.")
        if self.silent:
            await asyncio.Event().wait()
        return [stats.queue for stats in self.all_queues]

    def lose(self) -> None:
        """Refuse the next question, and leave all later ones without an answer."""
        self.silent, self.failures_left = True, 1

    async def cancel(self, queue: str, task_ids: Sequence[str]) -> None:
        """What questions are about; nobody answers yes in a picture."""
        raise NotImplementedError

    async def stats(self, queue: str) -> QueueStats:
        return next(stats for stats in self.all_queues if stats.queue == queue)

    async def tasks(
        self,
        queue: str,
        state: TaskState,
        *,
        offset: int = 0,
        limit: int = 100,
        around: str | None = None,
        newest_first: bool = False,
        group: str | None = None,
    ) -> TaskPage:
        self.pages += 1
        stats = await self.stats(queue)
        total = self.total if state is TaskState.WAITING else min(self.total, int(getattr(stats, state, 0)))
        if group is not None:
            total = {TaskState.WAITING: 8_200, TaskState.ACTIVE: 3}[state]
        if around is not None:
            offset = int(around[4:12], 16) - limit // 2
        offset = max(0, min(offset, total - 1))
        items = [_task(queue, state, index) for index in range(offset, min(total, offset + limit))]
        if group is not None:
            items = [task.model_copy(update={"group": group}) for task in items]
        return TaskPage(queue=queue, state=state, offset=offset, total=total, items=items, at=NOW)

    async def get_task(self, queue: str, task_id: str) -> TaskRecord:
        if queue != "emails":
            raise TaskNotFound(f"There is no task {task_id} in {queue}.")
        state = next(state for state in TaskState if state[:2] == task_id[-2:])
        summary = _task(queue, state, int(task_id[4:12], 16))
        return TaskRecord(
            headers={},
            **summary.model_dump(),
            arguments={"message": {"to": "ada@example.com", "subject": "Welcome", "attachments": None, "retry": True}},
            options={"v": 1, "max_retries": 3, "timeout": 30, "backoff": ["exponential", 1.0, 300.0, True]},
            attempts=[_attempt(number) for number in range(1, 5 if state is TaskState.DEAD else 1)],
            logs=[LogLine(at=NOW - 40, text="rendering welcome"), LogLine(at=NOW - 39, text="handing over to smtp")],
            reason=summary.error,
            expires_at=NOW + 2_500_000 if state.is_final else None,
        )

    async def minutes(self, queue: str, count: int = 60) -> list[MinuteStats]:
        return _minutes(queue, count)

    async def batches(self, **_options: object) -> AsyncIterator[list[Event | EventGap]]:
        if self.all_queues:
            yield [*(_event(index) for index in range(40)), EventGap(queue="emails", missed=3)]
        await asyncio.Event().wait()


def _attempt(number: int) -> Attempt:
    return Attempt(
        number=number, outcome=Outcome.FAILED, at=NOW - 300 + number * 60, wait=0.02 * number, run=1.5,
        worker=WORKERS[0].id, error_type="ConnectionError", error_message="smtp.acme.example refused the connection",
        traceback='Traceback (most recent call last):\n  File "shop/mail.py", line 31, in send_email\n'
        "    await smtp.send(message)\nConnectionError: smtp.acme.example refused the connection",
    )  # fmt: skip


def _event(index: int) -> Event:
    kinds = (
        (ObserverEvent.TASK_ADDED, TaskState.WAITING, ""),
        (ObserverEvent.STATUS_CHANGE, TaskState.ACTIVE, ""),
        (ObserverEvent.TASK_COMPLETED, TaskState.COMPLETED, ""),
        (ObserverEvent.TASK_FAILED, TaskState.DELAYED, ERRORS[0]),
        (ObserverEvent.TASK_PROGRESS, TaskState.ACTIVE, "0.4: step 2 of 5"),
    )
    kind, state, detail = kinds[index % 5]
    return Event(
        kind=kind, queue="emails", at=NOW - 10 + index / 4, position=str(index), task_id=f"01j8{index:08x}em",
        name="send_email", worker="" if kind is ObserverEvent.TASK_ADDED else WORKERS[0].id, state=state, detail=detail,
        run=0.042 if kind is ObserverEvent.TASK_COMPLETED else None,
    )  # fmt: skip
