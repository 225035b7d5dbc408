"""The columns of the list of groups. What a group has of its own stands out from what it has by default."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import GroupInfo
from cleo_tui import say
from cleo_tui.data.group_settings import said
from cleo_tui.screens.queue_columns import number
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import standing_of

FAILS_OFTEN = 0.05


def lock_text(group: GroupInfo, now: float) -> str:
    """In what time the lock runs out, then who holds it: what ticks must not be what is cut off."""
    lock = group.lock
    if lock is None:
        return ""
    line = f" +{lock.waiting} in line" if lock.waiting else ""
    return f"{say.duration(max(0.0, lock.expires_at - now))} {lock.owner}{line}"


def active_text(group: GroupInfo) -> str:
    """How many run, of how many that may: ``3 of 3``."""
    if group.concurrency is None:
        return say.count(group.active)
    return f"{group.active:,} of {group.concurrency:,}"


def columns_of(now: Callable[[], float]) -> Sequence[Column[GroupInfo]]:
    """All of them; ``now`` tells the server's clock."""
    return (
        Column("group", 14, lambda group: group_cell(group.group), grow=2, most=40),
        Column("standing", 11, lambda group: Cell(*standing_of(group)), flashes=True),
        Column("waiting", 9, lambda group: number(group.waiting), Side.RIGHT, flashes=True),
        Column("active", 8, _active, Side.RIGHT, flashes=True),
        Column("weight", 6, _weight, Side.RIGHT, drop=3, flashes=True),
        Column("priority", 8, _priority, Side.RIGHT, drop=4, flashes=True),
        Column("order", 8, _order, drop=6, flashes=True),
        Column("rate limit", 14, _rate, grow=1, most=20, drop=5),
        Column("run time", 8, _run, Side.RIGHT, drop=8),
        Column("fail", 5, _failing, Side.RIGHT, drop=7),
        Column("lock", 10, lambda group: Cell(lock_text(group, now()), Role.WARN), grow=3, most=60, drop=1),
    )


def group_cell(name: str) -> Cell:
    """A group by its name; where there is none it steps back."""
    return Cell(say.group(name), Role.STRONG if name else Role.MUTED)


def _active(group: GroupInfo) -> Cell:
    full = group.concurrency is not None and group.active >= group.concurrency
    return Cell(active_text(group), Role.ACCENT if full else Role.PLAIN if group.active else Role.FAINT)


def _own(group: GroupInfo, setting: str) -> Role:
    return Role.PLAIN if setting in group.own else Role.FAINT


def _weight(group: GroupInfo) -> Cell:
    return Cell(said(group.weight), _own(group, "weight"))


def _priority(group: GroupInfo) -> Cell:
    return Cell(said(group.priority), _own(group, "priority"))


def _order(group: GroupInfo) -> Cell:
    return Cell(group.order, _own(group, "order"))


def _rate(group: GroupInfo) -> Cell:
    text = said(group.rate_limit) if group.rate_limit is not None else say.NOTHING
    return Cell(text, _own(group, "rate_limit"))


def _run(group: GroupInfo) -> Cell:
    return Cell(say.duration(group.run), Role.PLAIN if group.run is not None else Role.FAINT)


def _failing(group: GroupInfo) -> Cell:
    share = group.failing
    # The share is smoothed and so never quite comes down to nothing.
    if share < 0.0005:
        return Cell("0%", Role.FAINT)
    return Cell(say.percent(share), Role.BAD if share > FAILS_OFTEN else Role.PLAIN)
