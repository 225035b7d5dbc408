"""The worker's loop."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psutil
from pydantic import ValidationError

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption, ServerError, WorkerError
from cleo_core.models import WorkerInfo
from cleo_core.scripts import Claimed, Scripts, Settled
from cleo_core.settings import WorkerSettings
from cleo_core.tasks.registry import Registry
from cleo_core.version import __version__
from cleo_core.wire import Wire
from cleo_core.worker.execution import Execution
from cleo_core.worker.heartbeat import LOST, Heartbeat
from cleo_core.worker.line import Line, Pace, Rota
from cleo_core.worker.maintenance import sweep_on
from cleo_core.worker.reports import INTERVAL, Reports
from cleo_core.worker.slots import Slots
from cleo_core.worker.wake import Wake

LOG = logging.getLogger("cleo.worker")
FIRST_PAUSE = 0.1
MAX_CLAIM = 1_000
MAX_PAUSE = 5.0
INTERRUPT = 5.0


class Worker:
    """Claims tasks of its queues, runs up to ``concurrency`` at once and settles them, in one call a batch.

    ``run`` works until ``stop``; as an async context manager it works in the background of the running loop.
    """

    def __init__(
        self,
        backend: Backend,
        registry: Registry,
        lines: Sequence[Line],
        settings: WorkerSettings,
        *,
        strict: bool = False,
        worker_id: str | None = None,
        **changes: Any,
    ) -> None:
        self.settings = _changed(settings, changes)
        self.id = worker_id or f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._backend = backend
        self._registry = registry
        self._lines = list({line.queue: line for line in lines}.values())
        if not self._lines:
            raise WorkerError(
                "This worker has no queue to serve. Name one, or declare a task before the worker is made."
            )
        self._rota = Rota(self._lines, strict=strict)
        self._calls: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._trouble: Exception | None = None
        self._pause = FIRST_PAUSE
        self._reports = Reports()
        self._execution = Execution(registry, backend.limits, self.id, self.settings.threads, self._reports.say)
        self._pace = Pace(self.settings.claim_ahead)
        self._slots = Slots(self._execution, self.settings.concurrency, self._begin, self._stir)
        self._stirred = asyncio.Event()
        self._stopping = asyncio.Event()
        self._background: asyncio.Task[None] | None = None
        self._lease_ms = round(self.settings.lease * 1000)
        self._started_at = time.time()
        self._process = psutil.Process()
        self.processed = 0

    # --- life ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until ``stop`` is called, then finish what runs within the grace period and hand the rest back.

        Whatever is wrong with the server, the worker says so in its log and keeps trying.
        """
        self._scripts = Scripts(Wire(self._backend.resolved), self._backend.keys)
        self._wake = Wake(self._backend, self.settings.idle_wait, self._stir)
        heartbeat = Heartbeat(
            self._backend,
            self.id,
            self._lines,
            interval=self.settings.heartbeat,
            lease=self.settings.lease,
            describe=self._describe,
            tell=self._hear,
        )
        heartbeat.start()
        helpers = [
            asyncio.create_task(
                sweep_on(self._backend, self._scripts, self._lines, self.settings.sweep, self._stir), name="cleo-sweep"
            ),
            asyncio.create_task(self._report_on(), name="cleo-reports"),
        ]
        LOG.info("Worker %s serves %s.", self.id, ", ".join(line.queue for line in self._lines))
        try:
            await self._work()
            await self._wind_down()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            heartbeat.stop()
            await asyncio.to_thread(heartbeat.join, 10)
            self._execution.close()
            await self._scripts.close()
            LOG.info("Worker %s stopped after %d tasks.", self.id, self.processed)

    def stop(self) -> None:
        """Claim no more. To be called in the worker's loop."""
        self._stopping.set()
        self._stir()

    async def __aenter__(self) -> Self:
        self._background = asyncio.create_task(self.run(), name=f"cleo-worker-{self.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._background is not None
        self.stop()
        await self._background

    # --- the loop ------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._stopping.is_set():
            await self._let_short_tasks_end()
            self._call_who_is_due()
            await self._until_stirred()
            if self._trouble is not None:
                await self._back_off(self._trouble)

    def _call_who_is_due(self) -> None:
        """Settle for every queue that has results, and claim for the one whose turn it is.

        The others claim only when it has turned out to have nothing; else they would get what comes free meanwhile.
        """
        taken = False
        for line in self._rota.in_turn():
            while self._is_due(line, room := 0 if taken or not line.ready else self._room()):
                self._call_soon(line, room)
            taken = taken or line.ready

    def _is_due(self, line: Line, room: int) -> bool:
        """Whether to call now. A second call beside one in flight must be worth it: half a batch to settle or to claim.

        With two in flight the server works on one batch while the worker works on the other.
        """
        if line.calling == 0:
            return bool(line.finished) or room > 0
        worth = 2 * max(len(line.finished), room) >= self.settings.concurrency
        return line.calling == 1 and not line.adrift and worth

    async def _let_short_tasks_end(self) -> None:
        """Give what was just started one turn of the loop, so that tasks which end at once are settled together."""
        if 2 * sum(len(line.finished) for line in self._lines) < self._slots.running:
            await asyncio.sleep(0)

    def _call_soon(self, line: Line, room: int) -> None:
        self._asked += room
        line.calling += 1
        call = asyncio.create_task(self._call(line, room, line.take_finished()), name=f"cleo-call-{line.queue}")
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _call(self, line: Line, room: int, settled: list[Settled]) -> None:
        """Settle what is finished and claim what there is room for, in one call; then start what was claimed."""
        try:
            if self._reports.pending:
                await self._reports.send(self._scripts)
            if line.adrift:
                await self._scripts.hand_back(line.queue, self.id, list(line.held))
                line.adrift = False
            began = time.perf_counter()
            answer = await self._scripts.cycle(
                line.queue, self.id, room, self._lease_ms, self._backend.limits.retentions, settled
            )
        except Exception as error:
            # Whatever it was, the results are kept, and what the call may have claimed is asked after.
            line.finished = settled + line.finished
            line.adrift = True
            self._trouble = error
            if not isinstance(error, ServerError):
                LOG.exception("A call for %s failed.", line.queue)
        else:
            self._pause = FIRST_PAUSE
            self._pace.called(len(settled), time.perf_counter() - began)
            self._forget(line, settled, answer.stale)
            self._rota.claimed(line, len(answer.claimed))
            for claimed in answer.claimed:
                self._slots.accept(line, claimed, answer.options.get(claimed.group, b""))
            self._slots.fill()
            if line.ready and len(answer.claimed) < room:
                self._wake.watch(line, answer.next_due)
        finally:
            self._asked -= room
            line.calling -= 1
            self._stir()

    async def _back_off(self, trouble: Exception) -> None:
        """Wait before the next try, a bit longer each time. What runs goes on; its results are kept."""
        await self._quiet()
        self._trouble = None
        LOG.error("%s The worker tries again in %.1f s.", trouble, self._pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause * random.uniform(0.5, 1.0)):
                await self._stopping.wait()
        self._pause = min(self._pause * 2, MAX_PAUSE)

    async def _quiet(self) -> None:
        """Wait for the calls in flight."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _forget(self, line: Line, settled: Sequence[Settled], stale: Sequence[bytes]) -> None:
        for task in settled:
            delivery = line.held.get(task.id)
            if delivery is not None and delivery.claimed.receipt == task.receipt:
                del line.held[task.id]
        self.processed += len(settled) - len(stale)
        if stale:
            LOG.warning("%d results were refused: the leases were lost, or they had been settled before.", len(stale))

    # --- what there is to do -------------------------------------------------------------------------

    def _room(self) -> int:
        if self._stopping.is_set():
            return 0
        room = self.settings.concurrency + self._pace.ahead - self._slots.held - self._asked
        return min(MAX_CLAIM, self.settings.concurrency, room)

    async def _begin(self, queue: str, claimed: Claimed) -> bool:
        return await self._scripts.begin(queue, claimed)

    def _stir(self) -> None:
        self._stirred.set()

    async def _until_stirred(self) -> None:
        await self._stirred.wait()
        self._stirred.clear()

    def _hear(self, line: Line, task_id: bytes, receipt: bytes, answer: int) -> None:
        """What the heartbeat learnt of a task: its lease is lost, or a cancel is asked for."""
        delivery = line.held.get(task_id)
        if delivery is None or delivery.claimed.receipt != receipt or delivery.ended:
            return
        if answer == LOST:
            del line.held[task_id]
            self._slots.abandon(delivery)
        else:
            self._slots.cancel(line, delivery)

    async def _report_on(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            if self._reports.pending:
                with suppress(ServerError):
                    await self._reports.send(self._scripts)

    # --- the end -------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> int:
        """How many results the server doesn't know of yet. When the worker has stopped: that it never will."""
        return sum(len(line.finished) for line in self._lines)

    async def _wind_down(self) -> None:
        """Finish what runs within the grace period; hand back, uncharged, what has not begun or does not end."""
        await self._wake.close()
        self._slots.close()
        await self._quiet()
        self._slots.hand_back_waiting()
        until = time.monotonic() + self.settings.grace
        while (self._slots.running or self.unsettled) and time.monotonic() < until:
            await self._settle_all()
            if self._slots.running:
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, min(1.0, until - time.monotonic()))):
                        await self._until_stirred()
        await self._slots.interrupt(INTERRUPT)
        await self._settle_all()
        for line in self._lines:
            with suppress(ServerError):
                await self._scripts.hand_back(line.queue, self.id, [])
        if self.unsettled:
            LOG.error("%d results could not be settled; their tasks run again after their leases.", self.unsettled)

    async def _settle_all(self) -> None:
        await self._quiet()
        for line in self._lines:
            if line.finished:
                self._call_soon(line, 0)
        await self._quiet()
        if self._trouble is not None:
            LOG.error("%s Results wait to be settled.", self._trouble)
            self._trouble = None
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, 1.0)

    def _describe(self, loop_lag: float, now: float) -> WorkerInfo:
        return WorkerInfo(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=__version__,
            queues=[line.queue for line in self._lines],
            tasks=self._registry.names(),
            concurrency=self.settings.concurrency,
            active=self._slots.running,
            processed=self.processed,
            failed=self._slots.failed,
            cpu=self._process.cpu_percent(),
            memory=self._process.memory_info().rss,
            loop_lag=loop_lag,
            started_at=self._started_at,
            beat_at=now,
            stopping=self._stopping.is_set(),
        )


def _changed(settings: WorkerSettings, changes: dict[str, Any]) -> WorkerSettings:
    try:
        return WorkerSettings.model_validate({**settings.model_dump(), **changes})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidOption(f"The worker's setting {name} can't be {first['input']!r}: {first['msg']}.") from None
