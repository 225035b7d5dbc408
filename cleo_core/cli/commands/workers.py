"""``cleo workers``: which are alive, what they do and can do, and telling them to pause or end."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import Limit
from cleo_core.cli.shapes import Told
from cleo_core.cli.tables import Cell, Colour, Column, Painted, facts, right, table, wide
from cleo_core.cli.words import clean, duration, moment, number, size
from cleo_core.models import TaskSignature, WorkerInfo, WorkerState

app = group("Workers: which are alive, what they do, and telling them to pause or end.")

WorkerId = Annotated[str, typer.Argument(metavar="WORKER", help="The worker's id; see workers list.")]
SIGNATURES = (Column("TASK"), Column("QUEUE"), wide("ARGUMENTS"), wide("WHAT IT DOES"))

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
        str(worker.state) if worker.state is WorkerState.RUNNING else Painted(worker.state, Colour.YELLOW),
    ]


@command(app, "show", shows=WorkerInfo)
async def show_worker(run: Run, worker: WorkerId) -> None:
    """Show a worker as its last heartbeat described it."""
    info = await run.cleo.workers.get(worker)
    pairs: list[tuple[str, Cell]] = [
        ("worker", info.id),
        ("state", f"{info.state}{f', {info.reason}' if info.reason else ''}"),
        ("host", f"{info.host}, process {info.pid}"),
        ("version", info.version),
        ("queues", ", ".join(info.queues)),
        ("active", f"{number(info.active)} of {number(info.concurrency)}"),
        ("done", number(info.processed)),
        ("failed", number(info.failed)),
        ("cpu", f"{info.cpu:.0f}%"),
        ("memory", f"{size(info.memory)}{f' of {size(info.max_memory)}' if info.max_memory else ''}"),
        ("loop lag", duration(info.loop_lag)),
        ("started", moment(info.started_at)),
        ("last heartbeat", moment(info.beat_at)),
        ("tasks", ", ".join(info.tasks)),
    ]
    run.out.show(info, lambda look: facts(look, pairs))


@command(app, "signatures", shows=list[TaskSignature])
async def list_signatures(run: Run, limit: Limit = 100) -> None:
    """List the tasks that live workers can run, with their arguments."""
    found = await run.cleo.workers.signatures(limit=limit)
    rows = ([each.name, each.queue, _arguments(each), each.doc] for each in found)
    run.out.show(found, lambda look: table(look, SIGNATURES, rows))


def _arguments(signature: TaskSignature) -> str:
    named = signature.json_schema.get("properties")
    names = list(named) if isinstance(named, dict) else []
    defaults = signature.defaults
    return ", ".join(f"{name}={json.dumps(defaults[name])}" if name in defaults else name for name in names)


@command(app, "pause", shows=Told)
async def pause_worker(run: Run, worker: WorkerId) -> None:
    """Let a worker claim no tasks until it is resumed; what it runs goes on."""
    _tell(run, "pause", worker, await run.cleo.workers.pause(worker), "was paused already")


@command(app, "resume", shows=Told)
async def resume_worker(run: Run, worker: WorkerId) -> None:
    """Let a paused worker claim again."""
    _tell(run, "resume", worker, await run.cleo.workers.resume(worker), "was not paused")


@command(app, "drain", shows=Told)
async def drain_worker(run: Run, worker: WorkerId) -> None:
    """Let a worker claim no more, and end when all that it runs has ended."""
    _tell(run, "drain", worker, await run.cleo.workers.drain(worker), "drains already")


@command(app, "stop", shows=Told)
async def stop_worker(run: Run, worker: WorkerId) -> None:
    """Let a worker end as on SIGTERM: what doesn't end in time is handed back."""
    _tell(run, "stop", worker, await run.cleo.workers.stop(worker), "stops already")


def _tell(run: Run, order: str, worker: str, changed: bool, already: str) -> None:
    shown = Told(order=order, worker=worker, changed=changed)
    run.out.show(shown, lambda look: f"{clean(worker)} {f'was told to {order}' if changed else already}.")
