"""Cron expressions in a time zone: the next moment after a given one, through changes to and from daylight-saving time.

The expression is read by the library ``cronsim``, which follows Debian's cron: names, ranges, steps, ``L``, ``LW``,
``5L``, ``MON#2``, and the day of month and day of week both match if one of them begins with ``*``, else either. The
search is our own: cronsim gives a fixed time in an expression with seconds no care at a change of the clock, and in
zones whose changes are not of whole hours or come at midnight it misses moments or makes some up.

What happens at a change is what Debian's cron does. A schedule with fixed minutes and hours runs once for each time on
the clock: what the clock skips runs at the moment of the change (once, also if several times were skipped), and what it
shows twice runs at the first. A schedule whose minutes or hours begin with ``*`` follows the time that really goes by:
it runs whenever the clock shows a matching time.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from cleo_core.errors import InvalidOption

HORIZON_YEARS = 50
DAY = 86_400
_EPOCH = datetime(1970, 1, 1)
_LAST_YEAR = 9_000
_MACROS = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
_RANGES = {
    "second": "0-59", "minute": "0-59", "hour": "0-23", "month": "1-12 or JAN-DEC",
    "day-of-month": "1-31 or L as far as a month of it has the day",
    "day-of-week": "0-7 (0 and 7 are Sunday) or SUN-SAT",
}  # fmt: skip


class CronPattern:
    """A cron expression in a zone, ready to be searched. Made by ``pattern_of``."""

    def __init__(self, expression: str, zone: ZoneInfo) -> None:
        self._fields = _read(expression)
        self._zone = zone
        fields = self._fields
        self._times = (sorted(fields.hours), sorted(fields.minutes), sorted(fields.seconds))
        self._first_time = time(self._times[0][0], self._times[1][0], self._times[2][0])
        self._is_fixed = not any(part.startswith("*") for part in fields.parts[1:3])
        if self._next_date(datetime.now(UTC).date()) is None:
            raise InvalidOption(
                f"The cron expression {expression!r} never comes: no month of it has such a day. "
                "For the last day of each month write L, as in '0 3 L * *'."
            )

    def next_after(self, at: float) -> int | None:
        """The first second after ``at``, both since the epoch, in which it is due; None if that is not within 50
        years.
        """
        start = int(at // 1) + 1
        return self._next_on_the_clock(start) if self._is_fixed else self._next_in_time(start)

    # --- on the clock: each time of day once ----------------------------------------------------------

    def _next_on_the_clock(self, start: int) -> int | None:
        wall: datetime | None = _wall(start, self._offset(start))
        while (wall := self._next_wall(wall)) is not None:
            moment = self._moment_of(wall)
            if moment >= start:
                return moment
            wall += timedelta(seconds=1)
        return None

    def _moment_of(self, wall: datetime) -> int:
        """When the clock first shows this time, or when it skips it."""
        moment = int(wall.replace(tzinfo=self._zone).timestamp())
        shown = _wall(moment, self._offset(moment))
        return moment if shown == wall else self._change(moment - DAY - 3_600, moment)

    # --- in time: whenever the clock shows it ---------------------------------------------------------

    def _next_in_time(self, start: int) -> int | None:
        while True:
            offset = self._offset(start)
            end = start + DAY
            if self._offset(end) != offset:
                end = self._change(start, end)
            wall = self._next_wall(_wall(start, offset))
            if wall is None:
                return None
            moment = int((wall - _EPOCH).total_seconds()) - offset
            if moment < end:
                return moment
            start = max(end, moment - 2 * DAY)

    def _change(self, before: int, after: int) -> int:
        """The first second at which the offset is that of ``after``, if it changes once in between."""
        offset = self._offset(after)
        while after - before > 1:
            middle = (before + after) // 2
            if self._offset(middle) == offset:
                after = middle
            else:
                before = middle
        return after

    def _offset(self, moment: int) -> int:
        offset = datetime.fromtimestamp(moment, self._zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())

    # --- without zones --------------------------------------------------------------------------------

    def _next_wall(self, wall: datetime) -> datetime | None:
        """The first time from ``wall`` on that matches."""
        day = wall.date()
        if self._matches(day):
            found = _time_from(self._times, (wall.hour, wall.minute, wall.second))
            if found is not None:
                return datetime.combine(day, time(*found))
        found_day = self._next_date(day + timedelta(days=1))
        return None if found_day is None else datetime.combine(found_day, self._first_time)

    def _next_date(self, day: date) -> date | None:
        last = min(day.year + HORIZON_YEARS, _LAST_YEAR)
        while day.year <= last:
            if day.month not in self._fields.months:
                day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
            elif self._fields.match_day(day):
                return day
            else:
                day += timedelta(days=1)
        return None

    def _matches(self, day: date) -> bool:
        return day.month in self._fields.months and self._fields.match_day(day)


def _time_from(allowed: Sequence[Sequence[int]], least: tuple[int, int, int]) -> tuple[int, int, int] | None:
    """The first hour, minute and second that are allowed, from ``least`` on."""
    for place in (2, 1, 0):
        # All before this place as in ``least``, this one greater (the last may be equal), all after it the first.
        if any(least[i] != _at(allowed[i], least[i]) for i in range(place)):
            continue
        values = allowed[place]
        index = bisect_left(values, least[place] + (place < 2))
        if index < len(values):
            found = [*least[:place], values[index], *(values[0] for values in allowed[place + 1 :])]
            return (found[0], found[1], found[2])
    return None


def _at(values: Sequence[int], value: int) -> int | None:
    index = bisect_left(values, value)
    return values[index] if index < len(values) else None


def _wall(moment: int, offset: int) -> datetime:
    return _EPOCH + timedelta(seconds=moment + offset)


def _read(expression: str) -> CronSim:
    macro = _MACROS.get(expression.strip().lower())
    if macro is not None:
        raise InvalidOption(f"Cron shortcuts are not known here. Instead of {expression!r} write {macro!r}.")
    parts = expression.split()
    if len(parts) not in {5, 6}:
        raise InvalidOption(
            f"The cron expression {expression!r} has {len(parts)} fields. Write 5 (minute hour day month weekday, as "
            "in '0 3 * * *'), or 6 with the second first."
        )
    try:
        return CronSim(expression, _EPOCH)
    except (CronSimError, ValueError, AssertionError, TypeError) as error:
        field = next((name for name in _RANGES if str(error) == f"Bad {name}"), None)
        allowed = (
            f"Its {field} may be {_RANGES[field]}, * , a list, a range or a step." if field else "Check its fields."
        )
        raise InvalidOption(f"The cron expression {expression!r} can't be understood. {allowed}") from None


def _zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        near = difflib.get_close_matches(name, available_timezones(), n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Write a name of the IANA data, as Europe/Oslo or UTC."
        raise InvalidOption(f"There is no time zone {name!r}. {hint}") from None


@lru_cache(maxsize=1024)
def pattern_of(expression: str, zone: str) -> CronPattern:
    """The pattern of an expression in the zone of that name.

    Raises:
        InvalidOption: either can't be understood, or the expression never comes; the message says what to write.
    """
    return CronPattern(expression, _zone_of(zone))
