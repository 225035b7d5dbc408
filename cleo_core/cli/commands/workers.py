"""``cleo workers``: which are alive, and what they do."""

from __future__ import annotations

from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import Limit
from cleo_core.cli.tables import Cell, Colour, Column, Painted, right, table, wide
from cleo_core.cli.words import duration, number, size
from cleo_core.models import WorkerInfo

app = group("Workers: which are alive, and what they do.")

COLUMNS = (
    Column("WORKER"),
    wide("QUEUES"),
    right("ACTIVE"),
    right("SLOTS"),
    right("DONE"),
    right("FAILED"),
    right("CPU"),
    right("MEMORY"),
    right("LAG"),
    right("UP"),
    Column("STATE"),
)


@command(app, "list", shows=list[WorkerInfo])
async def list_workers(run: Run, limit: Limit = 100) -> None:
    """List the workers whose heartbeat is less than 30 s old, the latest first."""
    workers = await run.cleo.workers.list(limit=limit)
    run.out.show(workers, lambda look: table(look, COLUMNS, map(_row, workers)))
    total = await run.cleo.workers.count()
    if total > len(workers):
        run.out.say(f"{len(workers):,} of {total:,} workers; --limit shows more.")


def _row(worker: WorkerInfo) -> list[Cell]:
    return [
        worker.id,
        ", ".join(worker.queues),
        number(worker.active),
        number(worker.concurrency),
        number(worker.processed),
        number(worker.failed),
        f"{worker.cpu:.0f}%",
        size(worker.memory),
        duration(worker.loop_lag),
        duration(worker.beat_at - worker.started_at),
        Painted("stopping", Colour.YELLOW) if worker.stopping else "working",
    ]
