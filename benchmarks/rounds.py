"""One round of Cleo under the common workload, on a fresh server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from dataclasses import asdict

import psutil

from benchmarks.peers.bench import Bench, Calls, Script, open_bench
from benchmarks.peers.common import WARM_UP_SAMPLES
from benchmarks.peers.measure import Description, describe, median_and_p95
from benchmarks.peers.runner import server_version

STEPS: tuple[str, ...] = ("enqueue", "bulk", "drain", "latency")
"""What a round consists of."""

STAMP = Script.of_module(sys.executable, "benchmarks.stamp_tasks")
PAYLOAD = Script.of_module(sys.executable, "benchmarks.payload_tasks")

Server = Callable[[], AbstractContextManager[str]]
"""Gives an empty server for as long as it is needed."""


def about_cleo(server: Server) -> tuple[Description, str]:
    """What Cleo says about itself, and which server it was asked on."""
    with server() as url:
        return describe(STAMP, url), server_version(url)


def run_round(server: Server, steps: Collection[str], tasks: int, latency_samples: int) -> dict[str, float]:
    """Run the chosen steps in the order in which the peers run them; the figures by their keys."""
    figures: dict[str, float] = {}
    with server() as url:
        if "bulk" in steps:
            with open_bench(PAYLOAD, url, slots=1) as bench:
                figures |= _payload_bulk(bench, tasks)
                bench.empty()
        with open_bench(STAMP, url, slots=tasks + WARM_UP_SAMPLES + latency_samples) as bench:
            if "bulk" in steps:
                figures["bulk_per_s"] = bench.bulk_per_s(tasks)
                bench.empty()
            if "enqueue" in steps:
                figures |= _enqueue_one_by_one(bench, tasks)
            elif "drain" in steps:
                bench.bulk_per_s(tasks)
            if "drain" in steps or "latency" in steps:
                figures |= _work(bench, steps, tasks, latency_samples)
            bench.empty()
    return figures


def _payload_bulk(bench: Bench, tasks: int) -> dict[str, float]:
    """The rate, and what it costs on either side: which of the two sets it differs from machine to machine."""
    thousands = tasks / 1000
    before = bench.server_cpu_s()
    produced = bench.ask("bulk", str(tasks))
    return {
        "payload_bulk_per_s": produced["per_s"],
        "bulk_producer_cpu_s_per_1000": produced["cpu_s"] / thousands,
        "bulk_server_cpu_s_per_1000": (bench.server_cpu_s() - before) / thousands,
    }


def _enqueue_one_by_one(bench: Bench, tasks: int) -> dict[str, float]:
    before = bench.calls()
    per_s = bench.enqueue_per_s(tasks)
    return {
        "enqueue_per_s": per_s,
        "commands_per_enqueue": (bench.calls().commands - before.commands) / tasks,
    }


def _work(bench: Bench, steps: Collection[str], tasks: int, latency_samples: int) -> dict[str, float]:
    """What needs a worker. Without the drain the queue is emptied, so that it is idle from the start."""
    figures: dict[str, float] = {}
    if "drain" not in steps:
        bench.empty()
    queued = bench.calls()
    with bench.worker() as worker:
        if "drain" in steps:
            figures |= _drain(bench, worker, tasks, queued)
        if "latency" in steps:
            p50, p95 = median_and_p95(bench.latencies_ms(latency_samples, first_slot=tasks))
            figures |= {"pick_up_p50_ms": p50, "pick_up_p95_ms": p95}
    return figures


def _drain(bench: Bench, worker: psutil.Process, tasks: int, queued: Calls) -> dict[str, float]:
    """The drain, and what it could be if worker and server had a core each to themselves."""
    drain = asdict(bench.drain(worker, tasks, queued))
    slower = max(drain["worker_cpu_s_per_1000"], drain["server_cpu_s_per_1000"])
    bound = {"drain_cpu_bound_per_s": 1000 / slower} if slower else {}
    return {"drain_per_s": drain.pop("per_s"), **drain, **bound}
