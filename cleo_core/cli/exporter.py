"""What ``cleo metrics`` tells Prometheus: the server's own counters, read with a bounded number of commands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cleo_core.app import Cleo
from cleo_core.errors import CleoError
from cleo_core.models import MinuteStats, QueueStats, WorkerInfo

GAUGES = {
    "waiting": "Tasks that wait.",
    "active": "Tasks that run.",
    "delayed": "Tasks that wait for a time.",
    "dead": "Dead letters.",
    "groups": "Groups with tasks or settings.",
}
COUNTERS = {
    "enqueued": "Tasks that were enqueued.",
    "completed": "Tasks that completed.",
    "failed": "Attempts that failed.",
    "retried": "Attempts that were followed by another.",
    "died": "Tasks that became dead letters.",
    "cancelled": "Tasks that were cancelled.",
    "lost": "Attempts whose worker was lost.",
}
QUANTILES = {"0.5": "p50", "0.95": "p95"}
MAX_WORKERS = 1_000


@dataclass(frozen=True)
class Reading:
    """What was read for one scrape; without ``up`` nothing could be."""

    up: bool
    known: int = 0
    queues: list[QueueStats] = field(default_factory=list[QueueStats])
    minutes: list[MinuteStats] = field(default_factory=list[MinuteStats])
    workers: list[WorkerInfo] = field(default_factory=list[WorkerInfo])


async def read(cleo: Cleo, max_queues: int) -> Reading:
    """Read the counters: four commands for each queue, up to so many, and six besides.

    The minute that is told of each queue is the last whole one.
    """
    try:
        names = await cleo.queues.names(limit=max_queues)
        known, workers = await cleo.queues.count(), await cleo.workers.list(limit=MAX_WORKERS)
        queues = await asyncio.gather(*(cleo.queues.stats(name) for name in names))
        minutes = await asyncio.gather(*(cleo.analytics.minutes(name, 2) for name in names))
    except CleoError:
        return Reading(up=False)
    return Reading(True, known, list(queues), [each[0] for each in minutes], workers)


class ServerCollector(Collector):
    """Asks at each scrape, from a thread of the HTTP server, in the loop that holds the connection."""

    def __init__(self, cleo: Cleo, loop: asyncio.AbstractEventLoop, max_queues: int, patience: float) -> None:
        self._cleo = cleo
        self._loop = loop
        self._max_queues = max_queues
        self._patience = patience

    def collect(self) -> Iterable[Metric]:
        """The metrics of one scrape."""
        asked = asyncio.run_coroutine_threadsafe(read(self._cleo, self._max_queues), self._loop)
        try:
            reading = asked.result(self._patience)
        except TimeoutError:
            asked.cancel()
            reading = Reading(up=False)
        return metrics_of(reading)


class GivenCollector(Collector):
    """Tells of one reading."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterable[Metric]:
        """The metrics of the reading."""
        return metrics_of(self._reading)


def metrics_of(reading: Reading) -> Iterator[Metric]:
    """The metrics of a reading. If the server could not be read there is only ``cleo_up``, which is 0."""
    yield GaugeMetricFamily("cleo_up", "Whether the server could be read.", value=float(reading.up))
    if not reading.up:
        return
    yield GaugeMetricFamily("cleo_queues", "Queues that there are.", value=reading.known)
    left_out = max(0, reading.known - len(reading.queues))
    yield GaugeMetricFamily("cleo_queues_left_out", "Queues past the limit of this exporter.", value=left_out)
    for name, text in GAUGES.items():
        yield _of_queues(GaugeMetricFamily(f"cleo_queue_{name}", text, labels=["queue"]), reading, name)
    for name, text in COUNTERS.items():
        yield _of_queues(CounterMetricFamily(f"cleo_queue_{name}", text, labels=["queue"]), reading, name)
    paused = GaugeMetricFamily("cleo_queue_paused", "Whether the queue is paused.", labels=["queue"])
    yield _of_queues(paused, reading, "paused")
    oldest = GaugeMetricFamily("cleo_queue_oldest_waiting_seconds", "How long the first task waits.", labels=["queue"])
    yield _of_queues(oldest, reading, "oldest_waiting")
    yield from _times(reading)
    yield from _workers(reading)


def _of_queues(
    family: GaugeMetricFamily | CounterMetricFamily, reading: Reading, name: str
) -> GaugeMetricFamily | CounterMetricFamily:
    for stats in reading.queues:
        family.add_metric([stats.queue], float(getattr(stats, name) or 0))
    return family


def _times(reading: Reading) -> Iterator[Metric]:
    for kind, text in (("run", "Run time"), ("wait", "Waiting time")):
        family = GaugeMetricFamily(
            f"cleo_queue_{kind}_seconds", f"{text} in the last whole minute.", labels=["queue", "quantile"]
        )
        for stats, minute in zip(reading.queues, reading.minutes, strict=True):
            for quantile, name in QUANTILES.items():
                value: float | None = getattr(minute, f"{kind}_{name}")
                if value is not None:
                    family.add_metric([stats.queue, quantile], value)
        yield family


def _workers(reading: Reading) -> Iterator[Metric]:
    yield GaugeMetricFamily("cleo_workers", "Workers that are alive.", value=len(reading.workers))
    told = {
        "active": ("Tasks that the worker runs.", "active"),
        "slots": ("Tasks that it may run at once.", "concurrency"),
        "memory_bytes": ("Memory of the process.", "memory"),
        "cpu_percent": ("Use of one core.", "cpu"),
        "loop_lag_seconds": ("Delay of its event loop.", "loop_lag"),
    }
    for name, (text, attribute) in told.items():
        family = GaugeMetricFamily(f"cleo_worker_{name}", text, labels=["worker", "host"])
        for worker in reading.workers:
            family.add_metric([worker.id, worker.host], float(getattr(worker, attribute)))
        yield family
