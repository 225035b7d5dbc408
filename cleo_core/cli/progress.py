"""A bar for work that takes long, on standard error and only where a person sees it."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from cleo_core.cli.tables import Look, cut
from cleo_core.cli.words import duration

EVERY = 0.1
WIDTH = 24


class Progress:
    """``with Progress("Retrying", total) as bar: bar.reached(done)``. Without a total it only counts."""

    def __init__(self, doing: str, total: int | None) -> None:
        self._doing = doing
        self.total = total
        self._width = Look.of(sys.stderr).width
        self._began = self._drawn = time.monotonic()

    def reached(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if self._width and now - self._drawn >= EVERY:
            self._drawn = now
            sys.stderr.write(f"\r\x1b[K{cut(self._text(done, now), self._width - 1)}")
            sys.stderr.flush()

    def _text(self, done: int, now: float) -> str:
        if not self.total:
            return f"{self._doing} {done:,}"
        share = min(1.0, done / self.total)
        left = f", {duration((now - self._began) * (1 / share - 1))} left" if share > 0 else ""
        full = round(share * WIDTH)
        return f"{self._doing} [{'#' * full}{'.' * (WIDTH - full)}] {done:,} of {self.total:,}{left}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
