"""Puts what is known together into a snapshot: apart from ``live``, because it asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Protocol

from cleo_core.models import MinuteStats, ServerInfo, WorkerInfo
from cleo_tui.data.health import (
    USUAL,
    Alert,
    AlertBook,
    answer_alerts,
    health_of,
    queue_alerts,
    server_alerts,
    worker_alerts,
)
from cleo_tui.data.link import Link
from cleo_tui.data.rates import Drain, Meter, drain_of
from cleo_tui.data.snapshot import QueueView, Snapshot
from cleo_tui.data.tally import Tally
from cleo_tui.settings import Thresholds


class KnownQueue(Protocol):
    """What a snapshot needs to know of a queue."""

    @property
    def tally(self) -> Tally: ...
    @property
    def meter(self) -> Meter: ...
    @property
    def minutes(self) -> tuple[MinuteStats, ...]: ...


def assemble(
    *,
    link: Link,
    now: float,
    taken_at: float,
    known: Mapping[str, KnownQueue],
    names: frozenset[str],
    queue_total: int,
    workers: tuple[WorkerInfo, ...] | None,
    heard_at: float,
    server: ServerInfo | None,
    answers_in: float = 0.0,
    denied: Mapping[str, str],
    bounds: Thresholds = USUAL,
    book: AlertBook | None = None,
) -> Snapshot:
    """The snapshot of what is known at ``now``; the server ``answers_in`` so many seconds. What the workers' heartbeats
    say is judged as of ``heard_at``, when they were read. The ``book`` remembers since when each alert holds.
    """
    serving = Counter(queue for worker in workers or () for queue in worker.queues)
    queues = tuple(
        _view(name, queue, now, serving[name] if workers is not None else None, bounds) for name, queue in known.items()
    )
    alerts = [alert for view in queues for alert in _alerts_of(view, now, bounds)]
    alerts += (
        worker_alerts(workers or (), heard_at) + server_alerts(server, bounds) + answer_alerts(link.address, answers_in)
    )
    return Snapshot(
        link=link,
        now=now,
        taken_at=taken_at,
        queues=queues,
        names=names,
        queue_total=queue_total,
        workers=workers,
        server=server,
        alerts=(book or AlertBook()).note(alerts, now),
        denied=dict(denied),
    )


def _view(name: str, known: KnownQueue, now: float, workers: int | None, bounds: Thresholds) -> QueueView:
    tally = known.tally
    reading, counts = tally.reading, tally.counts
    rates = known.meter.rates(known.minutes)
    oldest = None
    if counts.waiting and reading.oldest_waiting is not None:
        oldest = reading.oldest_waiting + max(0.0, now - reading.at)
    drain = Drain("paused") if reading.paused and counts.waiting else drain_of(counts.waiting, rates)
    health = health_of(
        counts,
        rates,
        oldest or 0.0,
        drain,
        paused=reading.paused,
        workers=workers,
        limited=reading.rate_limit is not None,
        bounds=bounds,
    )
    return QueueView(name, reading, counts, rates, known.minutes, oldest, drain, health, workers)


def _alerts_of(view: QueueView, now: float, bounds: Thresholds) -> list[Alert]:
    return queue_alerts(
        view.name,
        view.health,
        counts=view.counts,
        rates=view.rates,
        oldest=view.oldest or 0.0,
        workers=view.workers,
        now=now,
        minutes=view.minutes,
        bounds=bounds,
    )
