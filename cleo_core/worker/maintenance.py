"""What each worker does now and then for all: leases that ran out, delayed tasks that are due, records that expired."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from cleo_core.backend import Backend
from cleo_core.errors import ServerError
from cleo_core.scripts import Poisoned, Scripts
from cleo_core.worker.line import Line
from cleo_core.worker.ticking import Ticking

LOG = logging.getLogger("cleo.worker")
Tell = Callable[[str, Sequence[Poisoned]], None]
SLICE = 200
FOLD = 50


async def sweep_on(
    backend: Backend,
    scripts: Scripts,
    lines: Sequence[Line],
    interval: float,
    stir: Callable[[], None],
    ticking: Ticking,
    tell: Tell,
) -> None:
    """Sweep the queues every ``interval`` seconds, a bit apart from other workers, until cancelled.

    ``tell(queue, poisoned)`` is called with what was quarantined.
    """
    while True:
        await asyncio.sleep(interval * random.uniform(0.8, 1.0))
        for line in lines:
            try:
                if await sweep(backend, scripts, line.queue, gap=interval / 2, ticking=ticking, tell=tell):
                    line.ready = True
                    stir()
                await fold(scripts, line.queue)
            except ServerError as error:
                LOG.warning("A sweep of %s failed; the next one makes up for it. %s", line.queue, error)


async def sweep(
    backend: Backend,
    scripts: Scripts,
    queue: str,
    *,
    gap: float = 0.0,
    ticking: Ticking | None = None,
    tell: Tell | None = None,
) -> int:
    """Sweep a queue, slice after slice, unless it was swept within the last ``gap`` seconds; how many tasks may run
    again.
    """
    total = 0
    gap_ms = round(gap * 1000)
    while True:
        worker = "" if ticking is None else ticking.worker
        taken, promoted, wait, poisoned = await scripts.sweep(queue, SLICE, backend.limits.retentions, gap_ms, worker)
        if ticking is not None:
            ticking.note(queue, wait)
        if tell is not None and poisoned:
            tell(queue, poisoned)
        gap_ms = 0
        total += taken + promoted
        if taken:
            LOG.warning("Took back %d tasks of %s whose workers let their leases run out.", taken, queue)
        if max(taken, promoted) < SLICE:
            return total


async def fold(scripts: Scripts, queue: str) -> None:
    """Add the counters of minutes that are over to those of longer times, slice after slice."""
    more = True
    while more:
        more = await scripts.fold(queue, FOLD)
