"""The figures of the past, as a ``CannedCleo`` knows them."""

from __future__ import annotations

import math

from cleo_core.models import (
    ErrorPattern,
    Figures,
    HistoryStats,
    NameFigures,
    Spread,
    Trend,
    WorkerLoad,
)
from tests.console.canned_workers import CannedHistory

PATTERNS = (
    ("ConnectionError: <name> refused the connection", 214, 300_000.0, 4.0),
    ("TimeoutError: no answer from <name> within <n> s", 66, 86_400.0 * 9, 75.0),
    ("ValueError: <text> is no address", 20, 4_000.0, 1_900.0),
)


class CannedPast(CannedHistory):
    """A day of waves, with nothing at all in a part of the range; without queues, nothing ever happened."""

    def __init__(self, now: float, *, empty: bool = False) -> None:
        super().__init__(now)
        self._at = now
        self._empty = empty

    async def stats(
        self,
        queue: str | None = None,
        *,
        group: str | None = None,
        worker: str | None = None,
        name: str | None = None,
        seconds: float = 3_600.0,
        top: int = 10,
    ) -> HistoryStats:
        since = (self._at - seconds) // 60 * 60
        narrow = not group == worker == name
        figures = _figures(since, self._at, 0 if self._empty else 9_000)
        before = _figures(since - seconds, since, 0 if self._empty else 7_400)
        return HistoryStats(
            queue=queue,
            group=group,
            worker=worker,
            name=name,
            figures=figures,
            before=before,
            trend=Trend() if self._empty else Trend(
                throughput=0.216, failure_rate=0.021, run_average=-0.08, run_p95=0.31, wait_p95=14.0
            ),
            slowest=[] if narrow or self._empty else [
                NameFigures(name=name, figures=_figures(since, self._at, 3_000 // (1 + place), 2.4 / (1 + place)))
                for place, name in enumerate(("render_report", "send_email", "charge", "resize"))
            ],
            errors=[] if self._empty else [self._error(place) for place in range(len(PATTERNS))],
            workers=[] if self._empty or (narrow and not worker) else [_load(number) for number in range(1, 5)],
        )  # fmt: skip

    def _error(self, place: int) -> ErrorPattern:
        pattern, count, first, last = PATTERNS[place]
        return ErrorPattern(
            fingerprint=f"f{place}", pattern=pattern, queue="emails", count=count, total=count * 3,
            first_seen=self._at - first, last_seen=self._at - last, last_name="send_email", last_group="acme",
        )  # fmt: skip

    async def series(
        self,
        queue: str | None = None,
        *,
        group: str | None = None,
        worker: str | None = None,
        name: str | None = None,
        seconds: float = 3_600.0,
    ) -> list[Figures]:
        step = 60 if seconds <= 2 * 86_400 else 3_600
        first = int((self._at - seconds) // step)
        last = int(self._at // step)
        points = [self._point(number, step, (number - first) / (last - first)) for number in range(first, last + 1)]
        if worker is None:
            return points
        return [point.model_copy(update={"load": _load_at(worker, place)}) for place, point in enumerate(points)]

    def _point(self, number: int, step: int, place: float) -> Figures:
        busy = not (0.45 < place < 0.55 or self._empty)
        completed = round((150 + 60 * math.sin(place * 9) + 12 * (number * 7 % 5)) * step / 60) if busy else 0
        return _figures(number * step, min((number + 1) * step, self._at), completed, 0.4 + 0.2 * math.sin(place * 7))


def _figures(since: float, until: float, completed: int, slow: float = 0.5) -> Figures:
    failed = completed // 30
    ended = completed + failed
    return Figures(
        since=since,
        until=until,
        enqueued=round(completed * 1.03),
        completed=completed,
        failed=failed,
        retried=failed * 3 // 4,
        died=failed // 4,
        success_rate=completed / ended if ended else None,
        failure_rate=failed / ended if ended else None,
        throughput=completed / max(until - since, 1.0),
        run_total=completed * slow,
        run_average=slow if ended else None,
        run=Spread(p50=slow * 0.6, p95=slow * 3, p99=slow * 7) if ended else Spread(),
        wait=Spread(p50=slow / 9, p95=slow, p99=slow * 2.5) if ended else Spread(),
    )


def _load(number: int) -> WorkerLoad:
    return WorkerLoad(
        worker=f"worker-{number}-4f1c", samples=720, cpu=41.4 / number, cpu_peak=96.0 / number, memory=92e6,
        memory_peak=120e6, utilisation=0.81 / number, loop_lag=0.004 * number**4,
    )  # fmt: skip


def _load_at(worker: str, place: int) -> WorkerLoad | None:
    """A worker that grows, and was away for a while."""
    if 20 < place < 26:
        return None
    cpu = 40 + 25 * math.sin(place / 5)
    return _load(1).model_copy(
        update={"worker": worker, "cpu": cpu, "cpu_peak": cpu * 1.4, "memory": 8e7 + 8e5 * place, "memory_peak": 1.4e8}
    )
