"""What every benchmarked queue's script shares: time stamps, and the steps it answers to.

A script describes its library as a `Peer` and hands it to `main`, which gives it five subcommands:
`describe`, `enqueue N`, `bulk N`, `latency N` and `worker`. This module runs inside each library's own
virtual environment, so it needs the standard library only (and uses uvloop where that is installed).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import mmap
import os
import platform
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

REDIS_URL_VARIABLE = "QUEUE_BENCH_REDIS_URL"
STAMP_FILE_VARIABLE = "QUEUE_BENCH_STAMP_FILE"

QUEUE = "bench"
"""The queue's name, where whoever measures has to know it."""

CONCURRENCY = 100
"""Tasks a worker may run at once, and enqueues in flight at once where a library has no bulk call."""

BULK_CALL_SIZE = 1000
"""Tasks handed to one call of a library's own bulk enqueue."""

WARM_UP_SAMPLES = 5
"""Latency samples thrown away, because the first ones pay for opening connections."""

LONGEST_IDLE_GAP_S = 0.5
"""Upper bound of the random pause before a latency sample.

Random, and as long as the slowest poll among the libraries, so that samples fall anywhere in the rhythm of
a worker that polls: each starts where the last one was picked up, so a shorter pause would always meet the
worker early in its sleep. A worker that backs off while idle is met after it has begun to.
"""

PICK_UP_TIMEOUT_S = 30.0

_SLOT_BYTES = 8


@dataclass(frozen=True)
class Peer:
    """A library under test, reduced to what the workload needs."""

    distribution: str
    """Name of the installed package, to report its version."""
    session: Callable[[], AbstractAsyncContextManager[Any]]
    """Opens the connections a producer needs, outside the measured time."""
    enqueue: Callable[[int], Awaitable[object]]
    """Enqueues one task that calls `mark(slot)`."""
    bulk: Callable[[range], Awaitable[object]]
    """Enqueues one task for each slot in the fastest documented way."""
    bulk_how: str
    """In a few words, what `bulk` does."""
    worker: Sequence[str]
    """Arguments to `python -m` that start one worker process with the library's own command line."""
    settings: str
    """In a few words, the settings that matter to the numbers."""


def create_stamp_file(path: Path, slots: int) -> None:
    """Make an empty stamp file with room for this many tasks."""
    path.write_bytes(bytes(slots * _SLOT_BYTES))


def open_stamp_file(path: Path) -> memoryview:
    """Map a stamp file as one 64-bit integer a task, shared between the worker and whoever watches it.

    Memory rather than a Redis key, so that the measurement adds no command to the server and costs each
    library the same fraction of a microsecond.
    """
    with path.open("r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("q")


@cache
def _stamps() -> memoryview:
    return open_stamp_file(Path(_setting(STAMP_FILE_VARIABLE)))


def mark(slot: int) -> None:
    """The whole body of the benchmarked task: write down that it ran, and when."""
    _stamps()[slot] = time.time_ns()


def redis_url() -> str:
    """Where the server under test listens."""
    return _setting(REDIS_URL_VARIABLE)


def _setting(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise SystemExit(f"Set {name}, or start this through `python -m benchmarks.peers`, which sets it.") from None


def uvloop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """An event loop factory for uvloop, or None where it is not installed."""
    if find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = import_module("uvloop").new_event_loop
    return factory


def in_chunks(slots: range, size: int) -> Iterator[range]:
    """Cut a range into ranges no longer than `size`."""
    return (slots[start : start + size] for start in range(0, len(slots), size))


async def enqueue_concurrently(enqueue: Callable[[int], Awaitable[object]], slots: range) -> None:
    """The stand-in for a bulk call: rounds of `CONCURRENCY` enqueues awaited together."""
    for chunk in in_chunks(slots, CONCURRENCY):
        await asyncio.gather(*(enqueue(slot) for slot in chunk))


async def _rate(work: Awaitable[object], tasks: int) -> dict[str, object]:
    started, used = time.perf_counter(), time.process_time()
    await work
    return {"per_s": tasks / (time.perf_counter() - started), "cpu_s": time.process_time() - used}


async def _enqueue_one_by_one(peer: Peer, slots: range) -> None:
    for slot in slots:
        await peer.enqueue(slot)


async def _pick_up_latency_ms(peer: Peer, slot: int) -> float:
    stamps = _stamps()
    before = time.time_ns()
    await peer.enqueue(slot)
    deadline = time.monotonic() + PICK_UP_TIMEOUT_S
    while not stamps[slot]:
        if time.monotonic() > deadline:
            raise SystemExit(
                f"No worker ran the task within {PICK_UP_TIMEOUT_S:.0f} seconds; start one before `latency`."
            )
        await asyncio.sleep(0.002)
    return (stamps[slot] - before) / 1e6


async def _pick_up_latencies_ms(peer: Peer, first_slot: int, samples: int) -> list[float]:
    pause = random.Random(first_slot)
    latencies: list[float] = []
    for slot in range(first_slot, first_slot + WARM_UP_SAMPLES + samples):
        await asyncio.sleep(pause.uniform(0, LONGEST_IDLE_GAP_S))
        latencies.append(await _pick_up_latency_ms(peer, slot))
    return latencies[WARM_UP_SAMPLES:]


async def _produce(peer: Peer, command: str, count: int, first_slot: int) -> dict[str, object]:
    slots = range(first_slot, first_slot + count)
    async with peer.session():
        if command == "enqueue":
            return await _rate(_enqueue_one_by_one(peer, slots), count)
        if command == "bulk":
            return await _rate(peer.bulk(slots), count)
        return {"latencies_ms": await _pick_up_latencies_ms(peer, first_slot, count)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="One task queue under the common workload.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("describe", help="print the version and settings")
    commands.add_parser("worker", help="become one worker process")
    for name, text in (
        ("enqueue", "enqueue COUNT tasks one by one"),
        ("bulk", "enqueue COUNT tasks in bulk"),
        ("latency", "time the pick-up of COUNT tasks, one at a time, by a worker that is already running"),
    ):
        producer = commands.add_parser(name, help=text)
        producer.add_argument("count", type=int)
        producer.add_argument("--first-slot", type=int, default=0, help="stamp slot of the first task")
    return parser.parse_args()


def main(peer: Peer) -> None:
    """Run the step named on the command line; steps that measure print one line of JSON."""
    arguments = _arguments()
    if arguments.command == "worker":
        os.execv(sys.executable, [sys.executable, "-m", *peer.worker])
    if arguments.command == "describe":
        answer: dict[str, object] = {
            "version": version(peer.distribution),
            "bulk_how": peer.bulk_how,
            "settings": peer.settings,
            "runtime": f"Python {platform.python_version()}",
        }
    else:
        with asyncio.Runner(loop_factory=uvloop_factory()) as runner:
            answer = runner.run(_produce(peer, arguments.command, arguments.count, arguments.first_slot))
    print(json.dumps(answer), flush=True)
