"""What a worker says of itself in the registry."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence

import psutil

from cleo_core.models import WorkerInfo
from cleo_core.settings import WorkerSettings
from cleo_core.tasks.published import SignatureSet
from cleo_core.tasks.registry import Registry
from cleo_core.version import __version__
from cleo_core.worker.duty import Duty
from cleo_core.worker.slots import Slots

CPU_OVER = 1.0


class Portrait:
    """One worker and its process, and what it can run."""

    def __init__(self, worker: str, queues: Sequence[str], registry: Registry, settings: WorkerSettings) -> None:
        self._worker = worker
        self._queues = list(queues)
        self._tasks = registry.names()
        self._settings = settings
        self._process = psutil.Process()
        self._cpu, self._cpu_at = self._process.cpu_percent(), time.monotonic()
        self._began = time.monotonic()
        self._started_at: float | None = None
        self.signatures = SignatureSet.of(registry)

    def draw(self, duty: Duty, slots: Slots, processed: int, *, loop_lag: float, now: float) -> WorkerInfo:
        """The worker as it is now; ``now`` is by the server's clock, and so is what it says of its start."""
        if self._started_at is None:
            self._started_at = now - (time.monotonic() - self._began)
        return WorkerInfo(
            id=self._worker,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            queues=self._queues,
            tasks=self._tasks,
            concurrency=self._settings.concurrency,
            active=slots.running,
            processed=processed,
            failed=slots.failed,
            cpu=self._measured_cpu(),
            memory=self._process.memory_info().rss,
            loop_lag=loop_lag,
            started_at=self._started_at,
            beat_at=now,
            state=duty.state,
            reason=duty.reason,
            max_memory=self._settings.max_memory,
            signatures=self.signatures.digest,
        )

    def _measured_cpu(self) -> float:
        """In percent of a core, over a second or more.

        CPU time is counted in steps of 10 ms, which would be hundreds of percent of the few milliseconds between two
        heartbeats when an order comes.
        """
        now = time.monotonic()
        if now - self._cpu_at >= CPU_OVER:
            self._cpu, self._cpu_at = self._process.cpu_percent(), now
        return self._cpu
