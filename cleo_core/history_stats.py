"""Figures of a range of time: sums over its counters, the range before, task names, errors and workers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.history_counters import Cell, Counters, Range, Unit, kept_by, range_of
from cleo_core.loads import read_load_points, read_loads
from cleo_core.models import ErrorPattern, Figures, HistoryStats, NameFigures, Resolution, Trend, WorkerLoad
from cleo_core.names import check_name

CANDIDATES = 20
RANKED_DAYS = 32


@dataclass(frozen=True, slots=True)
class Scope:
    """What figures are asked of: one queue or all, and in them a group, a worker or a task name, or all there is."""

    queue: str | None
    group: str | None = None
    worker: str | None = None
    name: str | None = None

    @classmethod
    def checked(cls, queue: str | None, group: str | None, worker: str | None, name: str | None) -> Scope:
        """What was asked for, if it can be.

        Raises:
            InvalidName: a name can't be.
            InvalidOption: two of them were given at once, or a group without its queue.
        """
        given = {"group": group, "worker": worker, "name": name}
        asked = [kind for kind, value in given.items() if value is not None]
        if len(asked) > 1:
            both = " and ".join(asked)
            raise InvalidOption(f"Figures are kept by group, worker or name, not by {both}. Ask for one.")
        if queue is not None:
            check_name("queue", queue)
        for kind in asked:
            check_name("task" if kind == "name" else kind, given[kind], may_be_empty=kind == "group")
        if group is not None and queue is None:
            raise InvalidOption(f"The group {group!r} is in a queue. Say in which.")
        return cls(queue, group, worker, name)

    @property
    def suffix(self) -> str:
        """As ``buckets.lua`` takes it."""
        for letter, value in (("g", self.group), ("w", self.worker), ("n", self.name)):
            if value is not None:
                return f":{letter}:{value}"
        return ""

    def figures(self, cell: Cell, since: float, until: float) -> Figures:
        """What the counters of this scope say."""
        return cell.figures(since, until, enqueued=not self.suffix)


class Statistics:
    """Figures of scopes. ``queues`` are those that are asked: one, or all of the namespace."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._counters = Counters(backend)

    async def range(self, seconds: float | None, since: float | None, until: float | None) -> Range:
        """The last so many seconds, or from ``since`` to ``until`` (now).

        Raises:
            InvalidOption: it has no length or runs backwards.
        """
        now = await self._counters.now()
        end = now if until is None else until
        start = since if since is not None else end - (3_600.0 if seconds is None else seconds)
        if (seconds is not None and since is not None) or not 0 <= start < end or not end < 2**40:
            raise InvalidOption(
                f"There is no range of seconds={seconds}, since={since}, until={until}. Give seconds above 0, or since "
                "and until in seconds since the epoch, since before until."
            )
        return range_of(self._backend.limits.history, now, start, end)

    async def total(self, queues: Sequence[str], scope: Scope, span: Range) -> Cell:
        """The sum of the counters of all queues. One script call a queue."""
        return (await self._cells(queues, scope, span))[0]

    async def _cells(self, queues: Sequence[str], scope: Scope, span: Range) -> tuple[Cell, dict[str, Counter[str]]]:
        """The sum, and the errors of each queue."""
        sum_of_all = Cell()
        errors: dict[str, Counter[str]] = {}
        cells = await asyncio.gather(*(self._counters.total(queue, scope.suffix, span) for queue in queues))
        for queue, cell in zip(queues, cells, strict=True):
            sum_of_all.add(cell)
            if cell.errors:
                errors[queue] = cell.errors
        return sum_of_all, errors

    async def series(
        self, queues: Sequence[str], scope: Scope, span: Range, resolution: Resolution | None
    ) -> list[Figures]:
        """The figures of each minute, hour or day of a range. One script call a queue."""
        kept = kept_by(self._backend.limits.history, span.now, span.first)
        unit = Unit[resolution.name] if resolution else max(_suitable(span), kept)
        first, end = span.first // unit * unit, -(-span.end // unit) * unit
        whole = Range(first, end, span.now)
        cells: dict[int, Cell] = {}
        for queue in queues:
            for minute, cell in (await self._counters.points(queue, scope.suffix, whole, unit)).items():
                cells.setdefault(minute, Cell()).add(cell)
        nothing = Cell()
        points = [Range(minute, minute + unit, span.now) for minute in range(first, end, unit)]
        figures = [scope.figures(cells.get(point.first, nothing), point.since, point.until) for point in points]
        if scope.worker is None:
            return figures
        loads = await read_load_points(self._backend, scope.worker, whole, unit)
        return [
            each.model_copy(update={"load": loads.get(point.first)})
            for point, each in zip(points, figures, strict=True)
        ]

    async def stats(self, queues: Sequence[str], scope: Scope, span: Range, top: int) -> HistoryStats:
        """Everything that is told of a range."""
        cell, errors = await self._cells(queues, scope, span)
        earlier = range_of(self._backend.limits.history, span.now, span.since - (span.until - span.since), span.since)
        earlier = Range(min(earlier.first, span.first), span.first, span.now)
        before = scope.figures(await self.total(queues, scope, earlier), earlier.since, earlier.until)
        figures = scope.figures(cell, span.since, span.until)
        return HistoryStats(
            queue=scope.queue,
            group=scope.group,
            worker=scope.worker,
            name=scope.name,
            figures=figures,
            before=before,
            trend=trend_of(before, figures),
            slowest=[] if scope.suffix else await self._slowest(queues, span, top),
            errors=await self._errors(errors, top),
            workers=await self._workers(queues, scope, span, top),
        )

    async def _ranked(self, queues: Sequence[str], kind: str, span: Range) -> list[tuple[str, str]]:
        """Queues and names that took most time in a range; of a longer one than 32 days, in its last 32."""
        scripts = await self._backend.scripts()
        by_queue = [
            [
                (queue, name)
                for name in await scripts.ranking(
                    queue, kind, CANDIDATES, span.first, span.end - 1, list(span.days)[-RANKED_DAYS:]
                )
            ]
            for queue in queues
        ]
        in_turn = chain.from_iterable(zip_longest(*by_queue))
        return list(islice((pair for pair in in_turn if pair is not None), CANDIDATES))

    async def _slowest(self, queues: Sequence[str], span: Range, top: int) -> list[NameFigures]:
        cells: dict[str, Cell] = {}
        for queue, name in await self._ranked(queues, "n", span):
            cells.setdefault(name, Cell()).add(await self._counters.total(queue, f":n:{name}", span))
        ranked = [
            NameFigures(name=name, figures=cell.figures(span.since, span.until, enqueued=False))
            for name, cell in cells.items()
            if cell.runs
        ]
        ranked.sort(key=lambda row: (row.figures.run.p95 or 0, row.figures.run_average or 0), reverse=True)
        return ranked[:top]

    async def _errors(self, by_queue: dict[str, Counter[str]], top: int) -> list[ErrorPattern]:
        counted = [(count, queue, kind) for queue, kinds in by_queue.items() for kind, count in kinds.items()]
        # "+" stands for the errors of all the kinds that are too many to be told apart.
        most = sorted((one for one in counted if one[2] != "+"), reverse=True)[:top]
        keys = self._backend.keys
        fields = ("pattern", "count", "first", "last", "task", "name", "group")
        rows = await self._backend.ask_all(
            *(("HMGET", keys.of_queue(queue).error(kind), *fields) for _, queue, kind in most)
        )
        return [_error_of(queue, kind, count, row) for (count, queue, kind), row in zip(most, rows, strict=True)]

    async def _workers(self, queues: Sequence[str], scope: Scope, span: Range, top: int) -> list[WorkerLoad]:
        if scope.worker is not None:
            return await read_loads(self._backend, [scope.worker], span)
        if scope.suffix:
            return []
        names = dict.fromkeys(name for _, name in await self._ranked(queues, "w", span))
        return await read_loads(self._backend, list(names)[:top], span)


def _suitable(span: Range) -> Unit:
    """Minutes up to two days, hours up to 32, then days; a range has been widened by a bit."""
    minutes = span.end - span.first - 2 * Unit.HOUR
    return Unit.MINUTE if minutes <= 2 * Unit.DAY else Unit.HOUR if minutes <= 32 * Unit.DAY else Unit.DAY


def _error_of(queue: str, kind: str, count: int, row: Sequence[bytes | None]) -> ErrorPattern:
    pattern, total, first, last, *of = row
    task, name, group = ((value or b"").decode(errors="replace") for value in of)
    return ErrorPattern(
        fingerprint=kind,
        pattern=(pattern or b"").decode(errors="replace"),
        queue=queue,
        count=count,
        total=int(total) if total and total.isdigit() else 0,
        first_seen=int(first) / 1000 if first and first.isdigit() else None,
        last_seen=int(last) / 1000 if last and last.isdigit() else None,
        last_task_id=task,
        last_name=name,
        last_group=group,
    )


def trend_of(before: Figures, now: Figures) -> Trend:
    """How figures changed."""
    rates = now.failure_rate, before.failure_rate
    return Trend(
        throughput=_change(before.throughput, now.throughput),
        failure_rate=rates[0] - rates[1] if rates[0] is not None and rates[1] is not None else None,
        run_average=_change(before.run_average, now.run_average),
        run_p95=_change(before.run.p95, now.run.p95),
        wait_p95=_change(before.wait.p95, now.wait.p95),
    )


def _change(before: float | None, now: float | None) -> float | None:
    return now / before - 1 if before and now is not None else None
