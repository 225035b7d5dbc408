"""Groups as a table and as a page of text."""

from __future__ import annotations

from cleo_core.cli.tables import Cell, Colour, Column, Look, Painted, facts, right, table, wide
from cleo_core.cli.words import NOTHING, duration, moment, number, share
from cleo_core.models import GroupInfo, GroupPage, GroupStanding

COLUMNS = (
    wide("GROUP"),
    right("WAITING"),
    right("ACTIVE"),
    right("LIMIT"),
    right("WEIGHT"),
    right("PRIORITY"),
    Column("ORDER"),
    Column("RATE"),
    right("RUN"),
    Column("STANDING"),
)
COLOURS = {GroupStanding.PAUSED: Colour.YELLOW, GroupStanding.LOCKED: Colour.YELLOW, GroupStanding.READY: Colour.GREEN}


def group_table(look: Look, page: GroupPage) -> str:
    """One line a group."""
    return table(look, COLUMNS, map(_row, page.items))


def _row(group: GroupInfo) -> list[Cell]:
    return [
        group.group or NOTHING,
        number(group.waiting),
        number(group.active),
        number(group.concurrency),
        number(group.weight),
        number(group.priority),
        group.order,
        str(group.rate_limit or NOTHING),
        duration(group.run),
        _standing(group),
    ]


def _standing(group: GroupInfo) -> Cell:
    return Painted(group.standing.replace("_", " "), COLOURS.get(group.standing))


def group_facts(look: Look, group: GroupInfo) -> str:
    """All of one group; an asterisk says that a setting is its own."""

    def whose(name: str, value: str) -> str:
        return f"{value} *" if name in group.own else value

    lock = group.lock
    options = {name: value for name, value in group.options.model_dump().items() if value is not None}
    return facts(
        look,
        [
            ("group", group.group or NOTHING),
            ("queue", group.queue),
            ("standing", _standing(group)),
            ("waiting", number(group.waiting)),
            ("active", number(group.active)),
            ("concurrency", whose("concurrency", number(group.concurrency))),
            ("weight", whose("weight", number(group.weight))),
            ("priority", whose("priority", number(group.priority))),
            ("order", whose("order", group.order)),
            ("rate limit", whose("rate_limit", str(group.rate_limit or NOTHING))),
            *((name.replace("_", " "), whose(name, str(value))) for name, value in options.items()),
            ("throttled until", moment(group.throttled_until)),
            ("run time", duration(group.run)),
            ("failing", share(group.failing)),
            ("yields", "yes" if group.yields else "no"),
            ("lock", f"{lock.owner}, until {moment(lock.expires_at)}" if lock else NOTHING),
        ],
    )
