"""The settings of a group that are typed as a text: how each is written, and where it counts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cleo_core import GroupStrategy, RateLimit
from cleo_core.errors import InvalidOption
from cleo_core.models import GroupInfo, GroupRules

Value = int | float | RateLimit


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a group.

    Attributes:
        name: as ``groups.configure`` calls it.
        title: as people say it.
        hint: how it is written.
        effect: what another value does, in a sentence.
        parse: makes a value of what was typed. Raises ``InvalidOption``.
        held: what holds for a group, its own or the default.
        default: what holds for a group that has none of its own.
        strategies: those under which it counts; empty: all.
    """

    name: str
    title: str
    hint: str
    effect: str
    parse: Callable[[str], Value]
    held: Callable[[GroupInfo], Value | None]
    default: Callable[[GroupRules], Value | None]
    strategies: frozenset[GroupStrategy] = frozenset()

    def value_of(self, text: str) -> Value | None:
        """What was typed as a value; None if nothing was, which takes the setting away. Raises ``InvalidOption``."""
        return self.parse(text.strip()) if text.strip() else None

    def counts_under(self, strategy: GroupStrategy) -> bool:
        """Whether the queue's strategy looks at it."""
        return not self.strategies or strategy in self.strategies


def said(value: Value | None) -> str:
    """A value as it is written; ``none`` for none."""
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)


def _whole(text: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise InvalidOption(f"{text!r} is no whole number. Write digits, such as 3.") from None


def _number(text: str) -> float:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidOption(f"{text!r} is no number. Write it as 3 or 0.5.")
    return number


CONCURRENCY = Setting(
    "concurrency",
    "concurrency limit",
    "How many of its tasks may run at once: a whole number from 1 on.",
    "What runs goes on; no more is claimed than the limit lets run.",
    _whole,
    lambda group: group.concurrency,
    lambda rules: rules.concurrency,
)
WEIGHT = Setting(
    "weight",
    "weight",
    "Its share beside other groups, from 0.001 to 1,000,000; 1 is usual.",
    "A group of weight 2 gets twice the turns of a group of weight 1.",
    _number,
    lambda group: group.weight,
    lambda rules: rules.weight,
    frozenset({GroupStrategy.ROUND_ROBIN, GroupStrategy.DYNAMIC}),
)
PRIORITY = Setting(
    "priority",
    "priority",
    "Its rank among the groups, from -1,000 to 1,000; 0 is usual, the highest goes first.",
    "Groups of a higher priority go first; each level is worth 100 claims.",
    _whole,
    lambda group: group.priority,
    lambda _rules: 0,
    frozenset({GroupStrategy.PRIORITY}),
)
RATE = Setting(
    "rate_limit",
    "rate limit",
    "How many of its tasks are claimed in a time: 100/s, 60/m, 5/10s or 100/s burst 20.",
    "What runs goes on; workers claim no faster than that.",
    RateLimit.parse,
    lambda group: group.rate_limit,
    lambda rules: rules.rate_limit,
)
SETTINGS = {setting.name: setting for setting in (CONCURRENCY, WEIGHT, PRIORITY, RATE)}
