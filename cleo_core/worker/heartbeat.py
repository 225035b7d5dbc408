"""The heartbeat: a thread of its own that renews leases, so that a blocked event loop is not taken for a dead
worker, and tells when tasks began that run for longer than a beat.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence

from cleo_core.backend import Backend
from cleo_core.channels import Channels
from cleo_core.errors import ServerError
from cleo_core.history_limits import write_history_limits
from cleo_core.loads import LoadSampler
from cleo_core.models import WorkerInfo, WorkerState
from cleo_core.scripts import Held, Scripts
from cleo_core.wire import Wire
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.line import Line
from cleo_core.worker.presence import Presence

LOG = logging.getLogger("cleo.worker")
RETRY = 1.0
LOST, CANCEL = 0, 2


class Heartbeat(threading.Thread):
    """Beats every ``interval`` seconds, and at once when the worker's control channel says that something is asked for.

    ``tell(line, id, receipt, answer)`` is called in the worker's loop for each task whose lease is lost or that is to
    be cancelled, and ``heed(order, memory)`` at each beat with what an operator wants of the worker (None: nothing).
    """

    def __init__(
        self,
        backend: Backend,
        worker: str,
        lines: Sequence[Line],
        presence: Presence,
        *,
        interval: float,
        lease: float,
        describe: Callable[[float, float], WorkerInfo],
        tell: Callable[[Line, bytes, bytes, int], None],
        heed: Callable[[WorkerState | None, int], None],
    ) -> None:
        super().__init__(name=f"cleo-heartbeat-{worker}", daemon=True)
        self._backend = backend
        self._worker = worker
        self._lines = lines
        self._interval = interval
        self._lease_ms = round(lease * 1000)
        # A connection that has gone silent is given up while there is time to renew the leases over another.
        patience = lease / 4
        given = backend.resolved
        self._server = given.model_copy(
            update={
                "timeout": min(given.timeout, patience),
                "connect_timeout": min(given.connect_timeout, patience),
            }
        )
        self._describe = describe
        self._tell = tell
        self._heed = heed
        self._presence = presence
        self._farewell = ""
        self._hurried = threading.Event()
        self._workers_loop = asyncio.get_running_loop()
        self._ended = threading.Event()
        self._asked = self._echo = time.monotonic()
        self._sampler = LoadSampler(backend.keys, worker)
        self._limits_told = False

    def run(self) -> None:
        """The thread's work, until ``stop``."""
        asyncio.run(self._beat_on())

    def hurry(self) -> None:
        """Beat soon, because the worker has something new to say of itself."""
        self._hurried.set()

    def stop(self, why: str) -> None:
        """Ask the thread to end; it leaves the registry on its way out and says why."""
        self._farewell = why
        self._ended.set()

    async def _beat_on(self) -> None:
        wire = Wire(self._server)
        scripts = Scripts(wire, self._backend.keys)
        channels: Channels | None = None
        while not self._ended.is_set():
            try:
                await self._beat(wire, scripts)
                if channels is None:
                    # What was asked for before the server took the subscription is found by a beat, so beat once more.
                    channels = await self._listen()
                    continue
                await self._rest(channels, self._interval)
            except Exception as error:
                # Whatever it was, the thread must live: without it every longer task would be lost.
                LOG.warning("A heartbeat failed; leases last %.0f s without. %s", self._lease_ms / 1000, error)
                LOG.debug("The heartbeat's error", exc_info=True)
                if channels is not None:
                    await channels.close()
                    channels = None
                await asyncio.sleep(min(self._interval / 2, RETRY))
        await self._leave(wire, scripts)
        await wire.close()
        if channels is not None:
            await channels.close()

    async def _beat(self, wire: Wire, scripts: Scripts) -> None:
        for line in self._lines:
            held = list(line.held.values())
            for first in range(0, len(held), 1_000):
                await self._renew(scripts, line, held[first : first + 1_000])
        seconds, microseconds = map(int, await wire.ask("TIME"))
        self._hurried.clear()
        order = await self._presence.order(wire)
        info = self._describe(self._loop_lag(), seconds + microseconds / 1e6)
        await self._presence.renew(wire, scripts, info)
        if not self._workers_loop.is_closed():
            self._workers_loop.call_soon_threadsafe(self._heed, order, info.memory)
        await self._tell_limits(scripts)
        await self._sample(scripts, info)

    async def _tell_limits(self, scripts: Scripts) -> None:
        """Write into the queues, once, what the settings say of the history that is kept."""
        if self._limits_told:
            return
        limits = self._backend.limits.history
        for line in self._lines:
            await write_history_limits(scripts, line.queue, limits)
        self._limits_told = True

    async def _sample(self, scripts: Scripts, info: WorkerInfo) -> None:
        try:
            await self._sampler.note(info, scripts.sample)
        except ServerError as error:
            # A sample is worth less than a beat.
            LOG.debug("No sample of the worker's load was kept. %s", error)

    async def _renew(self, scripts: Scripts, line: Line, held: Sequence[Delivery]) -> None:
        asked = [Held(task.claimed.id, task.claimed.receipt, _ran_ms(task)) for task in held]
        answers = await scripts.renew(line.queue, self._lease_ms, asked)
        for task, (task_id, receipt, ran_ms), answer in zip(held, asked, answers, strict=True):
            task.begin_told = task.begin_told or ran_ms is not None
            if answer in {LOST, CANCEL}:
                self._workers_loop.call_soon_threadsafe(self._tell, line, task_id, receipt, answer)

    def _loop_lag(self) -> float:
        """How long the worker's loop took to answer the last question, or has not answered it yet."""
        lag = max(0.0, self._echo - self._asked) if self._echo >= self._asked else time.monotonic() - self._asked
        if self._echo >= self._asked and not self._workers_loop.is_closed():
            self._asked = time.monotonic()
            self._workers_loop.call_soon_threadsafe(self._answer)
        return lag

    def _answer(self) -> None:
        self._echo = time.monotonic()

    async def _listen(self) -> Channels:
        channels = Channels(self._server)
        try:
            await channels.subscribe(self._backend.keys.control_channel(self._worker))
            await channels.stand()
        except ServerError:
            await channels.close()
            raise
        return channels

    async def _rest(self, channels: Channels, seconds: float) -> None:
        """Wait for the next beat, or until a nudge says that something is asked for."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not (self._ended.is_set() or self._hurried.is_set()):
            if await channels.next(min(left, 0.2)) is not None:
                return

    async def _leave(self, wire: Wire, scripts: Scripts) -> None:
        try:
            await self._presence.leave(wire, scripts, self._farewell)
        except ServerError as error:
            LOG.warning("The worker could not sign off; its entry expires by itself. %s", error)


def _ran_ms(task: Delivery) -> int | None:
    """For how long a task has run that has begun, unless the server knows."""
    return (time.perf_counter_ns() - task.began) // 1_000_000 if task.began and not task.begin_told else None
