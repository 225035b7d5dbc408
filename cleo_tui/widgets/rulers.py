"""Where the rulers of a chart have their ticks, and what these say: round values with units, round times of day."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cleo_tui import say

Ticks = Sequence[tuple[float, str]]
_TIMES = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400)
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720)
_DAYS = (1, 2, 5, 7, 14, 30)
DAY = 86_400


def round_up(highest: float) -> float:
    """The next round number above."""
    if highest <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(highest))
    return next(step * size for step in (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * size >= highest * 0.999)


def round_up_seconds(highest: float) -> float:
    """The next round duration above: decimal up to a second, then as clocks count."""
    if highest <= 1:
        return round_up(highest) if highest > 0 else 0.001
    return next((float(step) for step in _TIMES if step >= highest * 0.999), DAY * round_up(highest / DAY))


def round_up_bytes(highest: float) -> float:
    """The next power of two above."""
    return 2.0 ** math.ceil(math.log2(max(highest, 1024) * 0.999))


@dataclass(frozen=True, slots=True)
class Scale:
    """A ruler for values: how they are said on one that ends there, and where it ends and begins."""

    say: Callable[[float, float], str]
    ceiling: Callable[[float], float]
    floor: Callable[[float], float] = lambda _lowest: 0.0

    def ticks(self, lowest: float, highest: float, rows: int) -> Ticks:
        """The ends of the ruler, and the middle if there is room for it."""
        bottom, top = self.floor(lowest), self.ceiling(highest)
        places = (bottom, top) if rows < 5 else (bottom, (bottom + top) / 2, top)
        return [(place, self.say(place, top)) for place in places]


def _rate_unit(top: float) -> tuple[float, str]:
    """In which time rates are counted: the shortest in which there is something to count."""
    return next(((size, unit) for size, unit in ((1.0, "s"), (60.0, "min")) if top * size >= 0.5), (3_600.0, "h"))


def _rate_ceiling(highest: float) -> float:
    size, _ = _rate_unit(highest)
    return round_up(highest * size) / size


def _say_rate(value: float, top: float) -> str:
    size, unit = _rate_unit(top)
    number = value * size
    return f"{say.short_count(number) if number >= 1_000 else f'{number:.4g}'}/{unit}" if value else "0"


def _say_seconds(value: float, _top: float) -> str:
    """To the digit: what a tick says is where it stands."""
    for size, unit in ((1e-3, "us"), (1.0, "ms"), (60.0, "s")):
        if value < size:
            shown = value * {"us": 1e6, "ms": 1e3, "s": 1.0}[unit]
            return f"{shown:.4g} {unit}" if value else "0"
    return say.duration(value)


def _share_floor(lowest: float) -> float:
    """Shares near 100% are looked at closely: what matters is between 99% and 100%."""
    return max(floor for floor in (0.0, 0.5, 0.9, 0.98) if floor <= lowest)


RATE = Scale(_say_rate, _rate_ceiling)
SHARE = Scale(lambda value, _: f"{value:.0%}", lambda _highest: 1.0, _share_floor)
SECONDS = Scale(_say_seconds, round_up_seconds)
PERCENT = Scale(lambda value, _: f"{value:.0f}%", lambda highest: round_up(max(highest, 10)))
BYTES = Scale(lambda value, _: say.size(int(value)), round_up_bytes)


def time_ticks(since: float, until: float, columns: int) -> Ticks:
    """Round times of this machine's time zone, in so many columns: of day, or of the year where days are short."""
    most = max(1, columns // 10)
    for minutes in _STEPS:
        if (until - since) / (minutes * 60) <= most:
            return _within_days(since, until, minutes * 60)
    return _whole_days(since, until, most)


def _within_days(since: float, until: float, step: int) -> Ticks:
    # Round by the local clock, which may be half an hour away from UTC.
    shift = time.localtime(until).tm_gmtoff
    first = math.ceil((since + shift) / step) * step - shift
    places = range(int(first), math.ceil(until), step)
    named = until - since > DAY
    return [
        (place, _day(place) if named and _is_midnight(place) else say.hour(place, to_the="minute")) for place in places
    ]


def _is_midnight(at: float) -> bool:
    local = time.localtime(at)
    return local.tm_hour == local.tm_min == 0


def _whole_days(since: float, until: float, most: int) -> Ticks:
    step = next((days for days in _DAYS if (until - since) / DAY / days <= most), 30)
    begin = time.localtime(since)
    # A day may have 23 or 25 hours; mktime knows.
    days = (
        time.mktime((begin.tm_year, begin.tm_mon, begin.tm_mday + day, 0, 0, 0, 0, 0, -1))
        for day in range(1, math.ceil((until - since) / DAY) + 2, step)
    )
    return [(day, _day(day)) for day in days if since <= day < until]


def _day(at: float) -> str:
    return time.strftime("%b %d", time.localtime(at))
