"""Rates out of counters that only grow: what happens a second now, and when a queue will be empty."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from cleo_core.models import MinuteStats, QueueStats

WINDOW = 15.0
SETTLED = 5.0


@dataclass(frozen=True, slots=True)
class Counters:
    """The growing counters of a queue at a moment of the server's clock."""

    at: float
    enqueued: int
    completed: int
    failed: int
    died: int

    @classmethod
    def of(cls, stats: QueueStats) -> Counters:
        """The counters within a queue's counts."""
        return cls(stats.at, stats.enqueued, stats.completed, stats.failed, stats.died)


@dataclass(frozen=True, slots=True)
class Rates:
    """What happens a second. ``failures`` is the share of attempts that failed, None when nothing ended."""

    enqueued: float = 0.0
    completed: float = 0.0
    failed: float = 0.0
    died: float = 0.0

    @property
    def failures(self) -> float | None:
        """The share of attempts that failed."""
        ended = self.completed + self.failed
        return self.failed / ended if ended else None

    @property
    def left(self) -> float:
        """How many tasks a second leave the queue for good."""
        return self.completed + self.died

    def plus(self, other: Rates) -> Rates:
        """The rates of two queues together."""
        return Rates(
            self.enqueued + other.enqueued,
            self.completed + other.completed,
            self.failed + other.failed,
            self.died + other.died,
        )


class Meter:
    """Watches one queue's counters over the last seconds."""

    def __init__(self) -> None:
        self._samples: deque[Counters] = deque()

    def add(self, sample: Counters) -> None:
        """Take a sample. One of the same moment replaces the last; counters that shrank, or a server's clock that was
        set back, start the watch anew.
        """
        samples = self._samples
        if samples and (
            sample.enqueued < samples[-1].enqueued
            or sample.completed < samples[-1].completed
            or sample.at < samples[-1].at
        ):
            samples.clear()
        if samples and sample.at == samples[-1].at:
            samples.pop()
        samples.append(sample)
        while len(samples) > 2 and samples[1].at < sample.at - WINDOW:
            samples.popleft()

    def rates(self, minutes: Sequence[MinuteStats]) -> Rates:
        """The rates now. What was watched for less than 5 s says little, so until then the last two minutes are told,
        if they are known.
        """
        if not self._samples:
            return Rates()
        first, last = self._samples[0], self._samples[-1]
        span = last.at - first.at
        if span < SETTLED and (minutes or not span):
            return _from_minutes(minutes, last.at)
        return Rates(
            (last.enqueued - first.enqueued) / span,
            (last.completed - first.completed) / span,
            (last.failed - first.failed) / span,
            (last.died - first.died) / span,
        )


def _from_minutes(minutes: Sequence[MinuteStats], now: float) -> Rates:
    recent = minutes[-2:]
    if not recent:
        return Rates()
    span = max(now - recent[0].at, 60.0)
    return Rates(
        sum(minute.enqueued for minute in recent) / span,
        sum(minute.completed for minute in recent) / span,
        sum(minute.failed for minute in recent) / span,
        sum(minute.died for minute in recent) / span,
    )


@dataclass(frozen=True, slots=True)
class Drain:
    """When what waits will be gone at the present rate: in ``seconds``, or a ``word`` why that can't be said."""

    word: str
    seconds: float | None = None


def drain_of(waiting: int, rates: Rates) -> Drain:
    """The drain time of a queue, net of what comes in."""
    if waiting == 0:
        return Drain("empty")
    if rates.left == 0:
        return Drain("stalled")
    net = rates.left - rates.enqueued
    if net <= rates.left * 0.01:
        return Drain("growing" if net < 0 else "steady")
    return Drain("", waiting / net)
