"""The figures of a range as tiles, each with how it changed against the range before."""

from __future__ import annotations

from cleo_core.models import HistoryStats
from cleo_tui import say
from cleo_tui.theme import Role
from cleo_tui.widgets.tiles import Tile

FAILURES_WORRY, FAILURES_ALARM = 0.01, 0.05
SAME = 0.005


def tiles_of(stats: HistoryStats) -> list[Tile]:
    """How many in the first half, how long in the second."""
    figures, trend = stats.figures, stats.trend
    failures = figures.failure_rate or 0.0
    worry = Role.BAD if failures > FAILURES_ALARM else Role.WARN if failures > FAILURES_WORRY else Role.PLAIN
    success = None if trend.failure_rate is None else -trend.failure_rate
    return [
        Tile("completed", say.count(figures.completed)),
        Tile("failed", say.count(figures.failed), f"{say.count(figures.lost)} lost" if figures.lost else ""),
        Tile("dead letters", say.count(figures.died), role=Role.BAD if figures.died else Role.PLAIN),
        Tile("success rate", say.share_of_all(figures.success_rate), points(success), worry),
        Tile("throughput", say.rate(figures.throughput), change(trend.throughput)),
        Tile("run average", say.duration(figures.run_average), change(trend.run_average)),
        Tile("run p50", say.duration(figures.run.p50)),
        Tile("run p95", say.duration(figures.run.p95), change(trend.run_p95)),
        Tile("run p99", say.duration(figures.run.p99)),
        Tile("wait p95", say.duration(figures.wait.p95), change(trend.wait_p95)),
    ]


def change(share: float | None) -> str:
    """A change against before: an arrow and percent, or how many times as much."""
    if share is None:
        return ""
    if abs(share) < SAME:
        return "= same"
    if share >= 10:
        return f"▲ {say.short_count(share + 1)}x"
    return f"{'▲' if share > 0 else '▼'} {abs(share):.0%}"


def points(difference: float | None) -> str:
    """A change of a rate, in percent points."""
    if difference is None:
        return ""
    if abs(difference) < SAME / 10:
        return "= same"
    return f"{'▲' if difference > 0 else '▼'} {abs(difference) * 100:.1f} pt"
