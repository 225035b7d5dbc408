"""What tasks usually take: the one place that says which histogram that is read from."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from cleo_core.backend import Backend
from cleo_core.histograms import percentile
from cleo_core.history_counters import Counters, range_of

SPAN = 3_600.0
ENOUGH = 20
AT_ONCE = 50


async def usual_runs(backend: Backend, queue: str, names: Collection[str]) -> dict[str, float]:
    """The run time (seconds) that 99% of the tasks of each of these names kept to in the last hour, within 5%.

    A name of which fewer than 20 ran is left out, as is one that has no counters of its own (``HistoryLimits``):
    nothing is known to be usual for it. One call of a script a name.
    """
    if not names:
        return {}
    counters = Counters(backend)
    now = await counters.now()
    span = range_of(backend.limits.history, now, now - SPAN, now)
    found: dict[str, float] = {}
    asked = sorted(names)
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        cells = await asyncio.gather(*(counters.total(queue, f":n:{name}", span) for name in some))
        for name, cell in zip(some, cells, strict=True):
            p99 = percentile(cell.runs, 0.99)
            if p99 is not None and cell.runs.total() >= ENOUGH:
                found[name] = p99
    return found
