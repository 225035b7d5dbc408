"""What tasks usually take: the one place that says which histogram that is read from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from cleo_core.backend import Backend

MINUTES = 60
ENOUGH = 20
STEP = 1.1


async def usual_runs(backend: Backend, queue: str, names: Collection[str]) -> dict[str, float]:
    """The run time (seconds) that 99% of the tasks of these names kept to in the last hour, within 5%.

    A name of which fewer than 20 ran is left out: nothing is usual for it. The counters are those of the queue, so all
    its names share them.
    """
    if not names:
        return {}
    seconds, _ = await backend.ask("TIME")
    last = int(seconds) // 60
    keys = backend.keys.of_queue(queue)
    rows = await backend.ask_all(*(("HGETALL", keys.minute(minute)) for minute in range(last - MINUTES + 1, last + 1)))
    runs: Counter[int] = Counter()
    for row in rows:
        for field, count in zip(row[::2], row[1::2], strict=True):
            if field[:1] == b"r" and field[1:].isdigit():
                runs[int(field[1:])] += int(count)
    if runs.total() < ENOUGH:
        return {}
    return dict.fromkeys(names, _p99(runs))


def _p99(histogram: Counter[int]) -> float:
    """The middle (seconds) of the bucket that 99% of the times don't pass."""
    above = 0
    for bucket in sorted(histogram, reverse=True):
        above += histogram[bucket]
        if above > 0.01 * histogram.total():
            return 0.5e-6 * (STEP**bucket + STEP ** (bucket + 1))
    return 0.0
