"""A listener in the background that keeps what it hears."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from cleo_core import Cleo, Event, EventGap
from tests.raw import ask
from tests.waiting import until


class Listener:
    """Listens from ``async with`` on, when its subscription stands. ``heard`` is what came, in order."""

    def __init__(self, cleo: Cleo, *queues: str) -> None:
        self._cleo = cleo
        self._queues = queues
        self._running: asyncio.Task[None] | None = None
        self._go_on = asyncio.Event()
        self._go_on.set()
        self.heard: list[Event | EventGap] = []

    @property
    def events(self) -> list[Event]:
        """The events without the gaps."""
        return [event for event in self.heard if isinstance(event, Event)]

    @property
    def gaps(self) -> list[EventGap]:
        """The gaps alone."""
        return [event for event in self.heard if isinstance(event, EventGap)]

    def told(self, *, task_id: str) -> list[str]:
        """Kinds and states that were told of a task."""
        return [f"{event.kind} {event.state or ''}".strip() for event in self.events if event.task_id == task_id]

    def hold(self) -> None:
        """Read no more until ``go_on``."""
        self._go_on.clear()

    def go_on(self) -> None:
        """Read again."""
        self._go_on.set()

    async def _listen(self) -> None:
        async for batch in self._cleo.events.batches(*self._queues):
            self.heard += batch
            await self._go_on.wait()

    async def __aenter__(self) -> Self:
        before = await _subscriptions(self._cleo)
        self._running = asyncio.create_task(self._listen())
        await until(lambda: self._stands(before), what="the subscription stands")
        return self

    async def _stands(self, before: int) -> bool:
        return await _subscriptions(self._cleo) > before

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running


async def _subscriptions(cleo: Cleo) -> int:
    """How many listen to events, counted on a server of the test's own or in the test's own namespace."""
    channels = await ask(cleo, "PUBSUB", "CHANNELS", f"{cleo.namespace}:*:events")
    patterns = int(await ask(cleo, "PUBSUB", "NUMPAT"))
    if not channels:
        return patterns
    return patterns + sum(map(int, (await ask(cleo, "PUBSUB", "NUMSUB", *channels))[1::2]))
