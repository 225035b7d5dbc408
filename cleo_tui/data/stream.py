"""The events that the console has heard: exactly counted, and the last few thousand of them kept to be looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cleo_core.models import Event, EventGap

KEPT = 5_000
LATE = 2.0
WINDOW = 5


@dataclass(frozen=True, slots=True)
class Heard:
    """An event with its place in the order of hearing, counted from 0."""

    number: int
    event: Event


class EventLog:
    """What was heard since the console began to listen.

    ``dropped`` events were gone from the server's stream before they could be fetched. ``recovered`` ones came more
    than 2 s after they happened, because the listener had been away and caught up.
    """

    def __init__(self) -> None:
        self._kept: deque[Heard] = deque(maxlen=KEPT)
        self._seconds: deque[tuple[int, int]] = deque(maxlen=WINDOW + 1)
        self.heard = 0
        self.dropped = 0
        self.recovered = 0

    def take(self, batch: Iterable[Event | EventGap], now: float) -> None:
        """Take what arrived at ``now`` of the server's clock."""
        before = self.heard
        for event in batch:
            if isinstance(event, EventGap):
                self.dropped += event.missed
                continue
            self._kept.append(Heard(self.heard, event))
            self.heard += 1
            self.recovered += event.at < now - LATE
        self._count(int(now), self.heard - before)

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
        missing = max(0, self.heard - number)
        if missing >= len(self._kept):
            yield from self._kept
            return
        for index in range(len(self._kept) - missing, len(self._kept)):
            yield self._kept[index]

    @property
    def kept(self) -> int:
        """How many events can still be looked at."""
        return len(self._kept)
