"""What operators did: to each queue, and to what belongs to no queue."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Any

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.models import AuditEntry
from cleo_core.names import check_name

MAX_ENTRIES = 1_000
MAX_QUEUES = 500
# How many entries are read of one stream at a time, and how many at most of all, when a filter leaves few.
PAGE = 100
LOOK_AT = 20_000


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
            if (action is None or entry.action == action) and (actor is None or _is_of(entry, actor)):
                found.append(entry)
            if await stream.fill(PAGE):
                heapq.heappush(heads, (*stream.newest(), at, stream))
        return found

    async def _queues(self, queue: str | None) -> list[str]:
        if queue is not None:
            return [check_name("queue", queue, may_be_empty=True)]
        names = await self._backend.ask("ZRANGE", self._backend.keys.queues, 0, MAX_QUEUES - 1)
        return ["", *await self._backend.visible([name.decode() for name in names])]


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
        milliseconds, _, sequence = self._entries[0][0].decode().partition("-")
        return -int(milliseconds), -int(sequence)

    def take(self) -> AuditEntry:
        """The next entry."""
        position, flat = self._entries.popleft()
        fields = dict(zip(flat[::2], (value.decode(errors="replace") for value in flat[1::2]), strict=True))
        who = _who(fields.get(b"actor", ""))
        return AuditEntry(
            at=int(position.partition(b"-")[0]) / 1000,
            queue=self._queue,
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


def _is_of(entry: AuditEntry, actor: str) -> bool:
    return actor in {entry.redis_user, entry.os_user, entry.os_user.partition("@")[0]}
