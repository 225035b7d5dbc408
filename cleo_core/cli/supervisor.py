"""The parent of worker processes: starts them, replaces those that die and gives their tasks back at once."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from cleo_core.app import Cleo
from cleo_core.cli import endings
from cleo_core.errors import ServerError
from cleo_core.scripts import Scripts
from cleo_core.tasks.published import SignatureSet
from cleo_core.wire import Wire
from cleo_core.worker.line import Line
from cleo_core.worker.presence import Presence

LOG = logging.getLogger("cleo.supervisor")
TICK = 0.1
MAX_PAUSE = 30.0
HEALTHY_AFTER = 30.0


@dataclass(frozen=True)
class WorkerPlan:
    """What a worker process is to do. Travels to it as JSON."""

    target: str
    queues: list[str]
    strict: bool
    settings: dict[str, Any]
    log_level: str
    log_json: bool


@dataclass
class _Child:
    worker_id: str
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    told: int = 0


class Supervisor:
    """Keeps ``count`` worker processes at work until it is told to stop; then waits for them.

    A process that dies is replaced, and so is one that ended because it outgrew its memory. One that an operator had
    end is not; when all have ended so, the supervisor ends too.
    """

    def __init__(self, cleo: Cleo, plan: WorkerPlan, count: int) -> None:
        self._cleo = cleo
        self._plan = plan
        self._children: dict[int, _Child | None] = dict.fromkeys(range(count))
        self._not_before = dict.fromkeys(range(count), 0.0)
        self._pause = dict.fromkeys(range(count), 0.5)
        self._retired: set[int] = set()
        self._signals = 0

    def run(self) -> int:
        """Work until a signal; 0 if every process ended cleanly, else 1."""
        _ = self._cleo.backend.resolved  # An embedded server is started here, so that all processes share it.
        self._environment = {**os.environ, "CLEO_WORKER_PLAN": json.dumps(asdict(self._plan))}
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        clean = True
        while True:
            clean = self._reap() and clean
            if (self._signals or self._all_retired) and not any(self._children.values()):
                return 0 if clean else 1
            if not self._signals:
                self._start_missing()
            self._pass_signals_on()
            time.sleep(TICK)

    @property
    def _all_retired(self) -> bool:
        return len(self._retired) == len(self._children)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._signals += 1
        if self._signals == 1:
            LOG.info("Stopping: no more tasks are claimed, running ones finish. A second signal ends them at once.")

    def _pass_signals_on(self) -> None:
        """Tell each process once for each signal. Here and not in the handler, which may run in the midst of a
        start.
        """
        for child in self._children.values():
            if child is not None and child.told < min(self._signals, 2):
                child.told = min(self._signals, 2)
                child.process.send_signal(signal.SIGTERM if child.told == 1 else signal.SIGKILL)

    def _start_missing(self) -> None:
        for slot, child in self._children.items():
            if child is None and slot not in self._retired and time.monotonic() >= self._not_before[slot]:
                self._children[slot] = self._start()

    def _start(self) -> _Child:
        worker_id = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "cleo_core.cli.child"],
            env={**self._environment, "CLEO_WORKER_ID": worker_id, "CLEO_SUPERVISOR": str(os.getpid())},
            stdin=subprocess.DEVNULL,
            # A Ctrl-C reaches the whole foreground group; the parent alone is to pass it on, once.
            start_new_session=True,
        )
        return _Child(worker_id, process)

    def _reap(self) -> bool:
        """Look after the processes that ended; whether all that did had ended cleanly."""
        clean = True
        for slot, child in self._children.items():
            if child is None or child.process.poll() is None:
                continue
            self._children[slot] = None
            clean = self._account_for(slot, child) and clean
        return clean

    def _account_for(self, slot: int, child: _Child) -> bool:
        """Decide what becomes of the place of a process that ended; whether it had ended cleanly."""
        code = child.process.returncode
        if child.told and code in {endings.CLEAN, endings.REPLACE, endings.FOR_GOOD, -signal.SIGTERM}:
            return True  # It ended as it was told to, perhaps before it had begun.
        if code in {endings.FOR_GOOD, endings.FOR_GOOD_UNSETTLED}:
            self._retire(slot, child)
            return code == endings.FOR_GOOD
        if code == endings.REPLACE:
            LOG.info("Worker process %s outgrew its memory and is replaced.", child.worker_id)
            return True
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        LOG.error("Worker process %s %s.", child.worker_id, how)
        if time.monotonic() - child.started > HEALTHY_AFTER:
            self._pause[slot] = 0.5
        self._not_before[slot] = time.monotonic() + self._pause[slot]
        self._pause[slot] = min(self._pause[slot] * 2, MAX_PAUSE)
        if self._give_back(child.worker_id, how):
            self._retire(slot, child)
        return False

    def _retire(self, slot: int, child: _Child) -> None:
        LOG.info("Worker process %s was ordered to end; none is started in its place.", child.worker_id)
        self._retired.add(slot)

    def _give_back(self, worker_id: str, how: str) -> bool:
        """Put the tasks of a dead process back, so that nobody waits for its leases to run out; whether it had been
        ordered to end.
        """
        try:
            given, ordered = asyncio.run(self._release(worker_id, how))
        except ServerError as error:
            LOG.warning("Its tasks are taken up again when their leases run out. %s", error)
            return False
        LOG.warning("%d tasks of %s were given back.", given, worker_id)
        return ordered

    async def _release(self, worker_id: str, how: str) -> tuple[int, bool]:
        backend = self._cleo.backend
        wire = Wire(backend.resolved)
        scripts = Scripts(wire, backend.keys)
        queues = [Line.parse(text).queue for text in self._plan.queues]
        try:
            total = 0
            for queue in queues:
                total += await scripts.release(queue, worker_id, backend.limits.retentions, how)
            presence = Presence(backend, worker_id, queues, SignatureSet({}), stays=0)
            await presence.leave(wire, scripts, how)
            return total, await presence.was_ordered_to_end(wire)
        finally:
            await scripts.close()
