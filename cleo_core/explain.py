"""Why is this task not running? All that could keep it is read in one step on the server, and told by type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import TaskNotFound
from cleo_core.group_rows import group_of, rules_of
from cleo_core.models import GroupInfo, GroupRules, TaskState, WorkerInfo, WorkerState
from cleo_core.names import check_name
from cleo_core.rate_limit import RateLimit
from cleo_core.reasons import (
    Behind,
    Cancelled,
    Claimable,
    Completed,
    Dead,
    DelayedUntil,
    Explanation,
    GroupAtLimit,
    GroupPaused,
    LockAwaited,
    LockHeld,
    NoWorker,
    NoWorkerKnowsTask,
    QueuePaused,
    RateLimited,
    Reason,
    Running,
    WorkersBusy,
    WorkersPaused,
    Yielding,
)
from cleo_core.workers import Workers


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server said of a task, its group, its queue and its workers, at ``now`` (seconds)."""

    now: float
    queue: str
    name: str
    priority: int
    attempt: int
    losses: int
    error: str
    cancel_requested: bool
    ready_at: float
    receipt: bytes
    lease: float
    due: float
    ahead: int
    rank: int
    rules: GroupRules
    queue_free_at: float
    group: GroupInfo
    group_free_at: float
    closed_until: float
    held_by: list[str]
    workers: list[WorkerInfo]


class Explainer:
    """Answers ``cleo.explain``."""

    def __init__(self, backend: Backend, workers: Workers) -> None:
        self._backend = backend
        self._workers = workers

    async def explain(self, task_id: str, queue: str | None = None) -> Explanation:
        """Say why a task is not running. Without a queue all queues are asked for it.

        Raises:
            TaskNotFound: there is none of that id (any more).
        """
        check_name("task id", task_id)
        place = check_name("queue", queue) if queue is not None else await self._queue_of(task_id)
        scripts = await self._backend.scripts()
        raw = await scripts.explain(place, task_id)
        if not raw[1]:
            raise _not_found(task_id, place)
        workers = [worker for worker in await self._workers.list() if place in worker.queues and not worker.stopping]
        state = TaskState(raw[1].decode())
        facts = _facts_of(place, raw, workers)
        return Explanation(
            task_id=task_id,
            queue=place,
            name=facts.name,
            group=facts.group.group,
            state=state,
            at=facts.now,
            reasons=list(_reasons(state, facts)),
        )

    async def _queue_of(self, task_id: str) -> str:
        """The queue that has the task; queues are asked 500 at a time."""
        keys = self._backend.keys
        first = 0
        while names := await self._backend.ask("ZRANGE", keys.queues, first, first + 499):
            queues = [name.decode() for name in names]
            found = await self._backend.ask_all(*(("EXISTS", keys.of_queue(queue).task(task_id)) for queue in queues))
            for queue, exists in zip(queues, found, strict=True):
                if exists:
                    return queue
            first += len(names)
        raise _not_found(task_id, None)


def _not_found(task_id: str, queue: str | None) -> TaskNotFound:
    where = f"in {queue}" if queue is not None else "in any queue"
    return TaskNotFound(f"There is no task {task_id} {where}. It was removed, or its record has expired.")


def _reasons(state: TaskState, facts: Facts) -> Iterator[Reason]:
    if state is TaskState.COMPLETED:
        yield Completed()
    elif state is TaskState.CANCELLED:
        yield Cancelled()
    elif state is TaskState.DEAD:
        yield Dead(error=facts.error, attempts=max(1, facts.attempt - 1 + facts.losses))
    elif state is TaskState.ACTIVE:
        yield _running(facts)
    elif state is TaskState.DELAYED:
        yield DelayedUntil(due_at=facts.due, due_in=max(0.0, facts.due - facts.now), attempt=facts.attempt)
        yield from _of_queue(facts)
        yield from _of_group(facts)
        yield from _of_workers(facts)
    else:
        yield from _of_waiting(facts)


def _of_waiting(facts: Facts) -> Iterator[Reason]:
    """What keeps a waiting task: closed doors first, then the line before them, then hands."""
    shut = [*_of_queue(facts), *_of_group(facts)]
    hands = [*_of_workers(facts)]
    yield from shut
    missing = [reason for reason in hands if not isinstance(reason, WorkersBusy)]
    yield from missing
    behind = facts.ahead > 0 or facts.rank > 0
    if behind:
        yield Behind(group=facts.group.group, tasks=facts.ahead, groups=max(0, facts.rank))
    yield from (reason for reason in hands if isinstance(reason, WorkersBusy))
    if not (shut or hands or behind):
        yield Claimable()


def _of_queue(facts: Facts) -> Iterator[Reason]:
    if facts.rules.paused:
        yield QueuePaused(queue=facts.queue)
    if facts.rules.queue_rate_limit is not None and facts.queue_free_at > facts.now:
        yield RateLimited(group=None, rate_limit=facts.rules.queue_rate_limit, free_in=facts.queue_free_at - facts.now)


def _of_group(facts: Facts) -> Iterator[Reason]:
    group = facts.group
    if group.paused:
        yield GroupPaused(group=group.group)
    if group.lock is not None:
        yield LockHeld(
            group=group.group,
            owner=group.lock.owner,
            fence=group.lock.fence,
            held_for=facts.now - group.lock.since,
            expires_in=group.lock.expires_at - facts.now,
        )
    elif facts.closed_until > facts.now:
        yield LockAwaited(group=group.group, running=group.active)
    if group.concurrency is not None and group.active >= group.concurrency:
        yield GroupAtLimit(
            group=group.group, limit=group.concurrency, running=group.active, held_by=sorted(facts.held_by)
        )
    if group.rate_limit is not None and facts.group_free_at > facts.now:
        yield RateLimited(group=group.group, rate_limit=group.rate_limit, free_in=facts.group_free_at - facts.now)
    if group.yields:
        yield Yielding(group=group.group, waiting=group.waiting)


def _of_workers(facts: Facts) -> Iterator[Reason]:
    workers = facts.workers
    if not workers:
        yield NoWorker(queue=facts.queue)
        return
    if all(worker.state is WorkerState.PAUSED for worker in workers):
        yield WorkersPaused(workers=[worker.id for worker in workers])
        return
    workers = [worker for worker in workers if worker.state is not WorkerState.PAUSED]
    if not any(facts.name in worker.tasks for worker in workers):
        yield NoWorkerKnowsTask(name=facts.name, workers=len(workers))
    slots = sum(worker.concurrency for worker in workers)
    if sum(worker.active for worker in workers) >= slots:
        yield WorkersBusy(workers=len(workers), slots=slots)


def _running(facts: Facts) -> Running:
    receipt = from_json(facts.receipt + b"]")
    claimed_at = facts.ready_at + receipt[6] / 1000
    return Running(
        worker=receipt[5],
        attempt=receipt[4],
        for_seconds=max(0.0, facts.now - claimed_at),
        lease_expires_in=facts.lease - facts.now,
        cancel_requested=facts.cancel_requested,
    )


def _free_at(limit: RateLimit | None, tat_ms: float, now: float) -> float:
    """When the limit lets the next task go, in s. As to the scripts, a debt of more than a whole burst is void."""
    if limit is None or tat_ms > now * 1000 + limit.every_ms * (limit.at_once + 1):
        return 0.0
    return (tat_ms + limit.every_ms * (1 - limit.at_once)) / 1000


def _facts_of(queue: str, raw: list[Any], workers: list[WorkerInfo]) -> Facts:
    now, _, fields, receipt, lease, due, ahead, rank, rules_row, group_row, held_by, _ = raw
    name, _, priority, _, reason, cancel, tries, losses, ready, at = (
        field.decode(errors="replace") for field in fields
    )
    rules, group = rules_of(rules_row), group_of(queue, now, rules_row, group_row)
    return Facts(
        now=now / 1000,
        queue=queue,
        name=name,
        priority=int(priority or 1),
        attempt=int(tries or 0) + 1,
        losses=int(losses or 0),
        error=reason,
        cancel_requested=bool(cancel),
        ready_at=float(ready or at or 0) / 1000,
        receipt=receipt,
        lease=float(lease or 0) / 1000,
        due=float(due or 0) / 1000,
        ahead=ahead,
        rank=rank,
        rules=rules,
        queue_free_at=_free_at(rules.queue_rate_limit, float(rules_row[11] or 0), now / 1000),
        group=group,
        group_free_at=_free_at(group.rate_limit, float(group_row[13] or 0), now / 1000),
        closed_until=float(group_row[19] or 0) / 1000,
        held_by=[task.decode(errors="replace") for task in held_by],
        workers=workers,
    )
