"""What the counters tell: each minute of a queue, with percentiles from its histograms."""

from __future__ import annotations

from collections.abc import Mapping

from cleo_core.backend import Backend
from cleo_core.models import MinuteStats
from cleo_core.names import check_name

STEP = 1.1
MAX_MINUTES = 1_440


class Analytics:
    """Reads the counters that the scripts write. A percentile is within 5% of the exact one."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def minutes(self, queue: str, count: int = 60) -> list[MinuteStats]:
        """The last ``count`` minutes of a queue (up to 1,440), oldest first, the running one last."""
        keys = self._backend.keys.of_queue(check_name("queue", queue))
        seconds, _ = await self._backend.ask("TIME")
        last = int(seconds) // 60
        wanted = range(last - max(1, min(count, MAX_MINUTES)) + 1, last + 1)
        rows = await self._backend.ask_all(*(("HGETALL", keys.minute(minute)) for minute in wanted))
        return [
            _minute(minute, dict(zip(row[::2], row[1::2], strict=True)))
            for minute, row in zip(wanted, rows, strict=True)
        ]


def _minute(minute: int, row: Mapping[bytes, bytes]) -> MinuteStats:
    runs, waits = buckets(row, b"r"), buckets(row, b"w")

    def total(field: bytes) -> int:
        return int(row.get(field, 0))

    return MinuteStats(
        at=minute * 60.0,
        enqueued=total(b"enqueued"),
        completed=total(b"completed"),
        failed=total(b"failed"),
        died=total(b"died"),
        run_p50=percentile(runs, 0.5),
        run_p95=percentile(runs, 0.95),
        wait_p50=percentile(waits, 0.5),
        wait_p95=percentile(waits, 0.95),
    )


def buckets(row: Mapping[bytes, bytes], letter: bytes) -> dict[int, int]:
    """The histogram in a minute's counters: bucket number to count."""
    return {int(field[1:]): int(count) for field, count in row.items() if field[:1] == letter and field[1:].isdigit()}


def percentile(histogram: Mapping[int, int], fraction: float) -> float | None:
    """The value below which ``fraction`` of the times lie, in seconds: the middle of its bucket. None if it is
    empty.
    """
    total = sum(histogram.values())
    if not total:
        return None
    rank = fraction * total
    seen = 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return 0.5e-6 * (STEP**bucket + STEP ** (bucket + 1))
    return None
