"""What has to be done although somebody no longer wants to wait."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def shielded(work: Coroutine[Any, Any, None], within: float) -> None:
    """Do the work to its end, for at most so many seconds. It is safe in an ``except CancelledError``: whoever cancels
    the program's tasks one by one does not know of it. Cancelled once more, it is given up.
    """
    doing = asyncio.create_task(work, name="cleo-shielded")
    try:
        await asyncio.wait([doing], timeout=within)
    finally:
        doing.cancel()
