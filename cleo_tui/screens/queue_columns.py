"""The columns of queues, as the overview and the list of queues show them."""

from __future__ import annotations

from cleo_tui import say
from cleo_tui.data.rates import Drain
from cleo_tui.data.snapshot import QueueView
from cleo_tui.theme import Role
from cleo_tui.widgets.braille import spark
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import HEALTHS

SPARK = 16
_DRAIN_ROLES = {
    "stalled": Role.BAD,
    "paused": Role.WARN,
    "growing": Role.WARN,
    "steady": Role.MUTED,
    "empty": Role.MUTED,
}


def drain_cell(drain: Drain) -> Cell:
    """The drain time, or the word why there is none."""
    if drain.seconds is not None:
        return Cell(say.duration(drain.seconds))
    return Cell(drain.word, _DRAIN_ROLES.get(drain.word, Role.PLAIN))


def number(value: int, role: Role = Role.PLAIN) -> Cell:
    """A count; nothing is worth less attention than something."""
    return Cell(say.count(value), role if value else Role.FAINT)


def _health(queue: QueueView) -> Cell:
    look = HEALTHS[queue.health]
    return Cell(f"{look.glyph} {queue.health.word}", look.role)


def _rate(value: float) -> Cell:
    return Cell(say.rate(value), Role.PLAIN if value else Role.FAINT)


def _failures(queue: QueueView) -> Cell:
    share = queue.rates.failures
    return Cell(say.percent(share), Role.BAD if (share or 0) > 0.05 else Role.PLAIN if share else Role.FAINT)


def _oldest(queue: QueueView) -> Cell:
    oldest = queue.oldest
    return Cell(say.age(oldest), Role.FAINT if oldest is None else Role.WARN if oldest > 60 else Role.PLAIN)


def _spark(queue: QueueView) -> Cell:
    return Cell(spark([minute.completed for minute in queue.minutes], SPARK), Role.ACCENT)


def _workers(queue: QueueView) -> Cell:
    if queue.workers is None:
        return Cell(say.NOTHING)
    return Cell(say.count(queue.workers), Role.PLAIN if queue.workers else Role.BAD)


STATE = Column[QueueView]("state", 9, _health, flashes=True)
NAME = Column[QueueView]("queue", 12, lambda queue: Cell(queue.name, Role.STRONG), grow=3, most=40)
WAITING = Column[QueueView]("waiting", 9, lambda queue: number(queue.counts.waiting), Side.RIGHT, flashes=True)
ACTIVE = Column[QueueView]("active", 6, lambda queue: number(queue.counts.active), Side.RIGHT, flashes=True)
DELAYED = Column[QueueView]("delayed", 7, lambda queue: number(queue.counts.delayed), Side.RIGHT, drop=6, flashes=True)
DEAD = Column[QueueView]("dead", 6, lambda queue: number(queue.counts.dead, Role.BAD), Side.RIGHT, flashes=True)
COMES = Column[QueueView]("in", 8, lambda queue: _rate(queue.rates.enqueued), Side.RIGHT, drop=5)
GOES = Column[QueueView]("out", 8, lambda queue: _rate(queue.rates.completed), Side.RIGHT, drop=1)
FAILS = Column[QueueView]("fail", 5, _failures, Side.RIGHT, drop=2)
OLDEST = Column[QueueView]("oldest", 6, _oldest, Side.RIGHT)
DRAIN = Column[QueueView]("drain", 11, lambda queue: drain_cell(queue.drain), Side.RIGHT, drop=3)
LATELY = Column[QueueView](f"last {SPARK} min", SPARK, _spark, drop=4)
STRATEGY = Column[QueueView](
    "strategy", 11, lambda queue: Cell(queue.stats.strategy.replace("_", " "), Role.MUTED), drop=8
)
WORKERS = Column[QueueView]("workers", 7, _workers, Side.RIGHT, drop=7, flashes=True)

BRIEF = (STATE, NAME, WAITING, ACTIVE, DEAD, COMES, GOES, FAILS, LATELY, OLDEST, DRAIN)
ALL = (
    STATE, NAME, WAITING, ACTIVE, DELAYED, DEAD, COMES, GOES, FAILS, LATELY, OLDEST, DRAIN, STRATEGY, WORKERS,
)  # fmt: skip
