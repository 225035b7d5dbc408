"""Running tasks that look stuck: finding them, and taking them from their workers by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.models import (
    FarPastUsual,
    LeaseRanOut,
    PastTimeout,
    RecoveryReport,
    StuckKind,
    StuckPage,
    StuckReason,
    StuckTask,
    WorkerBlocked,
    WorkerHealth,
    WorkerInfo,
    WorkerSilent,
)
from cleo_core.names import check_name
from cleo_core.queues import MAX_PAGE
from cleo_core.records import read_line
from cleo_core.scripts import MAX_DELIVERIES
from cleo_core.tasks.options import read_head
from cleo_core.usual import usual_runs

SLICE = 500
SILENT_AFTER = 15.0
BLOCKED_AFTER = 2.0
# What a worker may take to stop a task whose time is over, and a worker that has just started to be heard of.
SLACK = 2.0
START = 5.0
PAST_USUAL = 3.0
AT_LEAST = 5.0

# Of these nobody is at work on the task, so that taking it back lets nothing run twice at once.
FORSAKEN = frozenset({StuckKind.LEASE_RAN_OUT, StuckKind.WORKER_SILENT})


class Running(NamedTuple):
    """A running task, as ``active.lua`` tells of it. Times are seconds by the server's clock; ``running`` counts from
    the claim until the worker has said when the task began.
    """

    id: str
    name: str
    group: str
    fence: int
    attempt: int
    worker: str
    running: float
    begun: bool
    lease: float
    timeout: float | None


async def find(
    backend: Backend, queue: str, offset: int, limit: int, look: int, factor: float, floor: float
) -> StuckPage:
    """The stuck tasks of a window onto the running ones."""
    check_name("queue", queue)
    if not (factor >= 1 and floor >= 0):
        raise InvalidOption(f"past_usual is at least 1 and at_least at least 0, not {factor!r} and {floor!r}.")
    begin, looked, total, now = max(0, offset), 0, 0, 0.0
    items: list[StuckTask] = []
    while looked < look and len(items) < limit:
        scripts = await backend.scripts()
        size = min(SLICE, look - looked)
        now_ms, total, raw = await scripts.active(queue, begin + looked, size)
        now = now_ms / 1000
        tasks = [_running_of(now_ms, row) for row in raw]
        workers = await _workers(backend, {task.worker for task in tasks})
        usual = await usual_runs(backend, queue, {task.name for task in tasks if task.begun and task.running > floor})
        taken = 0
        for task in tasks:
            taken += 1
            reasons = list(_reasons(task, workers.get(task.worker), now, usual.get(task.name), factor, floor))
            if reasons:
                items.append(_stuck(queue, task, workers.get(task.worker), now, reasons))
                if len(items) == limit:
                    break
        whole = taken == len(tasks)
        looked += size if whole else taken
        if begin + looked >= total:
            break
    end = min(begin + looked, max(begin, total))
    return StuckPage(
        queue=queue,
        offset=begin,
        total=total,
        looked=end - begin,
        next_offset=end if end < total else None,
        items=items,
        at=now,
    )


def _running_of(now_ms: int, row: list[Any]) -> Running:
    task_id, receipt, lease, ready, head, group_options, began = row
    line = read_line(receipt + b"]")
    begun = began.isdigit()
    since_ms = int(began) if begun else (int(ready) if ready.isdigit() else now_ms) + line[6]
    return Running(
        id=task_id.decode(errors="replace"),
        name=line[1],
        group=line[2],
        fence=line[3],
        attempt=line[4],
        worker=line[5],
        running=max(0.0, (now_ms - since_ms) / 1000),
        begun=begun,
        lease=(float(lease) - now_ms) / 1000,
        timeout=_timeout_of(head, group_options),
    )


def _timeout_of(head: bytes, group_options: bytes) -> float | None:
    try:
        return read_head(head, group_options).timeout
    except (ValidationError, ValueError):
        return None


async def _workers(backend: Backend, ids: Collection[str]) -> dict[str, WorkerInfo]:
    """What these workers said of themselves last, as far as that is kept."""
    names = sorted(ids)
    if not names:
        return {}
    rows: list[bytes | None] = await backend.ask("MGET", *(backend.keys.worker(name) for name in names))
    return {
        name: WorkerInfo.model_validate(from_json(row))
        for name, row in zip(names, rows, strict=True)
        if row is not None
    }


def health_of(info: WorkerInfo | None, now: float) -> WorkerHealth:
    """How a worker is at a time of the server's clock, by its last heartbeat."""
    if info is None or now - info.beat_at > SILENT_AFTER:
        return WorkerHealth.SILENT
    return WorkerHealth.BLOCKED if info.loop_lag > BLOCKED_AFTER else WorkerHealth.ALIVE


def _reasons(
    task: Running, info: WorkerInfo | None, now: float, p99: float | None, factor: float, floor: float
) -> Iterable[StuckReason]:
    if task.lease <= 0:
        yield LeaseRanOut(ago=-task.lease)
    health = health_of(info, now)
    if health is WorkerHealth.SILENT and (info is not None or task.running > START):
        yield WorkerSilent(worker=task.worker, age=None if info is None else now - info.beat_at)
    if health is WorkerHealth.BLOCKED and info is not None:
        yield WorkerBlocked(worker=task.worker, lag=info.loop_lag)
    if not task.begun:
        return
    if task.timeout is not None and task.running > task.timeout + SLACK:
        yield PastTimeout(timeout=task.timeout, running=task.running)
    if p99 is not None and task.running > max(floor, factor * p99):
        yield FarPastUsual(running=task.running, p99=p99, factor=factor)


def _stuck(queue: str, task: Running, info: WorkerInfo | None, now: float, reasons: list[StuckReason]) -> StuckTask:
    return StuckTask(
        id=task.id,
        name=task.name,
        queue=queue,
        group=task.group,
        worker=task.worker,
        attempt=task.attempt,
        fence=task.fence,
        running=task.running,
        begun=task.begun,
        lease=task.lease,
        heartbeat_age=None if info is None else max(0.0, now - info.beat_at),
        health=health_of(info, now),
        reasons=reasons,
    )


# --- by hand -----------------------------------------------------------------------------------------


async def recover(backend: Backend, queue: str, tasks: Sequence[StuckTask | str]) -> RecoveryReport:
    """Take these tasks from their workers, slice after slice."""
    check_name("queue", queue)
    done = charged = dead = 0
    failures: dict[str, str] = {}
    scripts = await backend.scripts()
    for first in range(0, len(tasks), SLICE):
        some = tasks[first : first + SLICE]
        pairs = [(task, "") if isinstance(task, str) else (task.id, str(task.fence)) for task in some]
        answers = await scripts.recover(
            queue, backend.actor, backend.os_user, MAX_DELIVERIES, backend.limits.retentions, pairs
        )
        for (task_id, _), answer in zip(pairs, answers, strict=True):
            if answer in {"recovered", "charged", "dead", "cancelled"}:
                done += 1
                charged += answer in {"charged", "dead"}
                dead += answer == "dead"
            elif len(failures) < 100:
                failures[task_id] = _why_not(answer)
    return RecoveryReport(done=done, charged=charged, dead=dead, failures=failures)


def _why_not(answer: str) -> str:
    if not answer:
        return "There is no such task any more."
    if answer == "another lease":
        return "It was taken back meanwhile and runs under another lease."
    return f"It is {answer}, so there is nothing to recover."


async def recover_all(backend: Backend, queue: str, kinds: Collection[StuckKind]) -> RecoveryReport:
    """Find what is stuck for one of these reasons and take it back, window after window."""
    total = RecoveryReport(done=0)
    offset: int | None = 0
    looked, running = 0, 1
    while offset is not None and looked < running:
        page = await find(backend, queue, offset, MAX_PAGE, MAX_PAGE, PAST_USUAL, AT_LEAST)
        if looked == 0:
            running = page.total
        chosen = [task for task in page.items if any(reason.kind in kinds for reason in task.reasons)]
        report = await recover(backend, queue, chosen) if chosen else RecoveryReport(done=0)
        total = add(total, report)
        looked += max(1, page.looked)
        # What was taken back is no longer in the window.
        offset = None if page.next_offset is None else max(0, page.next_offset - report.done)
    return total


def add(one: RecoveryReport, other: RecoveryReport) -> RecoveryReport:
    """Both reports in one."""
    failures = dict(list({**one.failures, **other.failures}.items())[:100])
    return RecoveryReport(
        done=one.done + other.done,
        charged=one.charged + other.charged,
        dead=one.dead + other.dead,
        failures=failures,
    )
