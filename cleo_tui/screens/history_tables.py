"""The tables of the history: the kinds of errors, the slowest task names, and what workers took of their machines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import ErrorPattern, NameFigures, WorkerLoad
from cleo_tui import say
from cleo_tui.screens.queue_columns import number
from cleo_tui.screens.worker_columns import BLOCKED
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side


def error_columns(now: Callable[[], float], failures: Callable[[], int]) -> Sequence[Column[ErrorPattern]]:
    """Of kinds of errors; ages are told by that clock, shares are of so many failures."""

    def share(error: ErrorPattern) -> Cell:
        of = failures()
        return Cell(say.percent(min(1.0, error.count / of)) if of else say.NOTHING, Role.MUTED)

    def ago(at: float | None) -> Cell:
        return Cell(say.NOTHING if at is None else say.ago(max(0.0, now() - at)), Role.MUTED)

    return (
        Column("count", 7, lambda error: number(error.count, Role.BAD), Side.RIGHT),
        Column("share", 5, share, Side.RIGHT),
        Column("pattern", 20, _pattern, grow=4),
        Column("queue", 8, lambda error: Cell(error.queue, Role.MUTED), grow=1, most=20, drop=3),
        Column("last task", 9, lambda error: Cell(error.last_name, Role.MUTED), grow=1, most=24, drop=4),
        Column("first seen", 10, lambda error: ago(error.first_seen), Side.RIGHT, drop=2),
        Column("last seen", 10, lambda error: ago(error.last_seen), Side.RIGHT, drop=1),
    )


def _pattern(error: ErrorPattern) -> Cell:
    return Cell(error.pattern, Role.BAD) if error.pattern else Cell(f"{error.fingerprint} (forgotten)", Role.MUTED)


def name_columns() -> Sequence[Column[NameFigures]]:
    """Of task names."""

    def failed(row: NameFigures) -> Cell:
        rate = row.figures.failure_rate
        return Cell(say.percent(rate), Role.BAD if rate else Role.FAINT)

    return (
        Column("task", 12, lambda row: Cell(row.name, Role.STRONG), grow=1, most=40),
        Column("p95", 8, lambda row: Cell(say.duration(row.figures.run.p95)), Side.RIGHT),
        Column("p50", 8, lambda row: Cell(say.duration(row.figures.run.p50)), Side.RIGHT, drop=2),
        Column("p99", 8, lambda row: Cell(say.duration(row.figures.run.p99)), Side.RIGHT, drop=4),
        Column("in all", 10, lambda row: Cell(say.duration(row.figures.run_total)), Side.RIGHT, drop=3),
        Column("attempts", 9, lambda row: number(row.figures.attempts), Side.RIGHT),
        Column("fail", 5, failed, Side.RIGHT, drop=1),
    )


def load_columns() -> Sequence[Column[WorkerLoad]]:
    """Of workers' loads; peaks are the highest of the range."""

    def percent(value: float) -> Cell:
        return Cell(f"{value:.0f}%", Role.WARN if value > 90 else Role.PLAIN)

    def lag(load: WorkerLoad) -> Cell:
        role = Role.BAD if load.loop_lag > BLOCKED else Role.WARN if load.loop_lag > 0.1 else Role.FAINT
        return Cell(say.duration(round(load.loop_lag, 3)), role)

    return (
        Column("worker", 12, lambda load: Cell(load.worker, Role.STRONG), grow=1, most=48),
        Column("cpu", 5, lambda load: percent(load.cpu), Side.RIGHT),
        Column("peak", 5, lambda load: percent(load.cpu_peak), Side.RIGHT, drop=2),
        Column("memory", 9, lambda load: Cell(say.size(int(load.memory))), Side.RIGHT),
        Column("peak", 9, lambda load: Cell(say.size(int(load.memory_peak))), Side.RIGHT, drop=3),
        Column("slots busy", 10, lambda load: Cell(say.percent(load.utilisation)), Side.RIGHT, drop=1),
        Column("worst lag", 9, lag, Side.RIGHT, drop=4),
    )
