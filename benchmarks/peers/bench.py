"""One program of the `common` protocol and one server, with the stamp file between them.

Nothing here knows which library the program uses, so any queue can be measured the same way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.peers.common import REDIS_URL_VARIABLE, STAMP_FILE_VARIABLE, create_stamp_file, open_stamp_file
from benchmarks.peers.server import connect

_REPOSITORY = Path(__file__).resolve().parents[2]
_STALL_S = 60.0
_POLL_S = 0.02
_SETTLE_S = 1.0
_STOP_S = 15.0
_PRODUCER_TIMEOUT_S = 900.0
_OBSERVER_COMMANDS = frozenset({"info", "ping", "hello", "client|setinfo", "client|setname", "select", "flushdb"})
_SCRIPT_COMMANDS = frozenset({"eval", "evalsha", "eval_ro", "evalsha_ro", "fcall", "fcall_ro"})


class MeasurementFailed(Exception):
    """A program broke off; the message holds the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Script:
    """How to call a program that answers to the steps of `common.main`, and what its environment needs besides."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_module(cls, python: Path | str, module: str) -> Script:
        """A module that ends in `common.main`, and the interpreter that has its library."""
        return cls(module, (str(python), "-m", module))


@dataclass(frozen=True, slots=True)
class Calls:
    """What the server has executed so far, our own looks at it left out."""

    commands: int
    """All commands, those inside scripts included."""
    scripts: int
    """Calls of scripts and functions alone, each a round trip."""


@dataclass(frozen=True, slots=True)
class Drain:
    """The figures of a worker that works off a full queue."""

    per_s: float
    commands_per_run: float
    scripts_per_run: float
    worker_cpu_s_per_1000: float
    server_cpu_s_per_1000: float


@dataclass(frozen=True, slots=True)
class _Usage:
    done: int
    worker_cpu_s: float
    server_cpu_s: float


class Bench:
    """The steps of a measurement; `open_bench` makes one."""

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
            **script.environment,
        }

    def close(self) -> None:
        self._client.close()

    def ask(self, *step: str) -> dict[str, Any]:
        """Run one step to its end and read the line of JSON it prints."""
        log = self._folder / "producer.log"
        with log.open("wb") as errors:
            finished = subprocess.run(
                [*self._script.command, *step],
                env=self._environment,
                cwd=self._folder,
                stdout=subprocess.PIPE,
                stderr=errors,
                timeout=_PRODUCER_TIMEOUT_S,
                check=False,
            )
        if finished.returncode:
            raise MeasurementFailed(f"`{self._script.name} {' '.join(step)}` failed: {_tail(log)}")
        answer: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
        return answer

    def enqueue_per_s(self, tasks: int) -> float:
        """Enqueue one by one, each awaited."""
        return self.ask("enqueue", str(tasks))["per_s"]

    def bulk_per_s(self, tasks: int) -> float:
        """Enqueue in bulk."""
        return self.ask("bulk", str(tasks))["per_s"]

    def latencies_ms(self, samples: int, first_slot: int) -> list[float]:
        """Time the pick-up of one task at a time by a worker that already runs and has nothing else to do."""
        return self.ask("latency", str(samples), "--first-slot", str(first_slot))["latencies_ms"]

    @contextmanager
    def worker(self) -> Generator[psutil.Process]:
        """Start one worker in a process group of its own, and leave nothing that it started behind."""
        log = self._folder / "worker.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*self._script.command, "worker"],
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
            _stop_family(process)

    def drain(self, worker: psutil.Process, tasks: int, before: Calls) -> Drain:
        """Watch a worker that was just started run the first `tasks` tasks, which were queued at `before`."""
        self._wait_for_first(worker, tasks)
        first = self._usage(worker, tasks)
        self._wait_for_all(worker, tasks)
        time.sleep(_SETTLE_S)
        last = self._usage(worker, tasks)
        after = self.calls()
        stamps = self._stamps[:tasks]
        thousands = max(last.done - first.done, 1) / 1000
        return Drain(
            per_s=(tasks - 1) / ((max(stamps) - min(stamps)) / 1e9),
            commands_per_run=(after.commands - before.commands) / tasks,
            scripts_per_run=(after.scripts - before.scripts) / tasks,
            worker_cpu_s_per_1000=(last.worker_cpu_s - first.worker_cpu_s) / thousands,
            server_cpu_s_per_1000=(last.server_cpu_s - first.server_cpu_s) / thousands,
        )

    def empty(self) -> None:
        self._client.flushdb()  # pyright: ignore[reportUnknownMemberType]

    def calls(self) -> Calls:
        stats: dict[str, dict[str, int]] = self._info("commandstats")
        calls = {name.removeprefix("cmdstat_").lower(): entry["calls"] for name, entry in stats.items()}
        return Calls(
            commands=sum(count for name, count in calls.items() if name not in _OBSERVER_COMMANDS),
            scripts=sum(count for name, count in calls.items() if name in _SCRIPT_COMMANDS),
        )

    def used_memory(self) -> int:
        """Bytes the server has allocated for everything it holds."""
        return self._info("memory")["used_memory"]

    def server_cpu_s(self) -> float:
        """Processor seconds the server has used."""
        cpu = self._info("cpu")
        return cpu["used_cpu_user"] + cpu["used_cpu_sys"]

    def _usage(self, worker: psutil.Process, tasks: int) -> _Usage:
        return _Usage(self._done(tasks), _cpu_s(worker), self.server_cpu_s())

    def _info(self, section: str) -> dict[str, Any]:
        return self._client.info(section)  # pyright: ignore[reportUnknownMemberType, reportReturnType]

    def _done(self, tasks: int) -> int:
        return sum(1 for stamp in self._stamps[:tasks] if stamp)

    def _wait_for_first(self, worker: psutil.Process, tasks: int) -> None:
        pause = self._patience(worker, tasks)
        while not any(self._stamps[:tasks]):
            pause(0)

    def _wait_for_all(self, worker: psutil.Process, tasks: int) -> None:
        """Look at the oldest unfinished task only: counting them all would take time from the worker."""
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
            if not is_alive(worker):
                raise MeasurementFailed(f"The worker exited after {self._done(tasks)} of {tasks} tasks.")
            if time.monotonic() - since > _STALL_S:
                raise MeasurementFailed(
                    f"The worker stalled for {_STALL_S:.0f} s at {self._done(tasks)} of {tasks} tasks."
                )
            time.sleep(_POLL_S)

        return pause


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that has ended and was not yet waited for does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


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


def _stop_family(leader: subprocess.Popen[bytes]) -> None:
    """Ask the leader to stop, as a supervisor would, then end whatever is left of its children and its group.

    The children are noted before, because some are in a session of their own and an orphan can't be found any more.
    """
    children: list[psutil.Process] = []
    try:
        with suppress(psutil.NoSuchProcess):
            children = psutil.Process(leader.pid).children(recursive=True)
        leader.terminate()
        with suppress(subprocess.TimeoutExpired):
            leader.wait(timeout=_STOP_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(leader.pid, signal.SIGKILL)
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        leader.wait()


@contextmanager
def open_bench(script: Script, url: str, slots: int) -> Generator[Bench]:
    """Make the steps of a measurement, for up to `slots` time-stamped tasks."""
    with tempfile.TemporaryDirectory(prefix="queue-bench-") as folder:
        bench = Bench(script, url, Path(folder), slots)
        try:
            yield bench
        finally:
            bench.close()
