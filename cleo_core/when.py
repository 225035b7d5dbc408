"""When a schedule is due, and what becomes of the times that were missed."""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from cleo_core.cron import pattern_of
from cleo_core.errors import InvalidOption

WALK = 1_000
MAX_LIMIT = 100
MAX_SECONDS = 86_400.0 * 365 * 10
MIN_PERIOD = 0.1


class Misfire(StrEnum):
    """What to do about times at which nothing could run, as no worker was there.

    Of the times that are over, all but the last count as missed, and the last too if it is longer ago than the
    schedule's grace. ``SKIP`` runs only what was not missed. ``RUN_ONCE`` runs once for all of them. ``RUN_ALL`` runs
    for each, the last ``limit`` of them.
    """

    SKIP = "skip"
    RUN_ONCE = "run_once"
    RUN_ALL = "run_all"


@dataclass(frozen=True, slots=True)
class Ticks:
    """What to do about the times that are over: which to run and how many are skipped; ``next`` is the one after.

    Times are milliseconds since the epoch. Of very many times that are over only the first 1,000 are counted.
    """

    run: tuple[int, ...]
    skipped: int
    next: int | None


@dataclass(frozen=True, slots=True)
class When:
    """The base of ``Cron`` and ``Every``."""

    def next_ms(self, at: int, anchor: int) -> int | None:
        """The first time after ``at`` of a schedule that was entered at ``anchor`` (ms since the epoch), or None."""
        raise NotImplementedError

    def ticks(self, due: int, now: int, anchor: int) -> Ticks:
        """What is to be done at ``now`` by a schedule that was due at ``due`` (ms)."""
        misfire, limit, grace = _policy(self)
        over: deque[int] = deque(maxlen=limit if misfire is Misfire.RUN_ALL else 1)
        count, tick = 0, cast("int | None", due)
        while tick is not None and tick <= now and count < WALK:
            over.append(tick)
            count += 1
            tick = self.next_ms(tick, anchor)
        if tick is not None and tick <= now:
            over = self._last_before(now, tick, anchor, over)
            tick = self.next_ms(now, anchor)
        if misfire is Misfire.SKIP and over and now - over[-1] > grace * 1000:
            over.clear()
        return Ticks(tuple(over), max(0, count - len(over)), tick)

    def _last_before(self, now: int, known: int, anchor: int, over: deque[int]) -> deque[int]:
        """The last times up to ``now``, of which ``known`` is one, found by halving: there are too many to walk."""
        found: deque[int] = deque(maxlen=over.maxlen)
        end = now
        for _ in range(over.maxlen or 1):
            low, high = known - 1, end
            while high - low > 1:
                middle = (low + high) // 2
                tick = self.next_ms(middle, anchor)
                if tick is not None and tick <= end:
                    low = middle
                else:
                    high = middle
            last = self.next_ms(low, anchor)
            if last is None or last > end or last < known:
                break
            found.appendleft(last)
            end = last - 1
        return found

    def upcoming(self, count: int = 10, *, after: float | None = None) -> list[float]:
        """The next ``count`` times (at most 1,000) after ``after`` (now), in seconds since the epoch.

        Of intervals, as if the schedule were entered at ``after``.
        """
        start = math.floor((time.time() if after is None else after) * 1000)
        found: list[float] = []
        at: int | None = start
        while len(found) < min(count, WALK) and (at := self.next_ms(at, start)) is not None:
            found.append(at / 1000)
        return found


@dataclass(frozen=True, slots=True)
class Cron(When):
    """By a cron expression of 5 fields, or 6 with seconds first, in a time zone of the IANA data.

    ``misfire`` says what becomes of missed times, ``limit`` (1 to 100) how many are run with ``Misfire.RUN_ALL``, and
    ``grace`` after how many seconds a time counts as missed. At changes to and from daylight-saving time: a fixed time
    runs once a day, what has ``*`` in its minutes or hours runs by the time that really goes by.

    Raises:
        InvalidOption: something of it can't be; the message says what to write instead.
    """

    expression: str
    tz: str = "UTC"
    misfire: Misfire = Misfire.RUN_ONCE
    limit: int = 10
    grace: float = 60.0

    def __post_init__(self) -> None:
        for name, value in (("expression", self.expression), ("tz", self.tz)):
            if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidOption(f"The {name} of a Cron is a text, as in Cron('0 3 * * *', tz='Europe/Oslo').")
        pattern_of(self.expression, self.tz)
        _check_policy(self)

    def next_ms(self, at: int, anchor: int) -> int | None:
        """The first time after ``at``, in ms; the anchor makes no difference."""
        found = pattern_of(self.expression, self.tz).next_after(at / 1000)
        return None if found is None else found * 1000

    def __str__(self) -> str:
        """As a person reads it."""
        return f"{self.expression} {self.tz}"


@dataclass(frozen=True, slots=True)
class Every(When):
    """Every so many seconds (0.1 to ten years), counted from when the schedule was entered.

    The times keep their distance whatever happens to single ones. ``misfire``, ``limit`` and ``grace`` as in ``Cron``.

    Raises:
        InvalidOption: something of it can't be; the message says what to write instead.
    """

    seconds: float
    misfire: Misfire = Misfire.RUN_ONCE
    limit: int = 10
    grace: float = 60.0

    def __post_init__(self) -> None:
        _check_number("seconds", self.seconds, MIN_PERIOD, MAX_SECONDS)
        _check_policy(self)

    def next_ms(self, at: int, anchor: int) -> int | None:
        """The first time after ``at``, in ms, of those that lie a whole number of periods from ``anchor``."""
        period = round(self.seconds * 1000)
        return anchor + ((at - anchor) // period + 1) * period

    def __str__(self) -> str:
        """As a person reads it."""
        return f"every {self.seconds:g} s"


def _policy(when: When) -> tuple[Misfire, int, float]:
    given = cast("Cron | Every", when)
    return given.misfire, given.limit, given.grace


def _check_policy(when: When) -> None:
    misfire, limit, grace = _policy(when)
    if misfire not in set(Misfire):
        names = ", ".join(f"Misfire.{each.name}" for each in Misfire)
        raise InvalidOption(f"The misfire policy can't be {misfire!r}. Use one of: {names}.")
    if not isinstance(limit, int) or isinstance(limit, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidOption(f"The limit of a schedule is a whole number from 1 to {MAX_LIMIT}, not {limit!r}.")
    _check_number("limit", limit, 1, MAX_LIMIT)
    _check_number("grace", grace, 0, MAX_SECONDS)


def _check_number(name: str, value: object, least: float, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidOption(f"The {name} of a schedule is a number, not {value!r}.")
    if not least <= value <= most:
        raise InvalidOption(f"The {name} of a schedule can't be {value:g}. Give it from {least:g} to {most:,.0f}.")


def write_when(when: When) -> str:
    """As it is stored: JSON, the same text for the same times and policy."""
    misfire, limit, grace = _policy(when)
    policy: dict[str, Any] = {"misfire": misfire, "limit": limit, "grace": float(grace)}
    if isinstance(when, Cron):
        return json.dumps({"cron": when.expression, "tz": when.tz, **policy}, sort_keys=True)
    return json.dumps({"every": float(cast("Every", when).seconds), **policy}, sort_keys=True)


def read_when(stored: str | bytes) -> Cron | Every:
    """What was stored.

    Raises:
        ValueError: it can't be understood (``InvalidOption`` is one), as another program or version wrote it.
    """
    data = json.loads(stored)
    if not isinstance(data, dict):
        raise InvalidOption(f"The stored times of a schedule can't be understood: {stored!r}.")
    fields = cast("dict[str, Any]", data)
    try:
        policy: dict[str, Any] = {name: fields[name] for name in ("limit", "grace")}
        policy["misfire"] = Misfire(fields["misfire"])
        if "cron" in fields:
            return Cron(fields["cron"], fields["tz"], **policy)
        return Every(fields["every"], **policy)
    except KeyError as error:
        raise InvalidOption(f"The stored times of a schedule lack {error}.") from None


def check_when(when: object) -> Cron | Every:
    """The times of a schedule.

    Raises:
        InvalidOption: it is something else.
    """
    if not isinstance(when, Cron | Every):
        raise InvalidOption(f"A schedule can't be {when!r}. Write Cron('0 3 * * *', tz='Europe/Oslo') or Every(30.0).")
    return when


Declared = Cron | Every | Sequence[Cron | Every]
"""What a declaration may say: one schedule, or several."""
Times = tuple[Cron | Every, ...]
"""What was declared, checked."""


def check_schedules(schedules: object) -> Times:
    """What a declaration gave: one, several, or none.

    Raises:
        InvalidOption: something else, or the same times twice.
    """
    if schedules is None:
        return ()
    given = cast("Sequence[object]", schedules) if isinstance(schedules, list | tuple) else (schedules,)
    checked = tuple(map(check_when, given))
    if len(set(map(str, checked))) < len(checked):
        raise InvalidOption(
            f"A task can't have the schedule {checked[0]} twice, nor others of the same times. Leave one out."
        )
    return checked
