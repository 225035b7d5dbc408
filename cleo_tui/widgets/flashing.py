"""Which values changed a moment ago: they are shown in the accent once, and then as they were.

A value that changes all the time is no news. So one lights up only if it had stood still for a while before; a busy
queue's counts flash when it starts to move, and then are calm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

FLASH = 1.0
STILL = 5.0
_NEVER = float("-inf")


class _Value:
    """A value on screen, since when it is the same, and until when it is lit."""

    __slots__ = ("lit_until", "moved_at", "text")

    def __init__(self, text: str) -> None:
        self.text, self.moved_at, self.lit_until = text, _NEVER, _NEVER


class Flashes:
    """The values of the rows on screen, by row; a row that comes on screen is new and does not flash."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now = 0.0
        self._wanted = False
        self._rows: dict[str, list[_Value]] = {}
        self._before: dict[str, list[_Value]] = {}
        self.over_in: float | None = None

    def begin(self, *, wanted: bool) -> None:
        """All rows on screen are about to be looked at; what is not will be forgotten."""
        self._wanted = wanted
        self._before, self._rows = self._rows, {}
        self._now = self._clock()
        self.over_in = None

    def lit(self, key: str, texts: Sequence[str]) -> Sequence[int]:
        """The places of those values of a row that are lit now."""
        if not self._wanted:
            return ()
        values = self._rows.get(key) or self._before.get(key)
        if values is None or len(values) != len(texts):
            self._rows[key] = [_Value(text) for text in texts]
            return ()
        self._rows[key] = values
        now, lit = self._now, list[int]()
        for place, (value, text) in enumerate(zip(values, texts, strict=True)):
            if value.text != text:
                if now - value.moved_at >= STILL:
                    value.lit_until = now + FLASH
                value.text, value.moved_at = text, now
            if now < value.lit_until:
                lit.append(place)
                self.over_in = min(self.over_in or FLASH, value.lit_until - now)
        return lit

    def forget(self) -> None:
        """Other rows are to come, or the same ones in other columns."""
        self._rows, self._before, self.over_in = {}, {}, None
