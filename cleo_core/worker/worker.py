"""The worker's loop."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import random
import socket
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from cleo_core.backend import Backend
from cleo_core.errors import ServerError, WorkerError
from cleo_core.middleware import Hooks
from cleo_core.models import WorkerInfo, WorkerState
from cleo_core.scripts import Claimed, Scripts, Settled
from cleo_core.settings import WorkerSettings
from cleo_core.tasks.declared import Declarations
from cleo_core.tasks.registry import Registry
from cleo_core.wire import Wire
from cleo_core.worker.duty import Duty, Ending
from cleo_core.worker.heartbeat import LOST, Heartbeat
from cleo_core.worker.hooked import Told, execution_with
from cleo_core.worker.line import Line, Pace, Rota
from cleo_core.worker.maintenance import sweep_on
from cleo_core.worker.portrait import Portrait
from cleo_core.worker.presence import Presence
from cleo_core.worker.reports import Reports
from cleo_core.worker.shielded import shielded
from cleo_core.worker.slots import Slots
from cleo_core.worker.ticking import Ticking, warn_of_unsigned
from cleo_core.worker.wake import Wake

LOG = logging.getLogger("cleo.worker")
FIRST_PAUSE = 0.1
MAX_CLAIM = 1_000
MAX_PAUSE = 5.0
INTERRUPT = 5.0


class Worker:
    """Claims tasks of its queues, runs up to ``concurrency`` at once and settles them, in one call a batch.

    ``run`` works until ``stop`` or ``drain``; as an async context manager it works in the background of the running
    loop. ``pause`` and ``resume`` are for the time between. All four are to be called in the worker's loop;
    ``cleo.workers`` has the same for workers elsewhere.
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
        hooks: Hooks | None = None,
        **changes: Any,
    ) -> None:
        self.settings = settings.changed(changes)
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
        self._hooks = hooks or Hooks()
        self._told = Told(self._hooks)
        self._execution = execution_with(
            self._hooks, registry, backend.limits, self.id, self.settings.threads, self._reports.say
        )
        self._execution.trust = backend.trust
        self._pace = Pace(self.settings.claim_ahead)
        self._slots = Slots(self._execution, self.settings.concurrency, self._begin, self._stir)
        self._stirred = asyncio.Event()
        self._duty = Duty(self.settings.max_memory, self._change_duty)
        self._background: asyncio.Task[None] | None = None
        self._heartbeat: Heartbeat | None = None
        self._lease_ms = round(self.settings.lease * 1000)
        self.processed = 0

    # --- life ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until ``stop`` is called, then finish what runs within the grace period and hand the rest back.

        After ``drain`` what runs has as long as it takes; if this call is cancelled, it has none and is handed back.
        Whatever is wrong with the server, the worker says so in its log and keeps trying.
        """
        self._scripts = Scripts(Wire(self._backend.resolved), self._backend.keys)
        self._wake = Wake(self._backend, self.settings.idle_wait, self._stir)
        queues = [line.queue for line in self._lines]
        self._portrait = Portrait(self.id, queues, self._registry, self.settings)
        self._heartbeat = Heartbeat(
            self._backend,
            self.id,
            self._lines,
            Presence(self._backend, self.id, queues, self._portrait.signatures, stays=self.settings.presence),
            interval=self.settings.heartbeat,
            lease=self.settings.lease,
            describe=self._describe,
            tell=self._hear,
            heed=self._heed,
        )
        self._heartbeat.start()
        declared = Declarations(self._registry, self._backend.signing)
        warn_of_unsigned(declared, self._backend.trust)
        self._ticking = Ticking(self._scripts, self.id, queues, declared)
        sweeping = sweep_on(
            self._backend,
            self._scripts,
            self._lines,
            self.settings.sweep,
            self._stir,
            self._ticking,
            self._told.tell_poison,
        )
        helpers = [
            asyncio.create_task(sweeping, name="cleo-sweep"),
            asyncio.create_task(self._ticking.run(), name="cleo-ticking"),
            asyncio.create_task(self._reports.tell_on(self._scripts), name="cleo-reports"),
        ]
        LOG.info("Worker %s serves %s.", self.id, ", ".join(queues))
        try:
            await self._hooks.worker_starts(self.id, queues)
            await self._work()
            await self._wind_down(self.settings.grace)
        except asyncio.CancelledError:
            self.stop()  # Nothing may go on that nobody renews a lease for.
            await shielded(self._wind_down(0.0), 2 * INTERRUPT)
            raise
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._heartbeat.stop(self._duty.ending)
            await asyncio.to_thread(self._heartbeat.join, 10)
            self._execution.close()
            await self._scripts.close()
            await self._told.finish(INTERRUPT)
            await self._hooks.worker_stops(self.id)
            LOG.info("Worker %s stopped after %d tasks.", self.id, self.processed)

    def stop(self) -> None:
        """Claim no more; what runs has the grace period to end."""
        self._duty.stop()

    def drain(self) -> None:
        """Claim no more, and end when what runs has ended, however long that takes; ``stop`` cuts it short."""
        self._duty.drain()

    def pause(self) -> None:
        """Claim none until ``resume``. What runs goes on; what has not begun is handed back."""
        self._duty.pause()

    def resume(self) -> None:
        """Claim again."""
        self._duty.resume()

    @property
    def state(self) -> WorkerState:
        """Whether it runs, is paused, or will end."""
        return self._duty.state

    @property
    def ending(self) -> Ending:
        """Why it ends or has ended."""
        return self._duty.ending

    def be_replaceable(self) -> None:
        """Somebody starts another when this one ends, so it ends when it has more memory than ``max_memory``."""
        self._duty.replaceable = True

    def _heed(self, order: WorkerState | None, memory: int) -> None:
        """What the heartbeat learnt of an operator's wish and of the process."""
        if order is not None:
            self._duty.obey(order)
        self._duty.weigh(memory)

    def _change_duty(self) -> None:
        """Do what the duty demands from now on; how it ends is what ``run`` comes to next."""
        if self._heartbeat is not None:
            self._heartbeat.hurry()
            if not self._duty.ends.is_set():
                self._wake.silence(self._lines, silent=not self._duty.claims)
        if not self._duty.claims and not self._duty.ends.is_set():
            self._slots.hand_back_waiting()
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
        while not self._duty.ends.is_set():
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
            await self._reports.tell(self._scripts)
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
            self._ticking.note(line.queue, answer.next_tick)
            self._rota.claimed(line, len(answer.claimed))
            for claimed in answer.claimed:
                self._slots.accept(line, claimed, answer.options.get(claimed.group, b""))
            if self._duty.claims:
                self._slots.fill()
            elif not self._duty.ends.is_set():
                self._slots.hand_back_waiting()  # Paused while the call was in flight.
            if line.ready and self._duty.claims and len(answer.claimed) < room:
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
                await self._duty.ends.wait()
        self._pause = min(self._pause * 2, MAX_PAUSE)

    async def _quiet(self) -> None:
        """Wait for the calls in flight."""
        while self._calls:
            await asyncio.wait(self._calls)

    def _forget(self, line: Line, settled: Sequence[Settled], stale: Sequence[bytes]) -> None:
        if self._hooks:
            self._told.tell(line, settled, stale)
        for task in settled:
            delivery = line.held.get(task.id)
            if delivery is not None and delivery.claimed.receipt == task.receipt:
                delivery.settled = True
                del line.held[task.id]
        self.processed += len(settled) - len(stale)
        if stale:
            LOG.warning("%d results were refused: the leases were lost, or they had been settled before.", len(stale))

    # --- what there is to do -------------------------------------------------------------------------

    def _room(self) -> int:
        if not self._duty.claims:
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

    # --- the end -------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> int:
        """How many results the server doesn't know of yet. When the worker has stopped: that it never will."""
        return sum(len(line.finished) for line in self._lines)

    async def _wind_down(self, grace: float) -> None:
        """Finish what runs, within the grace period unless the worker is patient; hand back, uncharged, what has not
        begun or does not end.
        """
        await self._wake.close()
        self._slots.close()
        await self._quiet()
        self._slots.hand_back_waiting()
        until = math.inf
        while (self._slots.running or self.unsettled) and time.monotonic() < until:
            if until == math.inf and not self._duty.is_patient:
                until = time.monotonic() + grace
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
        while True:
            for line in self._lines:
                if line.finished:
                    self._call_soon(line, 0)
            await self._quiet()
            if not self.unsettled or self._trouble is not None:
                break
        if self._trouble is not None:
            LOG.error("%s Results wait to be settled.", self._trouble)
            self._trouble = None
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, 1.0)

    def _describe(self, loop_lag: float, now: float) -> WorkerInfo:
        return self._portrait.draw(self._duty, self._slots, self.processed, loop_lag=loop_lag, now=now)
