"""The live stream: heard over pub/sub, made whole from the capped stream of each queue."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from pydantic_core import from_json
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cleo_core.backend import Backend
from cleo_core.connection import acting_on, make_client
from cleo_core.errors import ServerError
from cleo_core.models import Event, EventGap, ObserverEvent, TaskState
from cleo_core.names import check_name
from cleo_core.records import event_of, read_line

Observer = Callable[[str, TaskState | None, Event], Awaitable[None] | None]

LOG = logging.getLogger("cleo.events")
CATCH_UP = 100
QUIET = 1.0


class Events:
    """The events of a namespace. Hearing them is a hint; what happened is in the data."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._observers: dict[ObserverEvent, list[Observer]] = {}
        self._feeder: asyncio.Task[None] | None = None

    async def listen(self, *queues: str, reconnect: bool = True) -> AsyncIterator[Event | EventGap]:
        """All events of these queues (of all, if none is named) from now on, each queue's in order and none twice.

        After a lost connection the events missed meanwhile follow from the stream; what is no longer there is told as an
        ``EventGap``. With ``reconnect=False`` a lost connection raises ``ServerError`` instead.
        """
        async for batch in self.batches(*queues, reconnect=reconnect):
            for event in batch:
                yield event

    async def batches(
        self, *queues: str, reconnect: bool = True
    ) -> AsyncIterator[list[Event | EventGap]]:
        """As ``listen``, but as they arrive: many at a time. An empty batch comes about each second of silence."""
        for queue in queues:
            check_name("queue", queue)
        places: dict[str, _Place] = {}
        pause = 0.1
        while True:
            client = make_client(self._backend.resolved, retries=0, pool_size=4)
            try:
                with acting_on(self._backend.resolved):
                    async for batch in self._hear(client, queues, places):
                        pause = 0.1
                        yield batch
            except ServerError as error:
                if not reconnect:
                    raise
                LOG.warning("The event stream was lost; listening again in %.1f s. %s", pause, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            finally:
                with suppress(RedisError, OSError):
                    await client.aclose()
                    await client.connection_pool.disconnect()

    async def _hear(
        self, client: Redis, queues: tuple[str, ...], places: dict[str, _Place]
    ) -> AsyncIterator[list[Event | EventGap]]:
        keys = self._backend.keys
        async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
            if queues:
                await pubsub.subscribe(*(keys.of_queue(queue).events for queue in queues))
            else:
                await pubsub.psubscribe(keys.events_pattern)
            for queue, place in places.items():
                while batch := await self._missed(client, queue, place):
                    yield batch
            while True:
                message = await pubsub.get_message(timeout=QUIET)
                if message is None:
                    yield []
                    continue
                queue = keys.queue_of_channel(message["channel"].decode())
                place = places.setdefault(queue, _Place())
                position, number, lines = from_json(message["data"])
                while place.next_number and number > place.next_number:
                    batch = await self._missed(client, queue, place, before=number)
                    if not batch:
                        break
                    yield batch
                if number >= place.next_number:
                    yield place.take(queue, position, number, lines)

    async def _missed(
        self, client: Redis, queue: str, place: _Place, before: int | None = None
    ) -> list[Event | EventGap]:
        """The next entries of the stream after the place, or a gap if they are gone; nothing at the end."""
        stream = self._backend.keys.of_queue(queue).events
        entries = await client.xrange(stream, f"({place.position}" if place.position else "-", "+", count=CATCH_UP)
        batch: list[Event | EventGap] = []
        for position, fields in entries:
            number = int(fields[b"n"])
            if before is not None and number >= before:
                break
            if number < place.next_number:
                continue
            batch += place.take(queue, position.decode(), number, from_json(fields[b"e"]))
        if not batch and before is not None and before > place.next_number:
            batch.append(EventGap(queue=queue, missed=before - place.next_number))
            place.next_number = before
        return batch

    async def recent(self, queue: str, limit: int = 100) -> list[Event]:
        """The last events of a queue that the stream still holds, oldest first, at most about ``limit``."""
        client = await self._backend.client()
        with acting_on(self._backend.resolved):
            entries = await client.xrevrange(self._backend.keys.of_queue(check_name("queue", queue)).events, count=min(limit, 500))
        events: list[Event] = []
        for position, fields in reversed(entries):
            events += [event_of(queue, position.decode(), line) for line in read_line(fields[b"e"])]
        return events[-limit:]

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
            self._feeder = asyncio.get_running_loop().create_task(self._feed(), name="cleo-observers")

    async def _feed(self) -> None:
        async for event in self.listen():
            if isinstance(event, EventGap):
                LOG.warning("%d events of %s were missed; observers were not called for them.", event.missed, event.queue)
                continue
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


class _Place:
    """How far a listener has come in a queue: the entry it saw last and the number of the next event."""

    def __init__(self) -> None:
        self.position = ""
        self.next_number = 0

    def take(self, queue: str, position: str, number: int, lines: list[Any]) -> list[Event | EventGap]:
        """The events of an entry, with what is missing before it."""
        events: list[Event | EventGap] = []
        if self.next_number and number > self.next_number:
            events.append(EventGap(queue=queue, missed=number - self.next_number))
        events += [event_of(queue, position, line) for line in lines]
        self.position, self.next_number = position, number + len(lines)
        return events
