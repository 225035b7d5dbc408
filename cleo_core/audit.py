"""What operators did: to each queue, and to what belongs to no queue."""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption, ServerUnavailable
from cleo_core.models import AuditEntry
from cleo_core.names import check_name

LOG = logging.getLogger("cleo.audit")
MAX_ENTRIES = 1_000
MAX_QUEUES = 500
# How many entries are read of one stream at a time, and how many at most of all, when a filter leaves few.
PAGE = 100
LOOK_AT = 20_000
# Seconds after which a follower looks for queues that are new.
FIND_QUEUES = 10.0


class Audit:
    """The audit of a namespace. Every change that an operator makes is written by the very script that makes it.

    A queue's audit keeps about the last 1,000 entries, for 90 days after the last.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(
        self,
        queue: str | None = None,
        *,
        limit: int = 100,
        before: float | None = None,
        actor: str | None = None,
        action: str | None = None,
    ) -> list[AuditEntry]:
        """The latest entries, the newest first, at most ``limit`` (up to 1,000).

        Without ``queue`` those of all queues (the first 500 that the Redis user may look into) and of what concerns no
        queue. At most 20,000 entries are looked at.

        Args:
            queue: only of this queue; ``""`` for what concerns no queue.
            limit: how many at most.
            before: only what was done before this time (seconds since the epoch).
            actor: only what a Redis user of this name, or an OS user of it (with or without its host), did.
            action: only actions of this name, such as ``"pause"``.

        Raises:
            InvalidOption: ``limit`` is less than 1.
        """
        if limit < 1:
            raise InvalidOption(f"At least one entry must be asked for, not {limit}.")
        limit = min(limit, MAX_ENTRIES)
        streams = [_Stream(self._backend, name, before) for name in await self._queues(queue)]
        waiting = [stream for stream in streams if await stream.fill(min(limit, PAGE))]
        heads = [(*stream.newest(), at, stream) for at, stream in enumerate(waiting)]
        heapq.heapify(heads)
        found: list[AuditEntry] = []
        looked_at = 0
        while heads and len(found) < limit and looked_at < LOOK_AT:
            _, _, at, stream = heapq.heappop(heads)
            entry = stream.take()
            looked_at += 1
            if _is_wanted(entry, actor, action):
                found.append(entry)
            if await stream.fill(PAGE):
                heapq.heappush(heads, (*stream.newest(), at, stream))
        return found

    async def follow(
        self,
        queue: str | None = None,
        *,
        since: float | None = None,
        actor: str | None = None,
        action: str | None = None,
        interval: float = 1.0,
    ) -> AsyncGenerator[AuditEntry]:
        """The entries to come, as they are written, the oldest first; without end.

        One command every ``interval`` seconds asks all streams for what is new. Queues that appear meanwhile (of the
        first 500) are found within 10 s, with all that was done to them. While the server can't be reached it is asked
        again, at most every 5 s, and goes on where it stopped; what a stream has dropped by then (it keeps about 1,000)
        is not told.

        Args:
            queue: only of this queue; ``""`` for what concerns no queue.
            actor: as for ``list``.
            action: as for ``list``.
            since: begin with what was done at this time (seconds since the epoch) or later; else with what is done
                from the first step of the iteration on.
            interval: seconds from one look to the next, 0.05 to 3,600.

        Raises:
            InvalidOption: ``interval`` is out of its range.
            ServerError: the server can't be used at the first look, or refuses later.
        """
        if not 0.05 <= interval <= 3_600:
            raise InvalidOption(f"A look every {interval!r} s can't be. Give interval from 0.05 to 3,600 seconds.")
        following = _Following(self._backend, since)
        await following.add(await self._queues(queue))
        looks, pause = 0, 0.1
        while True:
            try:
                if looks * interval >= FIND_QUEUES:
                    await following.add(await self._queues(queue))
                    looks = 0
                entries, more = await following.read()
                pause = 0.1
            except ServerUnavailable as error:
                if not following.has_read:
                    raise
                LOG.warning("The audit can't be followed now; trying again in %.1f s. %s", pause, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            for entry in entries:
                if _is_wanted(entry, actor, action):
                    yield entry
            if not more:
                looks += 1
                await asyncio.sleep(interval)

    async def _queues(self, queue: str | None) -> list[str]:
        if queue is not None:
            return [check_name("queue", queue, may_be_empty=True)]
        names = await self._backend.ask("ZRANGE", self._backend.keys.queues, 0, MAX_QUEUES - 1)
        return ["", *await self._backend.visible([name.decode() for name in names])]


class _Following:
    """How far a follower has come in each stream, by its key."""

    def __init__(self, backend: Backend, since: float | None) -> None:
        self._backend = backend
        self._places: dict[str, bytes] = {}
        self._queues: dict[str, str] = {}
        self._begin = None if since is None else _just_before(max(0, math.floor(since * 1000)))
        self.has_read = False

    async def add(self, queues: Sequence[str]) -> None:
        """Follow these queues too: new ones from where the following began."""
        keys = self._backend.keys
        fresh = {keys.of_queue(queue).audit if queue else keys.audit: queue for queue in queues}
        fresh = {key: queue for key, queue in fresh.items() if key not in self._places}
        lasts: Sequence[Any] = [None] * len(fresh)
        if self._begin is None:
            # What is done from now on: after the last entry of each stream that there is, else from this time on.
            seconds, microseconds = await self._backend.ask("TIME")
            self._begin = _just_before(int(seconds) * 1000 + int(microseconds) // 1000)
            lasts = await self._backend.ask_all(*(("XREVRANGE", key, "+", "-", "COUNT", 1) for key in fresh))
        for (key, queue), last in zip(fresh.items(), lasts, strict=True):
            self._queues[key] = queue
            self._places[key] = last[0][0] if last else self._begin

    async def read(self) -> tuple[list[AuditEntry], bool]:
        """The next entries, in the order in which they were written, and whether a stream may have more."""
        answer: Any = await self._backend.ask(
            "XREAD", "COUNT", PAGE, "STREAMS", *self._places.keys(), *self._places.values()
        )
        self.has_read = True
        found: list[AuditEntry] = []
        more = False
        for name, page in answer or ():
            key = name.decode()
            found += [_entry_of(self._queues[key], position, fields) for position, fields in page]
            self._places[key] = page[-1][0]
            more = more or len(page) == PAGE
        return sorted(found, key=lambda entry: _order(entry.position)), more


def _just_before(milliseconds: int) -> bytes:
    """The last position before a time."""
    return f"{max(0, milliseconds - 1)}-{2**64 - 1 if milliseconds else 0}".encode()


def _order(position: str) -> tuple[int, int]:
    milliseconds, _, sequence = position.partition("-")
    return int(milliseconds), int(sequence)


class _Stream:
    """One stream of entries, read backwards a page at a time."""

    def __init__(self, backend: Backend, queue: str, before: float | None) -> None:
        self._backend = backend
        self._queue = queue
        self._key = backend.keys.of_queue(queue).audit if queue else backend.keys.audit
        self._end = "+" if before is None else f"({max(0, round(before * 1000))}-0"
        self._entries: deque[tuple[bytes, list[bytes]]] = deque()
        self._over = False

    async def fill(self, size: int) -> bool:
        """Read the next page if there is nothing left of the last; whether there is an entry."""
        if not self._entries and not self._over:
            page: Any = await self._backend.ask("XREVRANGE", self._key, self._end, "-", "COUNT", size)
            self._entries.extend((position, fields) for position, fields in page)
            self._over = len(page) < size
            if page:
                self._end = f"({page[-1][0].decode()}"
        return bool(self._entries)

    def newest(self) -> tuple[int, int]:
        """Where the next entry stands in time: the least is the newest."""
        milliseconds, sequence = _order(self._entries[0][0].decode())
        return -milliseconds, -sequence

    def take(self) -> AuditEntry:
        """The next entry."""
        return _entry_of(self._queue, *self._entries.popleft())


def _entry_of(queue: str, position: bytes, flat: Sequence[bytes]) -> AuditEntry:
    """An entry of a queue's stream."""
    fields = dict(zip(flat[::2], (value.decode(errors="replace") for value in flat[1::2]), strict=True))
    who = _who(fields.get(b"actor", ""))
    return AuditEntry(
        at=int(position.partition(b"-")[0]) / 1000,
        queue=queue,
        action=fields.get(b"action", ""),
        target=fields.get(b"target", ""),
        count=int(float(fields.get(b"count") or 0)),
        result=fields.get(b"result", "done"),
        redis_user=who.get("redis", ""),
        os_user=who.get("os", ""),
        position=position.decode(),
    )


def _who(text: str) -> dict[str, str]:
    """The actor as the program told it; one that can't be read is shown as it is."""
    try:
        told: Any = from_json(text)
        return {"redis": str(told["redis"]), "os": str(told["os"])}
    except (ValueError, KeyError, TypeError):
        return {"redis": text}


def _is_wanted(entry: AuditEntry, actor: str | None, action: str | None) -> bool:
    who = {entry.redis_user, entry.os_user, entry.os_user.partition("@")[0]}
    return (action is None or entry.action == action) and (actor is None or actor in who)
