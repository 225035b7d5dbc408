"""Why a task is not running, as far as what is on hand tells: one sentence for the top of its page."""

from __future__ import annotations

from cleo_core.models import TaskRecord, TaskState
from cleo_tui import say
from cleo_tui.data.snapshot import QueueView, Snapshot


def explain(task: TaskRecord, snapshot: Snapshot) -> str:
    """What the task is waiting for, or how it ended."""
    match task.state:
        case TaskState.ACTIVE:
            return _of_active(task, snapshot.now)
        case TaskState.DELAYED:
            return _of_delayed(task, snapshot.now)
        case TaskState.WAITING:
            return _of_waiting(task, snapshot)
        case _:
            return _of_ended(task, snapshot.now)


def _of_ended(task: TaskRecord, now: float) -> str:
    how = {
        TaskState.COMPLETED: "It completed",
        TaskState.CANCELLED: "It was cancelled",
        TaskState.DEAD: "It failed for good",
    }
    why = f": {task.reason}" if task.state is TaskState.DEAD and task.reason else "."
    return f"{how[task.state]} {say.ago(_since(task.finished_at, now))}{_kept(task, now)}{why}"


def _of_delayed(task: TaskRecord, now: float) -> str:
    if task.due_at is None or task.due_at <= now:
        return "It is due; the next worker that looks takes it."
    what = f"attempt {task.attempt}" if task.attempts else "its first attempt"
    return f"It waits for {what}, due in {say.duration(task.due_at - now)}."


def _since(at: float | None, now: float) -> float | None:
    return None if at is None else max(0.0, now - at)


def _kept(task: TaskRecord, now: float) -> str:
    return (
        "" if task.expires_at is None else f", and is kept for another {say.duration(max(0.0, task.expires_at - now))}"
    )


def _of_active(task: TaskRecord, now: float) -> str:
    running = say.duration(_since(task.claimed_at, now))
    if task.cancel_requested:
        return f"It has run for {running} on {task.worker}, which has been asked to cancel it."
    if task.lease_expires_at is not None and task.lease_expires_at < now:
        late = say.ago(now - task.lease_expires_at)
        return f"Its lease ran out {late}: {task.worker} may be gone, and it will be taken up again."
    return f"It has run for {running} on {task.worker}."


def _of_waiting(task: TaskRecord, snapshot: Snapshot) -> str:
    queue = snapshot.by_name.get(task.queue)
    if queue is None:
        return "It waits for a worker."
    if queue.stats.paused:
        return f"{task.queue} is paused, so nothing is claimed from it."
    if snapshot.workers is not None and queue.workers == 0:
        return f"No worker serves {task.queue}."
    return _of_busy(queue)


def _of_busy(queue: QueueView) -> str:
    waiting = say.plural(queue.counts.waiting, "task")
    if queue.drain.seconds is not None:
        return (
            f"{waiting} wait with it; at the present rate the last one starts in {say.duration(queue.drain.seconds)}."
        )
    return f"{waiting} wait with it, and {queue.counts.active:,} run."
