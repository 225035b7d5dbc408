"""A search through the dead letters of a queue by a text, done on the server a stretch at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from cleo_core.errors import CleoError
from cleo_core.models import DeadLetterPage, TaskSummary
from cleo_tui.data.pages import Listing
from cleo_tui.data.understanding import understood

STRETCH = 5_000
MOST = 1_000
STILL = 0.25

Fetch = Callable[[str, int], Awaitable[DeadLetterPage]]


class Search:
    """What was found so far, the latest first, and how far it looked.

    Each stretch costs the server a few steps, so it goes on only when asked, and begins when the typing has stopped.

    Args:
        fetch: looks through the next letters for a text, from an offset on.
        on_change: called when a stretch was looked through, or could not be.
    """

    def __init__(self, fetch: Fetch, on_change: Callable[[], None]) -> None:
        self.text = ""
        self.found = Listing[TaskSummary](lambda task: task.id)
        self.looked = 0
        self.total = 0
        self.next_offset: int | None = None
        self.error: CleoError | None = None
        self._fetch = fetch
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Whether it is looking."""
        return self._task is not None and not self._task.done()

    @property
    def is_over(self) -> bool:
        """Whether all letters were looked at."""
        return bool(self.text) and not self.under_way and self.error is None and self.next_offset is None

    def begin(self, text: str) -> None:
        """Look for another text, or for none."""
        self.close()
        self.text, self.looked, self.total, self.next_offset, self.error = text, 0, 0, None, None
        self.found.replace(())
        if text:
            self._look(0, STILL)

    def go_on(self) -> None:
        """Look through the next stretch."""
        if self.next_offset is not None and not self.under_way:
            self._look(self.next_offset, 0)

    def close(self) -> None:
        """Look no further."""
        if self._task is not None:
            self._task.cancel()

    def _look(self, offset: int, wait: float) -> None:
        self._task = asyncio.get_running_loop().create_task(self._stretch(offset, wait), name="cleo-tui-search")

    async def _stretch(self, offset: int, wait: float) -> None:
        await asyncio.sleep(wait)
        try:
            with understood():
                page = await self._fetch(self.text, offset)
            # A list that has moved meanwhile shows some of its letters twice.
            letters: dict[str, TaskSummary] = {letter.id: letter for letter in (*self.found.loaded(), *page.items)}
            self.found.replace(letters.values())
            self.looked, self.total, self.next_offset = offset + page.looked, page.total, page.next_offset
            self.error = None
        except CleoError as error:
            self.error = error
        self._task = None
        self._on_change()
