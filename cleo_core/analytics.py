"""What the counters tell: each minute of a queue, with percentiles from its histograms."""

from __future__ import annotations

from cleo_core.backend import Backend
from cleo_core.histograms import percentiles
from cleo_core.history_counters import Cell, Counters, Range, Unit
from cleo_core.models import MinuteStats
from cleo_core.names import check_name

MAX_MINUTES = 1_440


class Analytics:
    """Reads the counters that the scripts write. A percentile is within 5% of the exact one."""

    def __init__(self, backend: Backend) -> None:
        self._counters = Counters(backend)

    async def minutes(self, queue: str, count: int = 60) -> list[MinuteStats]:
        """The last ``count`` minutes of a queue (up to 1,440), oldest first, the running one last.

        One call of a script, which reads one key for each hour.
        """
        check_name("queue", queue)
        now = await self._counters.now()
        last = int(now // 60)
        span = Range(last - max(1, min(count, MAX_MINUTES)) + 1, last + 1, now)
        cells = await self._counters.points(queue, "", span, Unit.MINUTE)
        nothing = Cell()
        return [_minute(minute, cells.get(minute, nothing)) for minute in range(span.first, span.end)]


def _minute(minute: int, cell: Cell) -> MinuteStats:
    run_p50, run_p95 = percentiles(cell.runs, 0.5, 0.95)
    wait_p50, wait_p95 = percentiles(cell.waits, 0.5, 0.95)
    return MinuteStats(
        at=minute * 60.0,
        enqueued=cell.counts["enqueued"],
        completed=cell.counts["completed"],
        failed=cell.counts["failed"],
        died=cell.counts["died"],
        run_p50=run_p50,
        run_p95=run_p95,
        wait_p50=wait_p50,
        wait_p95=wait_p95,
    )
