"""Stuck tasks, as a ``CannedCleo`` knows them."""

from __future__ import annotations

from cleo_core.models import (
    FarPastUsual,
    LeaseRanOut,
    PastTimeout,
    StuckPage,
    StuckReason,
    StuckTask,
    WorkerBlocked,
    WorkerHealth,
    WorkerSilent,
)


def stuck_in(queue: str, running: int, now: float) -> StuckPage:
    """What is stuck in a queue: in ``emails`` two tasks of a dead worker, in ``images`` one for each other reason."""
    items = {
        "emails": [
            _task("emails", 1, -12.4, 21.0, [LeaseRanOut(ago=12.4), WorkerSilent(worker="worker-5-4f1c", age=21.0)]),
            _task("emails", 2, 3.0, 21.0, [WorkerSilent(worker="worker-5-4f1c", age=21.0)]),
        ],
        "images": [
            _task("images", 3, 11.0, 1.0, [WorkerBlocked(worker="worker-4-4f1c", lag=12.5)]),
            _task("images", 4, 9.0, 1.0, [PastTimeout(timeout=30.0, running=94.0)]),
            _task("images", 5, 14.0, 1.0, [FarPastUsual(running=94.0, p99=2.31, factor=3.0)]),
        ],
    }.get(queue, [])
    return StuckPage(queue=queue, offset=0, total=running, looked=running, next_offset=None, items=items, at=now)


def _task(queue: str, number: int, lease: float, beat: float, reasons: list[StuckReason]) -> StuckTask:
    health = {"worker_silent": WorkerHealth.SILENT, "worker_blocked": WorkerHealth.BLOCKED}
    return StuckTask(
        id=f"01j8{number:08x}{queue[:2]}ac", name={"emails": "send_email", "images": "resize"}[queue], queue=queue,
        group=("acme", "globex", "")[number % 3], worker="worker-5-4f1c" if queue == "emails" else "worker-4-4f1c",
        attempt=1, fence=1, running=94.0, begun=True, lease=lease, heartbeat_age=beat,
        health=health.get(reasons[-1].kind, WorkerHealth.ALIVE), reasons=reasons,
    )  # fmt: skip
