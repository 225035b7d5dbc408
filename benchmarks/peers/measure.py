"""The whole workload on one queue: the steps of `bench` in their order, and the figures that come of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles

from benchmarks.peers.bench import Script, open_bench
from benchmarks.peers.common import WARM_UP_SAMPLES


@dataclass(frozen=True, slots=True)
class Description:
    """What a script says about itself."""

    version: str
    bulk_how: str
    settings: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """The figures of one queue."""

    tasks: int
    enqueue_per_s: float
    bulk_per_s: float
    drain_per_s: float
    pick_up_p50_ms: float
    pick_up_p95_ms: float
    commands_per_enqueue: float
    commands_per_run: float
    scripts_per_run: float
    worker_cpu_s_per_1000: float
    server_cpu_s_per_1000: float


def median_and_p95(samples: Sequence[float]) -> tuple[float, float]:
    """The two percentiles that are reported of a latency."""
    percentiles = quantiles(samples, n=100, method="inclusive")
    return percentiles[49], percentiles[94]


def describe(script: Script, url: str) -> Description:
    """Ask a script for its library's version and settings."""
    with open_bench(script, url, slots=1) as bench:
        return Description(**bench.ask("describe"))


def measure(script: Script, url: str, *, tasks: int = 20_000, latency_samples: int = 200) -> Measurement:
    """Run the whole workload: bulk enqueue, enqueue one by one, drain with one fresh worker, pick-up latency.

    The database at `url` is emptied on the way, so it must hold nothing else.
    """
    if tasks < 2 or latency_samples < 2:
        raise ValueError("Measure at least 2 tasks and 2 latency samples; fewer have no rate and no percentile.")
    with open_bench(script, url, slots=tasks + WARM_UP_SAMPLES + latency_samples) as bench:
        bulk_per_s = bench.bulk_per_s(tasks)
        bench.empty()
        at_start = bench.calls()
        enqueue_per_s = bench.enqueue_per_s(tasks)
        enqueued = bench.calls()
        with bench.worker() as worker:
            drain = bench.drain(worker, tasks, enqueued)
            p50, p95 = median_and_p95(bench.latencies_ms(latency_samples, first_slot=tasks))
        bench.empty()
        return Measurement(
            tasks=tasks,
            enqueue_per_s=enqueue_per_s,
            bulk_per_s=bulk_per_s,
            drain_per_s=drain.per_s,
            pick_up_p50_ms=p50,
            pick_up_p95_ms=p95,
            commands_per_enqueue=(enqueued.commands - at_start.commands) / tasks,
            commands_per_run=drain.commands_per_run,
            scripts_per_run=drain.scripts_per_run,
            worker_cpu_s_per_1000=drain.worker_cpu_s_per_1000,
            server_cpu_s_per_1000=drain.server_cpu_s_per_1000,
        )
