"""Workers, and what they ran, as a ``CannedCleo`` knows them."""

from __future__ import annotations

from cleo_core.errors import WorkerNotFound
from cleo_core.models import HistoryEntry, Outcome, StuckPage, TaskState, WorkerInfo, WorkerState
from tests.console.canned_stuck import stuck_in


def workers_at(now: float) -> list[WorkerInfo]:
    """A worker in each condition."""
    return [
        _worker(now, 1, ["emails", "billing"], 60),
        _worker(now, 2, ["emails", "images", "reports", "webhooks"], 52),
        _worker(now, 3, ["billing"], 0).model_copy(update={"state": WorkerState.PAUSED}),
        _worker(now, 4, ["images"], 7).model_copy(update={"loop_lag": 12.5, "cpu": 99.0}),
        _worker(now, 5, ["search-index"], 3).model_copy(update={"beat_at": now - 21}),
        _worker(now, 6, ["emails"], 1).model_copy(
            update={
                "state": WorkerState.DRAINING,
                "reason": "outgrew its memory",
                "max_memory": 90_000_000,
            }
        ),
    ]


def _worker(now: float, number: int, queues: list[str], active: int) -> WorkerInfo:
    return WorkerInfo(
        id=f"worker-{number}-4f1c", host=f"worker-{number}", pid=4_000 + number, version="0.1.0", queues=queues,
        tasks=[], concurrency=64, active=active, processed=120_000, failed=900, cpu=41.4, memory=92_000_000,
        loop_lag=0.001, started_at=now - 86_400, beat_at=now - 2,
    )  # fmt: skip


class CannedWorkers:
    """The registry; of an empty namespace, an empty one."""

    def __init__(self, workers: list[WorkerInfo], now: float = 0.0) -> None:
        self._workers = workers
        self._now = now

    async def stuck(self, queue: str, **_how: int) -> StuckPage:
        return stuck_in(queue, {"emails": 96, "billing": 12}.get(queue, 4), self._now)

    async def list(self) -> list[WorkerInfo]:
        return self._workers

    async def get(self, worker_id: str) -> WorkerInfo:
        for worker in self._workers:
            if worker.id == worker_id:
                return worker
        raise WorkerNotFound(f"No worker {worker_id!r} is alive.")


class CannedHistory:
    """What ended lately."""

    def __init__(self, now: float) -> None:
        self._now = now

    async def worker(self, worker_id: str, limit: int = 100) -> list[HistoryEntry]:
        return [self._entry(number, worker_id) for number in range(min(limit, 40))]

    def _entry(self, number: int, worker_id: str) -> HistoryEntry:
        outcome = {2: Outcome.FAILED, 4: Outcome.TIMED_OUT}.get(number % 5, Outcome.COMPLETED)
        failed = outcome is not Outcome.COMPLETED
        return HistoryEntry(
            task_id=f"01j8{number:08x}em",
            name=("send_email", "charge")[number % 2],
            queue=("emails", "billing")[number % 2],
            group=("acme", "globex", "")[number % 3],
            worker=worker_id,
            attempt=1 + number % 2,
            outcome=outcome,
            state=TaskState.DELAYED if failed else TaskState.COMPLETED,
            at=self._now - 4 - number * 3,
            wait=0.02 * number,
            run=0.31 + number / 50,
            error_type="ConnectionError" if failed else "",
            error_message="smtp.acme.example refused the connection" if failed else "",
        )
