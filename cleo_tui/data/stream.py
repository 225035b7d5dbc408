"""The events that the console has heard: exactly counted, and the last few thousand of them kept to be looked at.

They are kept as they came, in batches, and made into events when they are looked at: of thousands a second few are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cleo_core.event_batch import EventBatch
from cleo_core.models import Event, EventGap

KEPT = 5_000
LATE = 2.0
WINDOW = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """An event with its place in the order of hearing, counted from 0."""

    number: int
    event: Event


def _sorts_of(batch: Iterable[Event | EventGap]) -> list[tuple[Event, int]]:
    """The events of a batch, those that count alike once, each with how many there are of it."""
    if isinstance(batch, EventBatch):
        return batch.sorts()
    return [(event, 1) for event in batch if isinstance(event, Event)]


class EventLog:
    """What was heard since the console began to listen.

    ``dropped`` events were gone from the server's stream before they could be fetched, or are ``unreadable`` ones, as a
    newer version may tell them. ``recovered`` ones came more
    than 2 s after they happened, because the listener had been away and caught up.
    """

    def __init__(self) -> None:
        self._batches: deque[tuple[int, Sequence[Event]]] = deque()
        self._seconds: deque[tuple[int, int]] = deque(maxlen=WINDOW + 1)
        self.heard = 0
        self.dropped = 0
        self.unreadable = 0
        self.recovered = 0

    def take(self, batch: Sequence[Event | EventGap], now: float) -> list[tuple[Event, int]]:
        """Take what arrived at ``now`` of the server's clock; its events, those that count alike once."""
        sorts = _sorts_of(batch)
        for gap in _gaps(batch):
            self.dropped += gap.missed
            self.unreadable += gap.missed if gap.unreadable else 0
        self.recovered += sum(number for event, number in sorts if event.at < now - LATE)
        events = batch if isinstance(batch, EventBatch) else [event for event in batch if isinstance(event, Event)]
        if events:
            self._batches.append((self.heard, events))
            self.heard += len(events)
        while len(self._batches) > 1 and self._batches[1][0] <= self.heard - KEPT:
            self._batches.popleft()
        self._count(int(now), len(events))
        return sorts

    def _count(self, second: int, size: int) -> None:
        if self._seconds and self._seconds[-1][0] == second:
            size += self._seconds.pop()[1]
        self._seconds.append((second, size))

    def rate(self, now: float) -> float:
        """How many events a second were heard in the last whole seconds."""
        this = int(now)
        return sum(size for second, size in self._seconds if this - WINDOW <= second < this) / WINDOW

    def since(self, number: int) -> Iterator[Heard]:
        """The kept events from ``number`` on, oldest first."""
        number = max(number, self.heard - self.kept)
        for first, events in self._batches:
            if first + len(events) > number:
                skipped = max(0, number - first)
                for place, event in enumerate(islice(events, skipped, None), start=first + skipped):
                    yield Heard(place, event)

    @property
    def kept(self) -> int:
        """How many events can still be looked at."""
        return min(self.heard, KEPT)

    def kept_now(self) -> HeardRows:
        """The kept events as they are now, as rows of a table; what comes later is not among them."""
        return HeardRows(tuple(self._batches), self.heard - self.kept, self.heard)


class HeardRows:
    """Events as rows, made when they are drawn. ``first`` is the number of the first, ``end`` that after the last."""

    def __init__(self, batches: Sequence[tuple[int, Sequence[Event]]], first: int, end: int) -> None:
        self._batches, self._first, self._end = batches, first, end

    @property
    def total(self) -> int:
        """How many there are."""
        return self._end - self._first

    def at(self, index: int) -> Heard | None:
        """The event at a place."""
        number = self._first + index
        if not self._first <= number < self._end:
            return None
        first, events = self._batches[bisect_right(self._batches, number, key=lambda batch: batch[0]) - 1]
        return Heard(number, events[number - first])

    def key(self, row: Heard) -> str:
        """Its number."""
        return str(row.number)

    def find(self, key: str) -> int | None:
        """The place of an event, if it is still kept."""
        number = int(key)
        return number - self._first if self._first <= number < self._end else None

    def loaded(self) -> Sequence[Heard]:
        """All of them."""
        return [row for index in range(self.total) if (row := self.at(index))]

    def look(self, first: int, last: int) -> None:
        """Nothing needs to be fetched."""


def _gaps(batch: Sequence[Event | EventGap]) -> Iterable[EventGap]:
    if isinstance(batch, EventBatch):
        return ()
    return (event for event in batch if isinstance(event, EventGap))
