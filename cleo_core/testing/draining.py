"""Running all that waits in a test's queues, with a bound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from cleo_core.app import Cleo
from cleo_core.errors import CleoError
from cleo_core.models import QueueStats

LOOK = 0.01


class NotDrained(CleoError, TimeoutError):
    """The queues were not empty in time; the message says what was left."""


async def drain(cleo: Cleo, *queues: str, within: float = 30.0, delayed: bool = False, **settings: Any) -> int:
    """Run a worker until nothing waits or runs in the queues (those of all declared tasks, if none is named), and what
    came of it neither. How many attempts it settled.

    Args:
        cleo: where to work.
        queues: which queues.
        within: seconds that it may take.
        delayed: wait for delayed tasks and retries too; else they are left.
        settings: of the worker, as for ``Cleo.worker``.

    Raises:
        NotDrained: it took longer. What runs is interrupted and handed back.
    """
    names = list(queues) or cleo.tasks.queues()
    given: dict[str, Any] = {"sweep": 0.05, "grace": 0.0, **settings}
    worker = cleo.worker(names, **given)
    deadline = time.monotonic() + within
    async with worker:
        before: list[int] | None = None
        while True:
            stats = [await cleo.queues.stats(name) for name in names]
            left = [one for one in stats if _left(one, delayed=delayed)]
            enqueued = [one.enqueued for one in stats]
            # Twice the same, because a task may have enqueued another into a queue that was looked at before.
            if not left and enqueued == before:
                return worker.processed
            before = None if left else enqueued
            if left and time.monotonic() > deadline:
                raise NotDrained(f"Not drained within {within:g} s: {_told(left)}. See `cleo.explain(task_id)`.")
            await asyncio.sleep(LOOK)


def _left(stats: QueueStats, *, delayed: bool) -> int:
    return stats.waiting + stats.active + (stats.delayed if delayed else 0)


def _told(left: Sequence[QueueStats]) -> str:
    return "; ".join(
        f"in {one.queue} {one.waiting} wait, {one.active} run and {one.delayed} are delayed"
        + (" (it is paused)" if one.paused else "")
        for one in left
    )
