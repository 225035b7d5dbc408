"""A window onto a list of any length, around a cursor that is anchored by id.

A list on the server may hold a million tasks and move while it is looked at. What is loaded is a window of rows around
what is on screen; a new request cancels the one before. The cursor holds on to the id of its row, so a list that moves
takes the cursor with it, and what is acted on is what was looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

Row = TypeVar("Row")
WINDOW = 300
FILTER_WINDOW = 1_000


class Rows(Protocol[Row]):
    """What a table draws from. ``at`` gives None for a row that is not loaded yet."""

    @property
    def total(self) -> int: ...
    def at(self, index: int) -> Row | None: ...
    def key(self, row: Row) -> str: ...
    def find(self, key: str) -> int | None: ...
    def loaded(self) -> Sequence[Row]: ...
    def look(self, first: int, last: int) -> None: ...


class Listing(Generic[Row]):
    """A list that is wholly in memory: the queues, the workers, what a filter left."""

    def __init__(self, key: Callable[[Row], str], rows: Iterable[Row] = ()) -> None:
        self._key = key
        self.replace(rows)

    def replace(self, rows: Iterable[Row]) -> None:
        """Show other rows from now on."""
        self._rows = list(rows)
        self._places: dict[str, int] | None = None

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def at(self, index: int) -> Row | None:
        """The row at a place."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def key(self, row: Row) -> str:
        """What tells this row from all others."""
        return self._key(row)

    def find(self, key: str) -> int | None:
        """The place of a row, if it is there."""
        if self._places is None:
            self._places = {self._key(row): index for index, row in enumerate(self._rows)}
        return self._places.get(key)

    def loaded(self) -> Sequence[Row]:
        """All rows."""
        return self._rows

    def look(self, first: int, last: int) -> None:
        """Nothing needs to be fetched."""


@dataclass(frozen=True)
class Page(Generic[Row]):
    """What a source answered: ``rows`` start at ``offset`` of ``total``; ``at`` is the server's clock."""

    offset: int
    total: int
    rows: Sequence[Row]
    at: float


class Source(Protocol[Row]):
    """Where pages come from: ``limit`` rows from ``offset``, or with ``around`` that row in their middle."""

    async def __call__(self, *, offset: int, limit: int, around: str | None) -> Page[Row]: ...


class Paged(Generic[Row]):
    """A list on the server, of which a window is loaded.

    Args:
        source: where pages come from.
        key: what tells a row from all others.
        on_change: called when another page has arrived.
        on_error: called when one could not be fetched; what is loaded stays.
    """

    def __init__(
        self,
        source: Source[Row],
        key: Callable[[Row], str],
        on_change: Callable[[], None],
        on_error: Callable[[Exception], None],
    ) -> None:
        self._source = source
        self._key = key
        self._on_change = on_change
        self._on_error = on_error
        self._page: Page[Row] | None = None
        self._places: dict[str, int] = {}
        self._asked: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None
        self.limit = WINDOW

    # --- what is loaded ------------------------------------------------------------------------------

    @property
    def page(self) -> Page[Row] | None:
        """The window as it arrived, or None before the first one."""
        return self._page

    @property
    def total(self) -> int:
        """How long the list was when the window was read."""
        return self._page.total if self._page else 0

    def age(self, now: float) -> float:
        """How many seconds old the window is at a time of the server's clock."""
        return max(0.0, now - self._page.at) if self._page else 0.0

    def at(self, index: int) -> Row | None:
        """The row at a place of the whole list, if it is loaded."""
        page = self._page
        if page is None or not page.offset <= index < page.offset + len(page.rows):
            return None
        return page.rows[index - page.offset]

    def key(self, row: Row) -> str:
        """What tells this row from all others."""
        return self._key(row)

    def find(self, key: str) -> int | None:
        """The place of a row in the whole list, if it is loaded."""
        return self._places.get(key)

    def loaded(self) -> Sequence[Row]:
        """The rows of the window."""
        return self._page.rows if self._page else ()

    # --- asking for more -----------------------------------------------------------------------------

    def look(self, first: int, last: int) -> None:
        """Have the rows from ``first`` to ``last`` loaded, with as many around them as fit the window."""
        page = self._page
        if page is None:
            if self._task is None or self._task.done():
                self._ask(0, None)
            return
        last = min(last, page.total - 1, first + self.limit - 1)
        if page.offset <= first and last < page.offset + len(page.rows):
            return
        # What was asked for already is on its way, or the list has fewer rows to show than it counts.
        if self._asked is None or not self._asked[0] <= first <= last < self._asked[1]:
            self._ask(max(0, (first + last + 1) // 2 - self.limit // 2), None)

    def refresh(self, around: str | None, first: int) -> None:
        """Read the window anew, around that row or where ``first`` is seen; dropped while a request is under way."""
        if self._task is None or self._task.done():
            self._ask(max(0, first - self.limit // 2), around)

    def renew(self, around: str | None) -> None:
        """Read another window in place of this one, which stays until then, whatever is under way."""
        self._ask(0, around)

    def reload(self) -> None:
        """Forget everything and start at the top; for another list of the same kind."""
        self._page = None
        self._places = {}
        self._ask(0, None)

    async def walk(self, size: int) -> AsyncGenerator[Sequence[Row]]:
        """The whole list in pages of ``size``, from the beginning, leaving the window as it is.

        A row that has moved from one page to the next meanwhile is told once.
        """
        offset, before = 0, frozenset[str]()
        while True:
            page = await self._source(offset=offset, limit=size, around=None)
            fresh = [row for row in page.rows if self._key(row) not in before]
            if fresh:
                yield fresh
            offset = page.offset + len(page.rows)
            before = frozenset(map(self._key, page.rows))
            if not page.rows or offset >= page.total:
                return

    def close(self) -> None:
        """Ask for nothing more."""
        if self._task is not None:
            self._task.cancel()

    async def settled(self) -> None:
        """Wait until the request that is under way has been answered."""
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    def _ask(self, offset: int, around: str | None) -> None:
        if self._task is not None:
            self._task.cancel()
        self._asked = None if around else (offset, offset + self.limit)
        self._task = asyncio.get_running_loop().create_task(self._fetch(offset, around), name="cleo-tui-page")

    async def _fetch(self, offset: int, around: str | None) -> None:
        try:
            page = await self._source(offset=offset, limit=self.limit, around=around)
        except Exception as error:
            self._asked = None
            self._on_error(error)
            return
        self._page = page
        self._places = {self._key(row): page.offset + index for index, row in enumerate(page.rows)}
        if around:
            self._asked = (page.offset, page.offset + self.limit)
        self._on_change()


class Cursor:
    """A place in a list that holds on to its row.

    ``follow`` finds the row again after the list has moved; if it is gone, the cursor stays at its place and takes
    whatever row is there now.
    """

    def __init__(self) -> None:
        self.index = 0
        self.key: str | None = None

    def move(self, index: int, rows: Rows[Row]) -> None:
        """Go to a place and hold on to the row there, as soon as it is loaded."""
        self.index = max(0, min(index, rows.total - 1))
        row = rows.at(self.index)
        self.key = rows.key(row) if row is not None else None

    def follow(self, rows: Rows[Row]) -> int:
        """Stay with the row in a list that has changed; returns by how many places it moved."""
        before = self.index
        found = rows.find(self.key) if self.key is not None else None
        if found is None and self.key is not None and rows.at(before) is None and before < rows.total:
            return 0
        self.move(before if found is None else found, rows)
        return 0 if found is None else found - before
