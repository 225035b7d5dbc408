"""From what the scripts know of groups to the models that are handed out. The format is told in
``lua/lib/group_row.lua``.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from cleo_core.models import (
    GroupInfo,
    GroupOptions,
    GroupOrder,
    GroupPage,
    GroupRules,
    GroupStanding,
    GroupStrategy,
    LockInfo,
)
from cleo_core.rate_limit import RateLimit

_RULES = [
    "strategy",
    "order",
    "concurrency",
    "weight",
    "every",
    "burst",
    "rate",
    "options",
    "queue_every",
    "queue_burst",
    "queue_rate",
    "queue_tat",
    "paused",
    "waiting",
    "moving",
    "ready",
    "throttled",
]
_ROW = [
    "name",
    "waiting",
    "running",
    "score",
    "throttled",
    "moving",
    "waiters",
    "weight",
    "priority",
    "order",
    "concurrency",
    "every",
    "burst",
    "tat",
    "paused",
    "locked",
    "lock_owner",
    "lock_fence",
    "lock_since",
    "barred",
    "run",
    "bad",
    "yields",
    "options",
    "rate",
    "lock_token",
]
_OWN = ("weight", "priority", "order", "concurrency", "rate", "paused", "options")


def _texts(names: list[str], row: list[Any]) -> dict[str, str]:
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for name, value in zip(names, row, strict=True)
    }


def _options(text: str) -> dict[str, Any]:
    return from_json(text) if text else {}


def rules_of(row: list[Any]) -> GroupRules:
    """What all groups of a queue share."""
    text = _texts(_RULES, row)
    return GroupRules(
        strategy=GroupStrategy(text["strategy"] or "round_robin"),
        order=GroupOrder(text["order"] or "priority"),
        concurrency=int(text["concurrency"]) if text["concurrency"] else None,
        weight=float(text["weight"] or 1),
        rate_limit=RateLimit.parse(text["rate"]) if text["rate"] else None,
        options=GroupOptions(**_options(text["options"])),
        queue_rate_limit=RateLimit.parse(text["queue_rate"]) if text["queue_rate"] else None,
        paused=text["paused"] == "1",
        moving=int(text["moving"]),
        ready=int(text["ready"]),
    )


def group_of(queue: str, now_ms: int, rules_row: list[Any], row: list[Any]) -> GroupInfo:
    """A group as it stands."""
    rules, text = rules_of(rules_row), _texts(_ROW, row)
    concurrency = int(text["concurrency"]) if text["concurrency"] else rules.concurrency
    lock = _lock_of(queue, now_ms, text)
    return GroupInfo(
        queue=queue,
        group=text["name"],
        standing=_standing(now_ms, text, concurrency),
        waiting=int(float(text["waiting"])),
        active=int(text["running"]),
        paused=text["paused"] == "1",
        concurrency=concurrency,
        weight=float(text["weight"] or rules.weight),
        priority=int(text["priority"] or 0),
        order=GroupOrder(text["order"]) if text["order"] else rules.order,
        rate_limit=RateLimit.parse(text["rate"]) if text["rate"] else rules.rate_limit,
        options=GroupOptions(**{**rules.options.model_dump(exclude_none=True), **_options(text["options"])}),
        own=["rate_limit" if name == "rate" else name for name in _OWN if text[name]],
        throttled_until=float(text["throttled"]) / 1000 if text["throttled"] not in {"", "inf"} else None,
        lock=lock,
        run=float(text["run"]) / 1000 if text["run"] else None,
        failing=float(text["bad"] or 0),
        yields=text["yields"] == "1" and rules.strategy is GroupStrategy.DYNAMIC,
    )


def _standing(now_ms: int, text: dict[str, str], concurrency: int | None) -> GroupStanding:
    if text["paused"] == "1":
        return GroupStanding.PAUSED
    if float(text["locked"] or 0) > now_ms or float(text["barred"] or 0) > now_ms:
        return GroupStanding.LOCKED
    if concurrency is not None and int(text["running"]) >= concurrency:
        return GroupStanding.AT_LIMIT
    if not float(text["waiting"]):
        return GroupStanding.IDLE
    if text["throttled"] and float(text["throttled"]) > now_ms:
        return GroupStanding.THROTTLED
    return GroupStanding.READY


def _lock_of(queue: str, now_ms: int, text: dict[str, str]) -> LockInfo | None:
    if float(text["locked"] or 0) <= now_ms:
        return None
    return LockInfo(
        queue=queue,
        group=text["name"],
        owner=text["lock_owner"],
        fence=int(text["lock_fence"] or 0),
        since=float(text["lock_since"] or 0) / 1000,
        expires_at=float(text["locked"]) / 1000,
        waiting=int(text["waiters"]),
    )


def page_of_groups(queue: str, raw: list[Any]) -> GroupPage:
    """A window onto the groups of a queue, of what ``groups.lua`` returns."""
    now, offset, total, rules, rows = raw
    return GroupPage(
        queue=queue,
        offset=offset,
        total=total,
        items=[group_of(queue, now, rules, row) for row in rows],
        rules=rules_of(rules),
        at=now / 1000,
    )
