"""Metrics of this program's workers and producers for Prometheus (extra ``metrics``).

What the server counts for all workers together is exported by ``cleo metrics``; this is what one program sees, with
histograms by task name.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from collections.abc import Sequence
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector

from cleo_core.middleware import Middleware, OutgoingTask, RunEnd, TaskRun, Verdict

LOG = logging.getLogger("cleo.metrics")
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
LABELS = ("queue", "name")


class PrometheusMiddleware(Middleware):
    """Counts and times what is enqueued and run, in a registry of its own.

    With ``port`` each worker process serves its metrics over HTTP while it runs. The processes of ``cleo worker
    --processes N`` share one port: set ``PROMETHEUS_MULTIPROC_DIR`` to an empty folder, and the one process that has
    the port serves the sum of all; if it ends, the one that replaces it does.

    Args:
        port: where to serve, or None to serve them yourself from ``exposition()``.
        host: the address to listen on; ``"0.0.0.0"`` for all of the machine's.
        registry: another registry to enter the metrics in.
        buckets: the upper bounds of the histograms, in seconds.
    """

    registry: CollectorRegistry

    def __init__(
        self,
        port: int | None = None,
        *,
        host: str = "127.0.0.1",
        registry: CollectorRegistry | None = None,
        buckets: Sequence[float] = SECONDS,
    ) -> None:
        self.registry = registry or CollectorRegistry()
        self._port = port
        self._host = host
        self._server: tuple[WSGIServer, Thread] | None = None
        own = self.registry
        self._enqueued = Counter(
            "cleo_producer_tasks", "Tasks given to enqueue: created, known (the id existed) or refused.",
            (*LABELS, "outcome"), registry=own,
        )  # fmt: skip
        self._attempts = Counter(
            "cleo_worker_attempts", "Attempts that ended, by what became of the task.",
            (*LABELS, "outcome"), registry=own,
        )  # fmt: skip
        self._dead = Counter("cleo_worker_dead_letters", "Tasks that became dead letters here.", LABELS, registry=own)
        self._run = Histogram(
            "cleo_worker_run_seconds", "How long attempts took.", LABELS, registry=own, buckets=buckets
        )
        self._wait = Histogram(
            "cleo_worker_wait_seconds", "How long tasks waited since they could run.", LABELS, registry=own,
            buckets=buckets,
        )  # fmt: skip

    def exposition(self) -> bytes:
        """The metrics in the text format, of all processes if they share a folder."""
        return generate_latest(self._served())

    def _served(self) -> CollectorRegistry:
        if MULTIPROCESS not in os.environ:
            return self.registry
        shared = CollectorRegistry()
        MultiProcessCollector(shared)
        return shared

    async def after_enqueue(self, task: OutgoingTask, *, created: bool, error: BaseException | None) -> None:
        """Count it."""
        outcome = "refused" if error is not None else "created" if created else "known"
        self._enqueued.labels(task.queue, task.name, outcome).inc()

    async def before_run(self, run: TaskRun) -> None:
        """Note how long it waited."""
        self._wait.labels(run.queue, run.name).observe(run.wait)

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        """Count the attempt and note how long it took."""
        self._attempts.labels(run.queue, run.name, end.verdict.value).inc()
        if end.verdict is not Verdict.RETURNED:
            self._run.labels(run.queue, run.name).observe(end.run)

    async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
        """Count the dead letter."""
        self._dead.labels(run.queue, run.name).inc()

    async def on_worker_start(self, worker: str, queues: Sequence[str]) -> None:
        """Serve, if there is a port and no other process has it."""
        if self._port is None or self._server is not None:
            return
        try:
            self._server = start_http_server(self._port, self._host, self._served())
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            if MULTIPROCESS in os.environ:
                LOG.info("Another process serves the metrics on port %d, those of this one too.", self._port)
            else:
                LOG.warning(
                    "The metrics of this process are not served: port %d is taken. Set %s to an empty folder, so that "
                    "one process serves them for all.", self._port, MULTIPROCESS
                )  # fmt: skip

    async def on_worker_stop(self, worker: str) -> None:
        """Serve no more."""
        served, self._server = self._server, None
        if served is not None:
            server, thread = served
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            await asyncio.to_thread(thread.join, 5)
