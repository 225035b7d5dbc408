"""Waiting for the end of tasks: one subscription for all waits of a loop, and the data as the truth."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from cleo_core.backend import Backend
from cleo_core.channels import Channels
from cleo_core.errors import ServerError

RECHECK = 2.0
ENDS = {"completed", "dead", "cancelled", ""}


class Waits:
    """Tells who waits for the end of a task. A message that is lost costs at most ``RECHECK`` seconds."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._channels: Channels | None = None
        self._reader: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribing = asyncio.Lock()

    async def end_of(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """Wait without bound until the task has ended; its state ('' when it is gone), result and reason."""
        scripts = await self._backend.scripts()
        channel = self._backend.keys.of_queue(queue).done_channel(task_id)
        told = asyncio.Event()
        await self._subscribe(channel, told)
        try:
            while True:
                state, result, reason = await scripts.await_end(queue, task_id)
                if state in ENDS:
                    return state, result, reason
                with suppress(TimeoutError):
                    async with asyncio.timeout(RECHECK):
                        await told.wait()
                told.clear()
        finally:
            await self._unsubscribe(channel, told)

    async def _subscribe(self, channel: str, told: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._waiters, self._channels, self._reader, self._loop = {}, None, None, loop
            self._subscribing = asyncio.Lock()
        async with self._subscribing:
            if self._channels is None:
                self._channels = Channels(self._backend.resolved, retries=1)
            if channel not in self._waiters:
                await self._channels.subscribe(channel)
            self._waiters.setdefault(channel, set()).add(told)
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read(self._channels), name="cleo-waits")

    async def _unsubscribe(self, channel: str, told: asyncio.Event) -> None:
        self._waiters.get(channel, set()).discard(told)
        async with self._subscribing:
            if self._waiters.get(channel) or self._waiters.pop(channel, None) is None:
                return
            if self._channels is not None:
                await self._channels.unsubscribe(channel)

    async def _read(self, channels: Channels) -> None:
        while self._waiters:
            try:
                message = await channels.next(RECHECK)
            except ServerError:
                # The waits look at the data by themselves meanwhile; the subscription is made anew when it can be.
                await asyncio.sleep(RECHECK / 2)
                continue
            if message is not None:
                for told in self._waiters.get(message.channel, set()):
                    told.set()

    async def close(self) -> None:
        """End the subscription."""
        reader, channels, self._reader, self._channels = self._reader, self._channels, None, None
        if self._loop is not asyncio.get_running_loop():
            return
        if reader is not None:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
        if channels is not None:
            await channels.close()
