"""Waiting for the end of tasks: one subscription for all waits of a loop, and the data as the truth."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from cleo_core.backend import Backend
from cleo_core.connection import acting_on, make_client

RECHECK = 2.0


class Waits:
    """Tells who waits for the end of a task. A message that is lost costs at most ``RECHECK`` seconds."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._pubsub: PubSub | None = None
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def end_of(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """Wait without bound until the task has ended; its state ('' when it is gone), result and reason."""
        scripts = await self._backend.scripts()
        channel = self._backend.keys.of_queue(queue).done_channel(task_id)
        told = asyncio.Event()
        await self._subscribe(channel, told)
        try:
            while True:
                state, result, reason = await scripts.await_end(queue, task_id)
                if state in {"completed", "dead", "cancelled", ""}:
                    return state, result, reason
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.wait(), RECHECK)
                told.clear()
        finally:
            await self._unsubscribe(channel, told)

    async def _subscribe(self, channel: str, told: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._waiters, self._pubsub, self._reader, self._loop = {}, None, None, loop
        waiters = self._waiters.setdefault(channel, set())
        waiters.add(told)
        if self._pubsub is None:
            self._pubsub = make_client(self._backend.resolved, pool_size=2).pubsub(ignore_subscribe_messages=True)
        if len(waiters) == 1:
            with acting_on(self._backend.resolved):
                await self._pubsub.subscribe(channel)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read(self._pubsub), name="cleo-waits")

    async def _unsubscribe(self, channel: str, told: asyncio.Event) -> None:
        waiters = self._waiters.get(channel, set())
        waiters.discard(told)
        if waiters:
            return
        self._waiters.pop(channel, None)
        if self._pubsub is not None:
            with suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    async def _read(self, pubsub: PubSub) -> None:
        while self._waiters:
            try:
                message = await pubsub.get_message(timeout=RECHECK)
            except (RedisError, OSError):
                # The waits look at the data by themselves meanwhile; the client subscribes anew when it is back.
                await asyncio.sleep(RECHECK / 2)
                continue
            if message is not None:
                for told in self._waiters.get(message["channel"].decode(), set()):
                    told.set()

    async def close(self) -> None:
        """End the subscription."""
        reader, pubsub, self._reader, self._pubsub = self._reader, self._pubsub, None, None
        if self._loop is not asyncio.get_running_loop():
            return
        if reader is not None:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
        if pubsub is not None:
            client = pubsub.connection_pool
            await pubsub.aclose()
            await client.disconnect()
