"""The past as the history shows it: of what, and the answer of the server in steps that a chart can draw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypedDict

from cleo_core import Cleo
from cleo_core.models import Figures, HistoryStats, Spread, WorkerLoad
from cleo_tui import say
from cleo_tui.data.spans import Span

MOST_ROWS = 20
# A step that has hardly begun says nothing yet: one task in its first second would be a peak.
LEAST_SHARE = 0.2


class _Asked(TypedDict, total=False):
    queue: str | None
    group: str | None
    worker: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the figures are of: everything, a queue, or a group, worker or task name (in a queue or in all)."""

    queue: str | None = None
    group: str | None = None
    worker: str | None = None
    name: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it is less than a queue or everything."""
        return not (self.group is None and self.worker is None and self.name is None)

    @property
    def wide(self) -> Scope:
        """The queue, or everything, that it is in."""
        return Scope(self.queue)

    @property
    def what(self) -> str:
        """The part of it: ``group acme``; nothing if it is a queue or everything."""
        if self.group is not None:
            return f"group {say.group(self.group)}"
        if self.worker is not None:
            return f"worker {self.worker}"
        return f"task {self.name}" if self.name is not None else ""

    @property
    def text(self) -> str:
        """All of it in words: ``group acme in emails``."""
        where = self.queue if self.queue is not None else "all queues"
        return f"{self.what} in {where}" if self.is_narrow else where

    @property
    def asked(self) -> _Asked:
        """As the engine takes it."""
        return {"queue": self.queue, "group": self.group, "worker": self.worker, "name": self.name}


@dataclass(frozen=True)
class Past:
    """What was read: the figures of the range, the points of its charts, and the points as fine as they are kept."""

    scope: Scope
    span: Span
    stats: HistoryStats
    points: Sequence[Figures]
    fine: Sequence[Figures]
    took: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all happened."""
        return not (self.stats.figures.attempts or self.stats.figures.enqueued or self.stats.workers)

    @property
    def pace(self) -> float:
        """After how many seconds to ask again; where asking takes long, it stays a small share of the time."""
        return max(self.span.pace, 20 * self.took)


async def read_past(cleo: Cleo, scope: Scope, span: Span) -> Past:
    """Ask the server. What that costs is bounded, see ``cleo.history.stats``."""
    started = time.monotonic()
    stats, fine = await asyncio.gather(
        cleo.history.stats(**scope.asked, seconds=span.length, top=MOST_ROWS),
        cleo.history.series(**scope.asked, seconds=span.length),
    )
    return Past(scope, span, stats, thinned(fine, span.step), fine, time.monotonic() - started)


def thinned(fine: Sequence[Figures], step: float) -> list[Figures]:
    """The points put together in steps. Percentiles can't be added up, so that of the slowest point stands for all."""
    steps = [_together(list(same)) for _, same in groupby(fine, key=lambda point: point.since // step)]
    if len(steps) > 1 and steps[-1].until - steps[-1].since < LEAST_SHARE * step:
        steps.pop()
    return steps


def _together(points: Sequence[Figures]) -> Figures:
    if len(points) == 1:
        return points[0]
    first, last = points[0], points[-1]
    completed, failed, lost = (
        sum(getattr(point, count) for point in points) for count in ("completed", "failed", "lost")
    )
    ended = completed + failed + lost
    return Figures(
        since=first.since,
        until=last.until,
        enqueued=None if first.enqueued is None else sum(point.enqueued or 0 for point in points),
        completed=completed,
        failed=failed,
        lost=lost,
        cancelled=sum(point.cancelled for point in points),
        retried=sum(point.retried for point in points),
        died=sum(point.died for point in points),
        success_rate=completed / ended if ended else None,
        failure_rate=(failed + lost) / ended if ended else None,
        throughput=completed / max(last.until - first.since, 1e-3),
        run_total=sum(point.run_total for point in points),
        run=_slowest(point.run for point in points),
        wait=_slowest(point.wait for point in points),
        load=_load_of([point.load for point in points if point.load is not None]),
    )


def _load_of(loads: Sequence[WorkerLoad]) -> WorkerLoad | None:
    """The mean of all samples, and the highest of the peaks."""
    samples = sum(load.samples for load in loads)
    if not samples:
        return None
    return WorkerLoad(
        worker=loads[0].worker,
        samples=samples,
        cpu=sum(load.cpu * load.samples for load in loads) / samples,
        cpu_peak=max(load.cpu_peak for load in loads),
        memory=sum(load.memory * load.samples for load in loads) / samples,
        memory_peak=max(load.memory_peak for load in loads),
        utilisation=sum(load.utilisation * load.samples for load in loads) / samples,
        loop_lag=max(load.loop_lag for load in loads),
    )


def _slowest(spreads: Iterable[Spread]) -> Spread:
    known = list(spreads)
    return Spread(
        p50=_highest(spread.p50 for spread in known),
        p95=_highest(spread.p95 for spread in known),
        p99=_highest(spread.p99 for spread in known),
    )


def _highest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
