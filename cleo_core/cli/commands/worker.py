"""``cleo worker``: what the command line says, checked, and the processes started."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cleo_core.cli.commanding import alone
from cleo_core.cli.loading import load_cleo
from cleo_core.cli.logs import set_up_logging
from cleo_core.cli.supervisor import Supervisor, WorkerPlan

app = alone()


@app.command("worker")
def worker(
    target: Annotated[str, typer.Argument(metavar="MODULE:NAME", help="Where the Cleo is, e.g. shop.tasks:cleo.")],
    queues: Annotated[
        str, typer.Option("--queues", "-q", help="Queues to serve, e.g. emails:3,reports:1. Default: all declared.")
    ] = "",
    concurrency: Annotated[int, typer.Option("--concurrency", "-c", min=1, help="Tasks at once in a process.")] = 100,
    processes: Annotated[int, typer.Option("--processes", "-p", min=1, max=256, help="Worker processes.")] = 1,
    strict: Annotated[bool, typer.Option("--strict", help="Serve the queues strictly in the order given.")] = False,
    grace: Annotated[
        float | None, typer.Option("--grace", min=0, help="Seconds that running tasks have after SIGTERM.")
    ] = None,
    max_memory: Annotated[
        int | None, typer.Option("--max-memory", min=1, metavar="MIB", help="Replace a process that has more memory.")
    ] = None,
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
    log_json: Annotated[bool, typer.Option("--log-json", help="Log one JSON object a line.")] = False,
) -> None:
    """Run workers until SIGTERM or Ctrl-C: then they claim no more, finish what runs and hand the rest back.

    A second signal ends them at once. A process that dies is replaced, and its tasks are given back at once. One
    that an operator ordered to end is not replaced; when all have ended so, the command ends.
    """
    set_up_logging(log_level, as_json=log_json)
    cleo = load_cleo(target)
    chosen = [name.strip() for name in queues.split(",") if name.strip()] or cleo.tasks.queues()
    settings: dict[str, Any] = {"concurrency": concurrency}
    settings |= {} if grace is None else {"grace": grace}
    settings |= {} if max_memory is None else {"max_memory": max_memory * 1_048_576}
    cleo.worker(chosen, strict=strict, **settings)  # Refuses here, in the parent, what can't be.
    plan = WorkerPlan(
        target=target, queues=chosen, strict=strict, settings=settings, log_level=log_level, log_json=log_json
    )
    raise typer.Exit(Supervisor(cleo, plan, processes).run())
