"""What the charts of the history show of what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import Figures, WorkerLoad
from cleo_tui import say
from cleo_tui.data.past import Past
from cleo_tui.theme import Role
from cleo_tui.widgets.plot import Curve, Picture
from cleo_tui.widgets.plotting import Point, Stroke
from cleo_tui.widgets.rulers import BYTES, PERCENT, RATE, SECONDS, SHARE, Scale

Value = Callable[[Figures], float | None]


def throughput(past: Past) -> Picture:
    """How many attempts ended a second, by how they did, and how many tasks came in."""
    total = past.stats.figures

    def line(
        name: str, count: int, value: Callable[[Figures], int], role: Role, stroke: Stroke = Stroke.SOLID
    ) -> Curve:
        return _line(past, name, lambda point: _a_second(point, value(point)), role, stroke, say.short_count(count))

    lines = [line("completed", total.completed, lambda point: point.completed, Role.ACCENT)]
    if total.enqueued:
        lines.append(line("came in", total.enqueued, lambda point: point.enqueued or 0, Role.MUTED, Stroke.DOTTED))
    # What never happened has no line along the bottom.
    if total.failed:
        lines.append(line("failed", total.failed, lambda point: point.failed, Role.BAD, Stroke.DASHED))
    if total.lost:
        lines.append(line("lost", total.lost, lambda point: point.lost, Role.WARN, Stroke.DASHED))
    if total.cancelled:
        lines.append(line("cancelled", total.cancelled, lambda point: point.cancelled, Role.MUTED, Stroke.DASHED))
    nothing = not (total.attempts or total.enqueued)
    return _picture(past, "Throughput", "a second, by outcome", () if nothing else lines, RATE, "No attempt ended")


def success(past: Past) -> Picture:
    """Which share of the attempts completed."""
    rate = past.stats.figures.success_rate
    line = _line(past, "completed", lambda point: point.success_rate, Role.GOOD, Stroke.SOLID, say.share_of_all(rate))
    return _picture(past, "Success rate", "of the attempts that ended", [line], SHARE, "No attempt ended")


def run_time(past: Past) -> Picture:
    """How long the tasks ran."""
    return _spread(past, "Run time", lambda figures: figures.run, "No task was run")


def wait_time(past: Past) -> Picture:
    """How long the tasks waited until they were claimed."""
    return _spread(past, "Wait time", lambda figures: figures.wait, "No task was claimed")


def cpu(past: Past) -> Picture:
    """How much of one core the worker took."""
    return _load(past, "CPU", "of one core", "cpu", lambda value: f"{value:.0f}%", PERCENT)


def memory(past: Past) -> Picture:
    """How much memory the worker's process took."""
    return _load(past, "Memory", "of the process", "memory", lambda value: say.size(int(value)), BYTES)


def _load(past: Past, title: str, unit: str, name: str, told: Callable[[float], str], scale: Scale) -> Picture:
    """The mean of a load and its peak."""

    def line(words: str, field: str, role: Role, stroke: Stroke) -> Curve:
        def value(load: WorkerLoad | None) -> float | None:
            return None if load is None else getattr(load, field)

        total = value(next(iter(past.stats.workers), None))
        shown = "" if total is None else told(total)
        return _line(past, words, lambda point: value(point.load), role, stroke, shown)

    lines = [
        line("mean", name, Role.ACCENT, Stroke.SOLID),
        line("peak", f"{name}_peak", Role.WARN, Stroke.DOTTED),
    ]
    return _picture(past, title, unit, lines, scale, "The worker left no sample")


def _spread(past: Past, title: str, spread: Callable[[Figures], object], empty: str) -> Picture:
    def line(name: str, role: Role, stroke: Stroke) -> Curve:
        def value(figures: Figures) -> float | None:
            return getattr(spread(figures), name)

        return _line(past, name, value, role, stroke, say.duration(value(past.stats.figures)))

    lines = [
        line("p50", Role.ACCENT, Stroke.SOLID),
        line("p95", Role.WARN, Stroke.DASHED),
        line("p99", Role.MUTED, Stroke.DOTTED),
    ]
    return _picture(past, title, "half, 95% and 99% of the tasks", lines, SECONDS, empty)


def _line(past: Past, name: str, value: Value, role: Role, stroke: Stroke, total: str) -> Curve:
    points = tuple(Point(point.since, point.until, value(point)) for point in past.points)
    return Curve(name, points, role, stroke, total)


def _picture(past: Past, title: str, unit: str, lines: Sequence[Curve], scale: Scale, empty: str) -> Picture:
    figures = past.stats.figures
    return Picture(
        title, unit, tuple(lines), scale, figures.since, figures.until, f"{empty} in the last {past.span.label}"
    )


def _a_second(point: Figures, count: int) -> float:
    return count / max(point.until - point.since, 1e-3)
