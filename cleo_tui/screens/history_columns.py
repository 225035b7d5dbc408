"""The columns of attempts that ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import HistoryEntry
from cleo_tui import say
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import OUTCOMES


def key_of(entry: HistoryEntry) -> str:
    """What tells an entry from all others."""
    return f"{entry.queue} {entry.task_id} {entry.attempt} {entry.at}"


def columns(now: Callable[[], float]) -> Sequence[Column[HistoryEntry]]:
    """The columns; ages are told by that clock."""

    def ended(entry: HistoryEntry) -> Cell:
        return Cell(say.ago(max(0.0, now() - entry.at)), Role.MUTED)

    return (
        Column("outcome", 11, _outcome),
        Column("task", 14, lambda entry: Cell(entry.name, Role.STRONG), grow=2, most=40),
        Column("id", 12, lambda entry: Cell(entry.task_id, Role.MUTED), grow=2, most=32, drop=4),
        Column("queue", 8, lambda entry: Cell(entry.queue, Role.MUTED), grow=1, most=24, drop=2),
        Column("group", 8, lambda entry: Cell(entry.group, Role.MUTED), grow=1, most=24, drop=6),
        Column("try", 3, lambda entry: Cell(str(entry.attempt), _try_role(entry)), Side.RIGHT, drop=5),
        Column("waited", 8, lambda entry: Cell(say.duration(entry.wait)), Side.RIGHT, drop=3),
        Column("ran", 8, lambda entry: Cell(say.duration(entry.run)), Side.RIGHT),
        Column("ended", 10, ended, Side.RIGHT),
        Column("error", 16, lambda entry: Cell(entry.error, Role.BAD), grow=3, drop=1),
    )


def _outcome(entry: HistoryEntry) -> Cell:
    look = OUTCOMES[entry.outcome]
    return Cell(f"{look.glyph} {say.words(entry.outcome)}", look.role)


def _try_role(entry: HistoryEntry) -> Role:
    return Role.PLAIN if entry.attempt > 1 else Role.FAINT
