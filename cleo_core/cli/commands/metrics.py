"""``cleo metrics``: the server's counters for Prometheus."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import Annotated

import typer

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed
from cleo_core.cli.shapes import MetricSample

app = alone()


@command(app, "metrics", shows=list[MetricSample])
async def metrics(
    run: Run,
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65_535, help="0: any that is free.")] = 9464,
    address: Annotated[str, typer.Option("--address", help="The address to listen on.")] = "127.0.0.1",
    once: Annotated[bool, typer.Option("--once", help="Write the metrics once and end.")] = False,
    max_queues: Annotated[int, typer.Option("--max-queues", min=1, max=1_000, help="Tell of so many at most.")] = 200,
    patience: Annotated[float, typer.Option("--patience", min=0.1, help="Seconds that a scrape may take.")] = 8.0,
) -> None:
    """Serve the counters of all queues and workers to Prometheus, until Ctrl-C; needs the extra metrics.

    A scrape is four commands for each queue and six besides. A server that can't be read is told as cleo_up 0.
    """
    if find_spec("prometheus_client") is None:
        raise Failed("The Prometheus client is not installed. Install it: pip install 'cleo-tasks[metrics]'")
    await run.cleo.ping()
    if once:
        await _write_once(run, max_queues)
    else:
        await _serve(run, address, port, max_queues, patience)


async def _write_once(run: Run, max_queues: int) -> None:
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    from cleo_core.cli.exporter import GivenCollector, metrics_of, read  # noqa: PLC0415

    reading = await read(run.cleo, max_queues)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(GivenCollector(reading))
    samples = [
        MetricSample(name=sample.name, labels=sample.labels, value=sample.value)
        for family in metrics_of(reading)
        for sample in family.samples
    ]
    run.out.show(samples, lambda look: generate_latest(registry).decode().rstrip("\n"))


async def _serve(run: Run, address: str, port: int, max_queues: int, patience: float) -> None:
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415

    from cleo_core.cli.exporter import ServerCollector  # noqa: PLC0415

    registry = CollectorRegistry(auto_describe=False)
    registry.register(ServerCollector(run.cleo, asyncio.get_running_loop(), max_queues, patience))
    try:
        server, thread = start_http_server(port, address, registry)
    except OSError as error:
        raise Failed(f"Nothing can be served on {address}:{port}: {error.strerror}. Choose another --port.") from error
    run.out.say(f"Metrics are at http://{address}:{server.server_port}/metrics until Ctrl-C.")
    try:
        await asyncio.Event().wait()
    finally:
        # A scrape that waits for this loop must not keep it from ending.
        await asyncio.to_thread(server.shutdown)
        server.server_close()
        await asyncio.to_thread(thread.join, 1)
