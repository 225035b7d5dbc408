"""The live stream: heard over pub/sub, made whole from the capped stream of each queue."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, cast

from cleo_core.backend import Backend
from cleo_core.channels import Channels
from cleo_core.errors import ServerError
from cleo_core.event_batch import EventBatch, readable
from cleo_core.models import Event, EventGap, ObserverEvent, TaskState
from cleo_core.names import check_name
from cleo_core.records import read_line

Observer = Callable[[str, TaskState | None, Event], Awaitable[None] | None]
OnLost = Callable[[ServerError], None]

LOG = logging.getLogger("cleo.events")
CATCH_UP = 100
QUIET = 1.0
MAX_QUEUES = 10_000


class Events:
    """The events of a namespace. Hearing them is a hint; what happened is in the data."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._observers: dict[ObserverEvent, list[Observer]] = {}
        self._feeder: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def listen(self, *queues: str, reconnect: bool = True) -> AsyncIterator[Event | EventGap]:
        """All events of these queues (of all, if none is named) from now on, each queue's in order and none twice.

        After a lost connection the events missed meanwhile follow from the stream; what is no longer there is told as
        an ``EventGap``. With ``reconnect=False`` a lost connection raises ``ServerError`` instead.
        """
        async for batch in self.batches(*queues, reconnect=reconnect):
            for event in batch:
                yield event

    async def batches(
        self, *queues: str, reconnect: bool = True, on_lost: OnLost | None = None
    ) -> AsyncIterator[Sequence[Event | EventGap]]:
        """As ``listen``, but as they arrive: many at a time. An empty batch comes about each second of silence.

        A batch that is an ``EventBatch`` makes its events when they are looked at, and can count them without.
        ``on_lost`` is called with the reason when the connection is lost, and each time it can't be made again.
        """
        for queue in queues:
            check_name("queue", queue)
        async for batch in self._batches(queues, asyncio.Event(), reconnect=reconnect, on_lost=on_lost):
            yield batch

    async def _batches(
        self, queues: tuple[str, ...], ready: asyncio.Event, *, reconnect: bool, on_lost: OnLost | None = None
    ) -> AsyncIterator[Sequence[Event | EventGap]]:
        places = _Places(ready)
        pause = 0.1
        while True:
            channels = Channels(self._backend.resolved)
            try:
                async for batch in self._hear(channels, queues, places):
                    pause = 0.1
                    yield batch
            except ServerError as error:
                if not reconnect:
                    raise
                if on_lost is not None:
                    on_lost(error)
                LOG.warning("The event stream was lost; listening again in %.1f s. %s", pause, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            finally:
                await channels.close()

    async def _hear(
        self, channels: Channels, queues: tuple[str, ...], places: _Places
    ) -> AsyncIterator[Sequence[Event | EventGap]]:
        keys = self._backend.keys
        # The places come first: what happens before the subscription stands is then found missing and read.
        await self._find_places(queues, places)
        if queues:
            await channels.subscribe(*(keys.of_queue(queue).events for queue in queues))
        else:
            await self._subscribe_to_all(channels)
        await channels.stand()
        places.ready.set()
        for queue, place in places.items():
            while batch := await self._missed(queue, place):
                yield batch
        while True:
            message = await channels.next(QUIET)
            if message is None:
                yield []
                continue
            queue = keys.queue_of_channel(message.channel)
            place = places.setdefault(queue, _Place())
            entry = _entry_in(message.data)
            if entry is None:
                yield [EventGap(queue=queue, missed=1, unreadable=True)]
                continue
            position, number, lines = entry
            while place.next_number and number > place.next_number:
                batch = await self._missed(queue, place, before=number)
                if not batch:
                    break
                yield batch
            if place.is_new(position, number):
                yield place.take(queue, position, number, lines)

    async def _all_queues(self) -> list[str]:
        """The queues in the registry that the Redis user may look into."""
        names = await self._backend.ask("ZRANGE", self._backend.keys.queues, 0, MAX_QUEUES)
        return await self._backend.visible([name.decode() for name in names])

    async def _subscribe_to_all(self, channels: Channels) -> None:
        """Hear all queues; if the Redis user is narrowed to some, those of them that there are now."""
        keys = self._backend.keys
        if await self._backend.sees_all():
            await channels.subscribe_pattern(keys.events_pattern)
        else:
            await channels.subscribe(keys.events, *(keys.of_queue(queue).events for queue in await self._all_queues()))

    async def _find_places(self, queues: tuple[str, ...], places: _Places) -> None:
        """Where to start in queues not heard of yet: now, or after a break where the first listening began."""
        ask = self._backend.ask
        seconds, microseconds = await ask("TIME")
        since = places.since
        places.since = since or f"{int(seconds) * 1000 + int(microseconds) // 1000 - 1}-0"
        names = list(queues) or await self._all_queues()
        fresh = [queue for queue in names if queue not in places]
        keys = [self._backend.keys.of_queue(queue) for queue in fresh]
        # First the last entry, then how many events there were: what comes in between is heard, and nothing before.
        lasts = await self._backend.ask_all(*(("XREVRANGE", key.events, "+", "-", "COUNT", 1) for key in keys))
        counts = await self._backend.ask_all(*(("HGET", key.queue, "events") for key in keys))
        for queue, last, count in zip(fresh, lasts, counts, strict=True):
            place = places[queue] = _Place()
            place.position = since or places.since
            if since is None:
                place.next_number = int(count or 0) + 1
                place.position = last[0][0].decode() if last else places.since

    async def _missed(self, queue: str, place: _Place, before: int | None = None) -> list[Event | EventGap]:
        """The next entries of the stream after the place, or a gap if they are gone; nothing at the end."""
        stream = self._backend.keys.of_queue(queue).events
        start = f"({place.position}" if place.position else "-"
        entries = await self._backend.ask("XRANGE", stream, start, "+", "COUNT", CATCH_UP)
        batch: list[Event | EventGap] = []
        for position, (_, first, _, lines) in entries:
            number = int(first)
            if before is not None and number >= before:
                break
            if place.is_new(position.decode(), number):
                batch += place.take(queue, position.decode(), number, read_line(lines))
        if not batch and before is not None and before > place.next_number:
            batch.append(EventGap(queue=queue, missed=before - place.next_number))
            place.next_number = before
        return batch

    async def recent(self, queue: str, limit: int = 100) -> list[Event]:
        """The last events of a queue that the stream still holds, oldest first, at most about ``limit``."""
        stream = self._backend.keys.of_queue(check_name("queue", queue)).events
        entries = await self._backend.ask("XREVRANGE", stream, "+", "-", "COUNT", max(1, min(limit, 500)))
        events: list[Event] = []
        for position, (_, _, _, lines) in reversed(entries):
            events += EventBatch(queue, position.decode(), readable(queue, position.decode(), read_line(lines)))
        return events[-max(1, limit) :]

    # --- observers ---------------------------------------------------------------------------------

    def subscribe(self, event: ObserverEvent, observer: Observer) -> None:
        """Call ``observer(task_id, state, event)`` for each event of that kind."""
        self._observers.setdefault(event, []).append(observer)
        with suppress(RuntimeError):
            self.start()

    def unsubscribe(self, event: ObserverEvent, observer: Observer | None = None) -> None:
        """Call that observer no more, or none of that kind."""
        if observer is None:
            self._observers.pop(event, None)
        else:
            with suppress(ValueError):
                self._observers.get(event, []).remove(observer)

    def start(self) -> None:
        """Begin to feed the observers from the running loop. Raises RuntimeError outside of one."""
        if self._observers and (self._feeder is None or self._feeder.done()):
            loop = asyncio.get_running_loop()
            self._ready = asyncio.Event()
            self._feeder = loop.create_task(self._feed(), name="cleo-observers")

    async def ready(self) -> None:
        """Wait until the observers' subscription stands, so that no event from here on passes them by."""
        self.start()
        if self._feeder is not None:
            await self._ready.wait()

    async def _feed(self) -> None:
        async for batch in self._batches((), self._ready, reconnect=True):
            for event in batch:
                await self._pass_on(event)

    async def _pass_on(self, event: Event | EventGap) -> None:
        if isinstance(event, EventGap):
            what = "could not be read" if event.unreadable else "were missed"
            LOG.warning("%d events of %s %s; observers were not called for them.", event.missed, event.queue, what)
            return
        await self._tell(event.kind, event)
        if event.state is not None and event.kind is not ObserverEvent.STATUS_CHANGE:
            await self._tell(ObserverEvent.STATUS_CHANGE, event)

    async def _tell(self, kind: ObserverEvent, event: Event) -> None:
        for observer in list(self._observers.get(kind, ())):
            try:
                answer = observer(event.task_id, event.state, event)
                if inspect.isawaitable(answer):
                    await answer
            except Exception:
                LOG.exception("An observer of %s failed; the others go on.", kind)

    async def close(self) -> None:
        """Feed the observers no more."""
        feeder, self._feeder = self._feeder, None
        if feeder is not None and not feeder.done():
            feeder.cancel()
            with suppress(asyncio.CancelledError):
                await feeder


class _Places(dict[str, "_Place"]):
    """The places of a listener in its queues, and the position (by the server's clock) from which on it listens."""

    def __init__(self, ready: asyncio.Event) -> None:
        super().__init__()
        self.since: str | None = None
        self.ready = ready


class _Place:
    """How far a listener has come in a queue: the entry it saw last and the number of the next event."""

    def __init__(self) -> None:
        self.position = ""
        self.number = 0
        self.next_number = 0

    def is_new(self, position: str, number: int) -> bool:
        """Whether an entry was not taken yet. Numbers that start anew (the server lost its data) come at later
        positions, or within the same millisecond at the same position.
        """
        if number >= self.next_number:
            return True
        if position == self.position:
            return number < self.number
        return bool(self.position) and _order(position) > _order(self.position)

    def take(self, queue: str, position: str, number: int, lines: Sequence[Any]) -> Sequence[Event | EventGap]:
        """The events of an entry, with what is missing before it and how many of its own can't be read."""
        events = EventBatch(queue, position, readable(queue, position, lines))
        missed = number - self.next_number if self.next_number else 0
        unreadable = len(lines) - len(events)
        self.position, self.number, self.next_number = position, number, number + len(lines)
        gaps = [EventGap(queue=queue, missed=missed)] if missed > 0 else []
        if unreadable:
            gaps.append(EventGap(queue=queue, missed=unreadable, unreadable=True))
        return [*gaps, *events] if gaps else events


def _entry_in(message: bytes) -> tuple[str, int, list[Any]] | None:
    """The position, the number and the lines that a message tells; None if it is none of ours."""
    try:
        position, number, lines = read_line(message)
        _order(position)
    except (ValueError, TypeError, AttributeError):
        return None
    if not isinstance(number, int) or not isinstance(lines, list):
        return None
    return position, number, cast("list[Any]", lines)


def _order(position: str) -> tuple[int, int]:
    milliseconds, _, sequence = position.partition("-")
    return int(milliseconds), int(sequence)
