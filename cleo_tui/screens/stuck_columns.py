"""The columns of stuck tasks, and how each reason looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import StuckKind, StuckTask, WorkerHealth
from cleo_tui import say
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import Look

REASONS = {
    StuckKind.LEASE_RAN_OUT: ("lease ran out", Look("✗", Role.BAD)),
    StuckKind.WORKER_SILENT: ("worker silent", Look("?", Role.BAD)),
    StuckKind.WORKER_BLOCKED: ("worker blocked", Look("■", Role.BAD)),
    StuckKind.PAST_TIMEOUT: ("past timeout", Look("◷", Role.WARN)),
    StuckKind.FAR_PAST_USUAL: ("past usual", Look("▲", Role.WARN)),
}
_HEALTH = {
    WorkerHealth.ALIVE: Role.MUTED,
    WorkerHealth.BLOCKED: Role.WARN,
    WorkerHealth.SILENT: Role.BAD,
}


def reason_cell(task: StuckTask) -> Cell:
    """The first reason, which is the most decisive, and how many more there are."""
    word, look = REASONS[task.reasons[0].kind]
    more = f" +{len(task.reasons) - 1}" if len(task.reasons) > 1 else ""
    return Cell(f"{look.glyph} {word}{more}", look.role)


def columns(past: Callable[[StuckTask], float]) -> Sequence[Column[StuckTask]]:
    """The columns; ``past`` is how long ago a task was read, by which its ages have grown since."""

    def running(task: StuckTask) -> Cell:
        return Cell(say.duration(task.running + past(task)), Role.ACCENT)

    def lease(task: StuckTask) -> Cell:
        left = task.lease - past(task)
        return Cell(say.duration(left), Role.PLAIN) if left > 0 else Cell(say.ago(-left), Role.BAD)

    def beat(task: StuckTask) -> Cell:
        if task.heartbeat_age is None:
            return Cell("none", Role.BAD)
        return Cell(say.ago(task.heartbeat_age + past(task)), _HEALTH[task.health])

    return (
        Column("why", 18, reason_cell),
        Column("task", 12, lambda task: Cell(task.name, Role.STRONG), grow=2, most=40),
        Column("queue", 8, lambda task: Cell(task.queue, Role.MUTED), grow=1, most=24, drop=3),
        Column("running", 11, running, Side.RIGHT),
        Column("lease", 11, lease, Side.RIGHT),
        Column("heartbeat", 9, beat, Side.RIGHT, drop=1),
        Column("worker", 12, lambda task: Cell(task.worker, _HEALTH[task.health]), grow=2, most=48, drop=2),
        Column("group", 8, lambda task: Cell(task.group, Role.MUTED), grow=1, most=24, drop=6),
        Column("try", 3, lambda task: Cell(str(task.attempt)), Side.RIGHT, drop=5),
        Column("id", 12, lambda task: Cell(task.id, Role.MUTED), grow=2, most=32, drop=4),
    )
