"""The heartbeat: a thread of its own that renews leases, so that a blocked event loop is not taken for a dead worker."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from cleo_core.backend import Backend
from cleo_core.connection import acting_on, make_client
from cleo_core.errors import ServerError
from cleo_core.models import WorkerInfo
from cleo_core.scripts import Scripts
from cleo_core.wire import Wire
from cleo_core.worker.line import Line

LOG = logging.getLogger("cleo.worker")
REGISTRY_TTL = 60
LOST, CANCEL = 0, 2


class Heartbeat(threading.Thread):
    """Beats every ``interval`` seconds, and at once when the worker's control channel says that a cancel is asked for.

    ``tell(line, id, answer)`` is called in the worker's loop for each task whose lease is lost or that is to be cancelled.
    """

    def __init__(
        self,
        backend: Backend,
        worker: str,
        lines: Sequence[Line],
        *,
        interval: float,
        lease: float,
        describe: Callable[[float], WorkerInfo],
        tell: Callable[[Line, bytes, int], None],
    ) -> None:
        super().__init__(name=f"cleo-heartbeat-{worker}", daemon=True)
        self._backend = backend
        self._worker = worker
        self._lines = lines
        self._interval = interval
        self._lease_ms = round(lease * 1000)
        self._describe = describe
        self._tell = tell
        self._workers_loop = asyncio.get_running_loop()
        self._ended = threading.Event()
        self._echo = time.monotonic()
        self._asked = time.monotonic()

    def run(self) -> None:
        """The thread's work, until ``stop``."""
        asyncio.run(self._beat_on())

    def stop(self) -> None:
        """Ask the thread to end; it leaves the registry on its way out."""
        self._ended.set()

    async def _beat_on(self) -> None:
        client = make_client(self._backend.resolved, retries=0, pool_size=4)
        scripts = Scripts(Wire(self._backend.resolved), self._backend.keys)
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        pause = self._interval
        while not self._ended.is_set():
            try:
                with acting_on(self._backend.resolved):
                    await self._beat(client, scripts)
                    await self._rest(pubsub, self._interval)
                pause = self._interval
            except ServerError as error:
                LOG.warning("A heartbeat failed; leases last %.0f s without. %s", self._lease_ms / 1000, error)
                pause = min(pause, 1.0)
                await self._sleep(pause)
        await self._leave(client)
        await scripts.close()
        await pubsub.aclose()
        await client.aclose()
        await client.connection_pool.disconnect()

    async def _beat(self, client: Redis, scripts: Scripts) -> None:
        for line in self._lines:
            held = list(line.held.items())
            for first in range(0, len(held), 1_000):
                await self._renew(scripts, line, [(i, d.claimed.receipt) for i, d in held[first : first + 1_000]])
        info = self._describe(self._loop_lag())
        keys = self._backend.keys
        async with client.pipeline(transaction=False) as pipe:
            pipe.set(keys.worker(self._worker), info.model_dump_json(), ex=REGISTRY_TTL)
            pipe.zadd(keys.workers, {self._worker: round(info.beat_at * 1000)})
            pipe.zremrangebyscore(keys.workers, "-inf", round((info.beat_at - REGISTRY_TTL) * 1000))
            for line in self._lines:
                pipe.zadd(keys.queues, {line.queue: 0})
            await pipe.execute()

    async def _renew(self, scripts: Scripts, line: Line, held: Sequence[tuple[bytes, bytes]]) -> None:
        answers = await scripts.renew(line.queue, self._lease_ms, held)
        for (task_id, _), answer in zip(held, answers, strict=True):
            if answer in {LOST, CANCEL}:
                self._workers_loop.call_soon_threadsafe(self._tell, line, task_id, answer)

    def _loop_lag(self) -> float:
        """How long the worker's loop took to answer the last question, or has not answered it yet."""
        lag = max(0.0, self._echo - self._asked) if self._echo >= self._asked else time.monotonic() - self._asked
        if self._echo >= self._asked and not self._workers_loop.is_closed():
            self._asked = time.monotonic()
            self._workers_loop.call_soon_threadsafe(self._answer)
        return lag

    def _answer(self) -> None:
        self._echo = time.monotonic()

    async def _rest(self, pubsub: PubSub, seconds: float) -> None:
        """Wait for the next beat, or until a nudge says that a cancel is asked for."""
        if not pubsub.subscribed:
            await pubsub.subscribe(self._backend.keys.control_channel(self._worker))
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._ended.is_set():
            message = await pubsub.get_message(timeout=min(left, 0.2))
            if message is not None and message["type"] == "message":
                return

    async def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._ended.is_set():
            await asyncio.sleep(min(0.1, seconds))

    async def _leave(self, client: Redis) -> None:
        try:
            with acting_on(self._backend.resolved):
                await client.zrem(self._backend.keys.workers, self._worker)
                await client.delete(self._backend.keys.worker(self._worker))
        except ServerError as error:
            LOG.warning("The worker could not sign off; its entry expires by itself. %s", error)
