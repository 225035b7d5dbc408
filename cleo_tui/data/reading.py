"""Something that a screen reads from the server again and again: the last answer, or why there is none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cleo_core.errors import CleoError
from cleo_tui.data.understanding import understood

T = TypeVar("T")


class Reading(Generic[T]):
    """The last answer stays while the next one is on its way, and when the next one fails.

    Args:
        fetch: asks the server.
        on_change: called when an answer has come, or could not.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], on_change: Callable[[], None]) -> None:
        self.value: T | None = None
        self.error: CleoError | None = None
        self._came_at = float("-inf")
        self._fetch = fetch
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    @property
    def under_way(self) -> bool:
        """Whether an answer is awaited."""
        return self._task is not None and not self._task.done()

    @property
    def age(self) -> float:
        """How many seconds ago the last answer came."""
        return time.monotonic() - self._came_at

    def refresh(self) -> None:
        """Ask again, unless an answer is awaited."""
        if not self.under_way:
            self.renew()

    def renew(self) -> None:
        """Ask now, in place of whatever is awaited."""
        self.close()
        self._task = asyncio.get_running_loop().create_task(self._read(), name="cleo-tui-reading")

    def restart(self) -> None:
        """Forget the answer, because the question is another one, and ask."""
        self.value, self.error = None, None
        self.renew()

    def close(self) -> None:
        """Ask for nothing more."""
        if self._task is not None:
            self._task.cancel()

    async def _read(self) -> None:
        try:
            with understood():
                self.value = await self._fetch()
            self.error, self._came_at = None, time.monotonic()
        except CleoError as error:
            self.error = error
        self._on_change()
