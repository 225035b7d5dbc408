"""Waiting for a condition with a bound, never for a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

# Within so many seconds something happens that happens at once, on a machine that is busy with other tests too. What
# would make it happen otherwise (a worker's next look, a renewal, a timeout) has to be further away.
SOON = 15.0


async def until(condition: Callable[[], Awaitable[object] | object], *, within: float = 30.0, what: str = "") -> None:
    """Come back when ``condition()`` is true; fail when it is not within so many seconds."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within:g} s: {what or condition}")
        await asyncio.sleep(0.01)
