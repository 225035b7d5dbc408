"""What a screen is drawn from: everything the console knows at one moment, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from cleo_core.models import MinuteStats, QueueStats, ServerInfo, WorkerInfo
from cleo_tui.data.health import Alert, Health
from cleo_tui.data.link import Link
from cleo_tui.data.rates import Drain, Rates, drain_of
from cleo_tui.data.tally import Counts


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue: ``counts`` as of the last event, ``stats`` as of the last reading; ``oldest`` is an age in seconds.

    ``workers`` is how many serve it, ``None`` while that is not known.
    """

    name: str
    stats: QueueStats
    counts: Counts
    rates: Rates
    minutes: tuple[MinuteStats, ...]
    oldest: float | None
    drain: Drain
    health: Health
    workers: int | None


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment. ``now`` is the server's clock, ``taken_at`` this machine's.

    ``queue_total`` may be more than ``queues`` holds: a namespace of thousands of queues is read a part at a time. The
    ``names`` are those of the first 1,000.
    """

    link: Link
    now: float
    taken_at: float
    queues: tuple[QueueView, ...] = ()
    names: frozenset[str] = frozenset()
    queue_total: int = 0
    workers: tuple[WorkerInfo, ...] | None = None
    server: ServerInfo | None = None
    alerts: tuple[Alert, ...] = ()
    denied: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def has_data(self) -> bool:
        """Whether anything was ever read."""
        return self.link.data_at is not None

    @cached_property
    def by_name(self) -> dict[str, QueueView]:
        """The queues by name."""
        return {queue.name: queue for queue in self.queues}

    def may_have(self, queue: str) -> bool:
        """Whether there is such a queue, as far as that is known: none is before the first answer, and not each of very
        many is known by name.
        """
        return not self.has_data or queue in self.names or self.queue_total > len(self.names)

    @cached_property
    def in_trouble_first(self) -> list[QueueView]:
        """The queues, those that want looking at first, then the busiest."""
        return sorted(
            self.queues, key=lambda queue: (-queue.health, -queue.counts.waiting, -queue.rates.completed, queue.name)
        )

    @cached_property
    def counts(self) -> Counts:
        """The counts of all queues together."""
        total = Counts()
        for queue in self.queues:
            total.add(queue.counts)
        return total

    @cached_property
    def rates(self) -> Rates:
        """The rates of all queues together."""
        total = Rates()
        for queue in self.queues:
            total = total.plus(queue.rates)
        return total

    @cached_property
    def oldest(self) -> QueueView | None:
        """The queue whose first task has waited longest."""
        return max(
            (queue for queue in self.queues if queue.oldest is not None), key=lambda q: q.oldest or 0, default=None
        )

    @cached_property
    def drain(self) -> Drain:
        """When all that waits will be gone: the slowest queue that can be told, or why it can't be."""
        drains = [queue.drain for queue in self.queues if queue.counts.waiting and not queue.stats.paused]
        for word in ("stalled", "growing", "steady"):
            if any(drain.word == word for drain in drains):
                return Drain(word)
        known = [drain for drain in drains if drain.seconds is not None]
        return max(known, key=lambda drain: drain.seconds or 0, default=drain_of(0, Rates()))

    @property
    def capacity(self) -> int:
        """How many tasks the workers can run at once."""
        return sum(worker.concurrency for worker in self.workers or ())
