"""The measurement itself: drive one script of the `common` protocol against one server.

Nothing here knows which library the script wraps, so any queue can be measured the same way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from benchmarks.peers.common import (
    REDIS_URL_VARIABLE,
    STAMP_FILE_VARIABLE,
    WARM_UP_SAMPLES,
    create_stamp_file,
    open_stamp_file,
)
from benchmarks.peers.server import connect

_REPOSITORY = Path(__file__).resolve().parents[2]
_STALL_S = 60.0
_POLL_S = 0.02
_SETTLE_S = 1.0
_STOP_S = 15.0
_PRODUCER_TIMEOUT_S = 900.0
_OBSERVER_COMMANDS = frozenset({"info", "ping", "hello", "client|setinfo", "client|setname", "select", "flushdb"})


class MeasurementFailed(Exception):
    """A script broke off; the message holds the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Script:
    """A module that calls `common.main`, and the interpreter that has its library."""

    python: Path
    module: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a script says about itself."""

    version: str
    bulk_how: str
    settings: str
    python: str


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
    worker_cpu_s_per_1000: float
    server_cpu_s_per_1000: float


@dataclass(frozen=True, slots=True)
class _Usage:
    done: int
    worker_cpu_s: float
    server_cpu_s: float


class _Bench:
    """One script and one server, with the stamp file between them."""

    def __init__(self, script: Script, url: str, folder: Path, slots: int) -> None:
        self._script = script
        self._folder = folder
        stamp_file = folder / "stamps"
        create_stamp_file(stamp_file, slots)
        self._stamps = open_stamp_file(stamp_file)
        self._client = connect(url)
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(_REPOSITORY),
            REDIS_URL_VARIABLE: url,
            STAMP_FILE_VARIABLE: str(stamp_file),
        }

    def close(self) -> None:
        self._client.close()

    def _command(self, *step: str) -> list[str]:
        return [str(self._script.python), "-m", self._script.module, *step]

    def ask(self, *step: str) -> dict[str, Any]:
        """Run one step to its end and read the line of JSON it prints."""
        log = self._folder / "producer.log"
        with log.open("wb") as errors:
            finished = subprocess.run(
                self._command(*step),
                env=self._environment,
                cwd=self._folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=_PRODUCER_TIMEOUT_S,
                check=False,
            )
        if finished.returncode:
            raise MeasurementFailed(f"`{self._script.module} {' '.join(step)}` failed: {_tail(log)}")
        answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
        return answer

    @contextmanager
    def worker(self) -> Generator[psutil.Process]:
        """Start one worker in a process group of its own, and leave none of that group behind."""
        log = self._folder / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self._command("worker"),
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield psutil.Process(process.pid)
        except MeasurementFailed as error:
            raise MeasurementFailed(f"{error} The worker's log ends with: {_tail(log)}") from None
        finally:
            _stop_group(process)

    def empty(self) -> None:
        self._client.flushdb()  # pyright: ignore[reportUnknownMemberType]

    def commands(self) -> int:
        """Commands the server has executed so far, those inside scripts included and our own left out."""
        stats: dict[str, dict[str, int]] = self._info("commandstats")
        return sum(
            entry["calls"]
            for name, entry in stats.items()
            if name.removeprefix("cmdstat_").lower() not in _OBSERVER_COMMANDS
        )

    def usage(self, worker: psutil.Process, tasks: int) -> _Usage:
        cpu = self._info("cpu")
        return _Usage(self._done(tasks), _cpu_s(worker), cpu["used_cpu_user"] + cpu["used_cpu_sys"])

    def _info(self, section: str) -> dict[str, Any]:
        return self._client.info(section)  # pyright: ignore[reportUnknownMemberType, reportReturnType]

    def _done(self, tasks: int) -> int:
        return sum(1 for stamp in self._stamps[:tasks] if stamp)

    def wait_for_first(self, worker: psutil.Process, tasks: int) -> None:
        """Wait until any of the first `tasks` tasks has run."""
        pause = self._patience(worker, tasks)
        while not any(self._stamps[:tasks]):
            pause(0)

    def wait_for_all(self, worker: psutil.Process, tasks: int) -> None:
        """Wait until the first `tasks` tasks have all run.

        It looks at the oldest unfinished task only: counting them all would take time from the worker.
        """
        oldest = 0
        pause = self._patience(worker, tasks)
        while True:
            while oldest < tasks and self._stamps[oldest]:
                oldest += 1
            if oldest == tasks:
                return
            pause(oldest)

    def _patience(self, worker: psutil.Process, tasks: int) -> Callable[[int], None]:
        """A pause between looks, which gives up when the worker is gone or stops making progress."""
        last, since = 0, time.monotonic()

        def pause(progress: int) -> None:
            nonlocal last, since
            if progress != last:
                last, since = progress, time.monotonic()
            if not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE:
                raise MeasurementFailed(f"The worker exited after {self._done(tasks)} of {tasks} tasks.")
            if time.monotonic() - since > _STALL_S:
                raise MeasurementFailed(
                    f"The worker stalled for {_STALL_S:.0f} s at {self._done(tasks)} of {tasks} tasks."
                )
            time.sleep(_POLL_S)

        return pause

    def drain_per_s(self, tasks: int) -> float:
        stamps = self._stamps[:tasks]
        return (tasks - 1) / ((max(stamps) - min(stamps)) / 1e9)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-800:] or "(nothing)"


def _cpu_s(root: psutil.Process) -> float:
    total = 0.0
    for process in (root, *root.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def _stop_group(leader: subprocess.Popen[bytes]) -> None:
    """Ask the leader to stop, as a supervisor would, then end whatever is left of its group."""
    leader.terminate()
    try:
        leader.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        leader.wait()


@contextmanager
def _bench(script: Script, url: str, slots: int) -> Generator[_Bench]:
    with tempfile.TemporaryDirectory(prefix="queue-bench-") as folder:
        bench = _Bench(script, url, Path(folder), slots)
        try:
            yield bench
        finally:
            bench.close()


def describe(script: Script, url: str) -> Description:
    """Ask a script for its library's version and settings."""
    with _bench(script, url, slots=1) as bench:
        return Description(**bench.ask("describe"))


def measure(script: Script, url: str, *, tasks: int = 20_000, latency_samples: int = 200) -> Measurement:
    """Run the whole workload: bulk enqueue, enqueue one by one, drain with one fresh worker, pick-up latency.

    The database at `url` is emptied on the way, so it must hold nothing else.
    """
    if tasks < 2 or latency_samples < 2:
        raise ValueError("Measure at least 2 tasks and 2 latency samples; fewer have no rate and no percentile.")
    with _bench(script, url, slots=tasks + WARM_UP_SAMPLES + latency_samples) as bench:
        bulk_per_s: float = bench.ask("bulk", str(tasks))["per_s"]
        bench.empty()
        at_start = bench.commands()
        enqueue_per_s: float = bench.ask("enqueue", str(tasks))["per_s"]
        enqueued = bench.commands()
        with bench.worker() as worker:
            bench.wait_for_first(worker, tasks)
            first = bench.usage(worker, tasks)
            bench.wait_for_all(worker, tasks)
            time.sleep(_SETTLE_S)
            last = bench.usage(worker, tasks)
            drained = bench.commands()
            latencies: list[float] = bench.ask("latency", str(latency_samples), "--first-slot", str(tasks))[
                "latencies_ms"
            ]
        bench.empty()
        percentiles = quantiles(latencies, n=100, method="inclusive")
        thousands = max(last.done - first.done, 1) / 1000
        return Measurement(
            tasks=tasks,
            enqueue_per_s=enqueue_per_s,
            bulk_per_s=bulk_per_s,
            drain_per_s=bench.drain_per_s(tasks),
            pick_up_p50_ms=percentiles[49],
            pick_up_p95_ms=percentiles[94],
            commands_per_enqueue=(enqueued - at_start) / tasks,
            commands_per_run=(drained - enqueued) / tasks,
            worker_cpu_s_per_1000=(last.worker_cpu_s - first.worker_cpu_s) / thousands,
            server_cpu_s_per_1000=(last.server_cpu_s - first.server_cpu_s) / thousands,
        )
