"""Counters of ranges of time: which of the stored ones make up a range, and what they add up to.

How they are kept is told in ``lua/fold.lua``: by minute, hour and day, each in a few keys, so that a range of any
length is one call of a script that reads less than ten of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, cast

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.histograms import buckets, percentiles
from cleo_core.models import Figures, Spread
from cleo_core.settings import HistoryLimits

COUNTS = ("enqueued", "completed", "failed", "retried", "died", "cancelled", "lost", "t")
MAX_POINTS = 3_000


class Unit(IntEnum):
    """A length of time that counters are kept by, in minutes."""

    MINUTE = 1
    HOUR = 60
    DAY = 1_440


@dataclass(slots=True)
class Cell:
    """Counters of some time: how often what happened, run and wait times, and errors by fingerprint."""

    counts: Counter[str] = field(default_factory=Counter[str])
    runs: Counter[int] = field(default_factory=Counter[int])
    waits: Counter[int] = field(default_factory=Counter[int])
    errors: Counter[str] = field(default_factory=Counter[str])

    def add(self, other: Cell) -> None:
        """Add the counters of another time."""
        self.counts.update(other.counts)
        self.runs.update(other.runs)
        self.waits.update(other.waits)
        self.errors.update(other.errors)

    @classmethod
    def of_minute(cls, flat: Sequence[bytes]) -> Cell:
        """Of a minute that is not folded yet. Who counts no completed ones, completed what ran and did not fail."""
        row = {name: number for name, number in zip(flat[::2], flat[1::2], strict=True) if number.isdigit()}
        kinds = {name for name in row if name[:1] == b"!" and name != b"!"}
        errors = {name[1:].decode(errors="replace"): int(row[name]) for name in kinds}
        counts = {name: int(row[name.encode()]) for name in COUNTS if name.encode() in row}
        runs = Counter(buckets(row, b"r"))
        counts.setdefault("completed", max(0, runs.total() - counts.get("failed", 0)))
        return cls(Counter(counts), runs, Counter(buckets(row, b"w")), Counter(errors))

    @classmethod
    def of_text(cls, data: bytes) -> Cell:
        """Of a folded time; what can't be read counts as nothing."""
        try:
            counts, runs, waits, errors = from_json(data)
            return cls(
                Counter({name: int(number) for name, number in zip(COUNTS, counts, strict=False)}),
                Counter({int(key): int(number) for key, number in _pairs(runs)}),
                Counter({int(key): int(number) for key, number in _pairs(waits)}),
                Counter({str(key): int(number) for key, number in _pairs(errors)}),
            )
        except (ValueError, TypeError, AttributeError):
            return cls()

    def figures(self, since: float, until: float, *, enqueued: bool) -> Figures:
        """What the counters say of a range; ``enqueued`` if what came in is counted here too."""
        counts = self.counts
        ended = counts["completed"] + counts["failed"] + counts["lost"]
        ran = sum(self.runs.values())
        return Figures(
            since=since,
            until=until,
            enqueued=counts["enqueued"] if enqueued else None,
            completed=counts["completed"],
            failed=counts["failed"],
            lost=counts["lost"],
            cancelled=counts["cancelled"],
            retried=counts["retried"],
            died=counts["died"],
            success_rate=counts["completed"] / ended if ended else None,
            failure_rate=(counts["failed"] + counts["lost"]) / ended if ended else None,
            throughput=counts["completed"] / max(until - since, 1e-3),
            run_total=counts["t"] / 1e6,
            run_average=counts["t"] / 1e6 / ran if ran else None,
            run=_spread(self.runs),
            wait=_spread(self.waits),
        )


def _spread(histogram: Mapping[int, int]) -> Spread:
    p50, p95, p99 = percentiles(histogram, 0.5, 0.95, 0.99)
    return Spread(p50=p50, p95=p95, p99=p99)


def _pairs(flat: Any) -> Iterator[tuple[Any, Any]]:
    """Lua writes an empty list as an empty object."""
    values = cast("list[Any]", flat) if isinstance(flat, list) else []
    return zip(values[::2], values[1::2], strict=True)


@dataclass(frozen=True, slots=True)
class Range:
    """From the first minute on, before the second, numbered from the epoch; ``now`` is the server's clock (s)."""

    first: int
    end: int
    now: float

    @property
    def since(self) -> float:
        """Its begin in seconds."""
        return self.first * 60.0

    @property
    def until(self) -> float:
        """Its end in seconds; a range that is not over ends now."""
        return max(min(self.end * 60.0, self.now), self.since)

    @property
    def days(self) -> range:
        """The days that it touches."""
        return range(self.first // Unit.DAY, (self.end - 1) // Unit.DAY + 1)


def range_of(limits: HistoryLimits, now: float, since: float, until: float) -> Range:
    """The range from ``since`` to ``until``, widened to what is still kept: whole minutes, hours or days."""
    first = _aligned(limits, now, int(since // 60))
    end = _aligned(limits, now, -int(-until // 60), up=True)
    return Range(first, max(first, end), now)


def kept_by(limits: HistoryLimits, now: float, minute: int) -> Unit:
    """The shortest time by which what happened in a minute is still known. Keys live by the hour, day or 32 days."""
    if (minute // Unit.HOUR + 1) * 3_600 + limits.minutes > now:
        return Unit.MINUTE
    return Unit.HOUR if (minute // Unit.DAY + 1) * 86_400 + limits.hours > now else Unit.DAY


def _aligned(limits: HistoryLimits, now: float, minute: int, *, up: bool = False) -> int:
    unit = kept_by(limits, now, minute)
    return -(-minute // unit) * unit if up else minute // unit * unit


Wanted = dict[str, range]
"""Names of keys, as ``buckets.lua`` takes them, and which of the minutes, hours or days in each are wanted."""


def sum_of(span: Range) -> Wanted:
    """The keys that make up a range: whole days, and hours and minutes at its ends."""
    wanted: Wanted = {}
    for first, end in _cover(wanted, span.first, span.end, Unit.DAY):
        for start, stop in _cover(wanted, first, end, Unit.HOUR):
            _want(wanted, Unit.MINUTE, start, stop)
    return wanted


def _cover(wanted: Wanted, first: int, end: int, unit: Unit) -> list[tuple[int, int]]:
    """Want the whole units between two minutes; what is left of them at both ends."""
    start, stop = -(-first // unit) * unit, end // unit * unit
    if start >= stop:
        return [(first, end)] if first < end else []
    _want(wanted, unit, start, stop)
    return [(one, other) for one, other in ((first, start), (stop, end)) if one < other]


def _want(wanted: Wanted, unit: Unit, first: int, end: int) -> None:
    """Want all of a unit between two minutes that are multiples of it."""
    kind, size = {Unit.MINUTE: ("minutes", 60), Unit.HOUR: ("hours", 24), Unit.DAY: ("days", 32)}[unit]
    numbers = range(first // unit, end // unit)
    for block in range(numbers.start // size, (numbers.stop - 1) // size + 1):
        inside = range(max(numbers.start, block * size), min(numbers.stop, (block + 1) * size))
        wanted[f"{kind}:{block}"] = inside


def points_of(span: Range, unit: Unit) -> Wanted:
    """The keys of a series of points, one for each ``unit``.

    Raises:
        InvalidOption: there are more than 3,000.
    """
    if (span.end - span.first) // unit > MAX_POINTS:
        raise InvalidOption(
            f"A series of {(span.end - span.first) // unit:,} points is too long; at most {MAX_POINTS:,} are given. "
            "Ask for a coarser resolution or a shorter range."
        )
    wanted: Wanted = {}
    if span.first < span.end:
        _want(wanted, unit, span.first, span.end)
    return wanted


class Counters:
    """Reads counters of queues (suffix ``""``), groups (``:g:<group>``), workers (``:w:``) and task names (``:n:``)."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def now(self) -> float:
        """The server's clock, in seconds."""
        seconds, microseconds = await self._backend.ask("TIME")
        return int(seconds) + int(microseconds) / 1e6

    async def total(self, queue: str, suffix: str, span: Range) -> Cell:
        """The sum over a range. One call of a script."""
        cell = Cell()
        for _, part in await self._read(queue, suffix, span, sum_of(span)):
            cell.add(part)
        return cell

    async def points(self, queue: str, suffix: str, span: Range, unit: Unit) -> dict[int, Cell]:
        """The counters of each ``unit`` of a range, by the minute that it begins with; none where nothing happened.

        One call of a script. ``span`` must be whole units.
        """
        cells: dict[int, Cell] = defaultdict(Cell)
        for minute, part in await self._read(queue, suffix, span, points_of(span, unit)):
            cells[minute // unit * unit].add(part)
        return cells

    async def _read(self, queue: str, suffix: str, span: Range, wanted: Wanted) -> list[tuple[int, Cell]]:
        """Cells and the minutes with which their times begin."""
        scripts = await self._backend.scripts()
        _, unfolded, *blocks = await scripts.buckets(queue, suffix, span.first, span.end - 1, list(wanted))
        cells = [
            (int(minute), Cell.of_minute(flat)) for minute, flat in zip(unfolded[::2], unfolded[1::2], strict=True)
        ]
        for (name, numbers), block in zip(wanted.items(), blocks, strict=True):
            unit = Unit.MINUTE if name[0] == "m" else Unit.HOUR if name[0] == "h" else Unit.DAY
            for number, text in _lines(block) if unit is Unit.MINUTE else zip(block[::2], block[1::2], strict=True):
                if number.isdigit() and int(number) in numbers:
                    cells.append((int(number) * unit, Cell.of_text(text)))
        return cells


def _lines(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in block.splitlines():
        number, _, text = line.partition(b" ")
        yield number, text
