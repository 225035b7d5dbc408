"""Entries of the history lists: from stored lines to models, what may be asked of them, and several lists as one.

The lists are kept the latest first, by ``lua/lib/attempts.lua``; the format of a line is told in
``lua/lib/events.lua``.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Sequence
from typing import Annotated, Any, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.fingerprints import kind_of
from cleo_core.models import HistoryEntry, Outcome, TaskState
from cleo_core.records import read_line

ONE_LIST, OF_MANY = 500, 50
_AT_ONCE = 200

Moment = Annotated[float, Field(allow_inf_nan=False)]


class HistoryWhere(TypedDict, total=False):
    """Which entries are wanted; all that is given must hold.

    ``since`` and ``until`` are seconds since the epoch (from the first on, before the second). ``outcome`` and
    ``state`` are one or several. ``name`` is a task's name. ``error`` is a fingerprint, or a part of the error's type
    and message in any case.
    """

    since: float
    until: float
    outcome: Outcome | Collection[Outcome]
    state: TaskState | Collection[TaskState]
    name: str
    error: str


class EntryFilter(BaseModel):
    """``HistoryWhere``, checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Moment | None = None
    until: Moment | None = None
    outcome: frozenset[Outcome] | None = None
    state: frozenset[TaskState] | None = None
    name: str | None = None
    error: str | None = None
    task_id: str | None = None

    @classmethod
    def of(cls, where: HistoryWhere) -> EntryFilter:
        """Check what was asked for.

        Raises:
            InvalidOption: there is no such filter, or its value can't be.
        """
        given: dict[str, Any] = dict(where)
        for kind in ("outcome", "state"):
            if isinstance(given.get(kind), str):
                given[kind] = [given[kind]]
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0])
            known = ", ".join(HistoryWhere.__annotations__)
            raise InvalidOption(
                f"The history can't be filtered by {name}={given.get(name)!r}: {first['msg']}. Filters are {known}."
            ) from None

    def allows(self, entry: HistoryEntry) -> bool:
        """Whether an entry is wanted."""
        return (
            (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (self.outcome is None or entry.outcome in self.outcome)
            and (self.state is None or entry.state in self.state)
            and (self.name is None or entry.name == self.name)
            and (self.task_id is None or entry.task_id == self.task_id)
            and (self.error is None or self._names_the_error_of(entry))
        )

    def _names_the_error_of(self, entry: HistoryEntry) -> bool:
        assert self.error is not None
        return self.error == entry.fingerprint or self.error.casefold() in entry.error.casefold()


def entry_of(queue: str, data: bytes) -> HistoryEntry | None:
    """The entry of a stored line; None for what is no line of an attempt."""
    try:
        line = read_line(data)
        error_type, message = line[12], line[13]
        fingerprint, pattern = kind_of(error_type, message) if error_type else ("", "")
        return HistoryEntry(
            task_id=line[0],
            name=line[1],
            queue=queue,
            group=line[2],
            worker=line[5],
            attempt=line[4],
            outcome=Outcome(line[11]),
            state=TaskState(line[8]),
            at=line[9] / 1000,
            wait=line[6] / 1000,
            run=line[10] / 1e6,
            error_type=error_type,
            error_message=message,
            fingerprint=fingerprint,
            pattern=pattern,
            traceback=line[14] if len(line) > 14 else "",
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


class _Source:
    """One list, read page by page."""

    def __init__(self, queue: str, key: str, page: int) -> None:
        self.queue = queue
        self.key = key
        self._page = page
        self._offset = 0
        self._seen: set[bytes] = set()
        self.more = True
        self.entries: deque[HistoryEntry] = deque()

    @property
    def next_page(self) -> tuple[str | int, ...]:
        return ("LRANGE", self.key, self._offset, self._offset + self._page - 1)

    def take(self, lines: Sequence[bytes], since: float | None) -> None:
        """Note a page. While it is read, entries come in at the head, so that some may come again."""
        self._offset += len(lines)
        new = [line for line in lines if line not in self._seen]
        self._seen.update(new)
        entries = [entry for line in new if (entry := entry_of(self.queue, line)) is not None]
        self.entries.extend(entries)
        too_old = since is not None and bool(entries) and all(entry.at < since for entry in entries)
        self.more = len(lines) == self._page and not too_old


async def latest(
    backend: Backend, lists: Sequence[tuple[str, str]], limit: int, wanted: EntryFilter
) -> list[HistoryEntry]:
    """The latest wanted entries of several lists (queue and key of each) as if they were one.

    Of each list 50 entries are read (500 if it is the only one), and more only of those whose entries are used up.
    """
    page = ONE_LIST if len(lists) == 1 else OF_MANY
    sources = [_Source(queue, key, page) for queue, key in lists]
    unknown: list[_Source] = sources
    while unknown:
        for first in range(0, len(unknown), _AT_ONCE):
            await _read(backend, unknown[first : first + _AT_ONCE], wanted.since)
        unknown = [source for source in unknown if source.more and not source.entries]
    heads = [(-source.entries[0].at, number) for number, source in enumerate(sources) if source.entries]
    heapq.heapify(heads)
    found: list[HistoryEntry] = []
    while heads and len(found) < limit:
        _, number = heapq.heappop(heads)
        source = sources[number]
        entry = source.entries.popleft()
        if wanted.allows(entry):
            found.append(entry)
        while not source.entries and source.more:
            await _read(backend, [source], wanted.since)
        if source.entries:
            heapq.heappush(heads, (-source.entries[0].at, number))
    return found


async def _read(backend: Backend, sources: Sequence[_Source], since: float | None) -> None:
    pages = await backend.ask_all(*(source.next_page for source in sources))
    for source, lines in zip(sources, pages, strict=True):
        source.take(lines, since)
