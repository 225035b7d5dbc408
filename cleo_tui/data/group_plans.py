"""Plans about groups: their settings, the rules that a queue's groups share, and their locks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from cleo_core import Cleo, GroupOrder, GroupStrategy, RateLimit
from cleo_core.models import GroupInfo, GroupRules, LockInfo
from cleo_tui import say
from cleo_tui.data.group_settings import Setting, said
from cleo_tui.data.plans import SO_ALREADY, Plan, Run, Target, Verb, look_at_queues, one_by_one


def pause_group_plan(cleo: Cleo, group: GroupInfo) -> Plan:
    """Let no worker claim from a group, or let them again if it is paused."""
    name = say.group(group.group)
    if group.paused:
        return _group_plan(
            Verb.RESUME,
            cleo,
            group,
            lambda: cleo.groups.resume(group.queue, group.group),
            question=f"Resume the group {name} of {group.queue}?",
            consequence="Workers claim from it again at once, if nothing else keeps it.",
            outcome=f"The group {name} of {group.queue} is resumed.",
        )
    return _group_plan(
        Verb.PAUSE,
        cleo,
        group,
        lambda: cleo.groups.pause(group.queue, group.group),
        question=f"Pause the group {name} of {group.queue}?",
        consequence="What runs goes on; nothing more is claimed from it until it is resumed. Other groups go on.",
        outcome=f"The group {name} of {group.queue} is paused.",
    )


def setting_plan(cleo: Cleo, group: GroupInfo, rules: GroupRules, setting: Setting, text: str) -> Plan:
    """Give a group a setting as it was typed, or take it away. Raises ``InvalidOption`` if it can't be understood."""
    value = setting.value_of(text)
    change: dict[str, Any] = {setting.name: value}
    name = say.group(group.group)
    then = said(value) if value is not None else f"as the queue has it ({said(setting.default(rules))})"
    unseen = (
        ""
        if setting.counts_under(rules.strategy)
        else f" {group.queue} goes by {say.words(rules.strategy)}, which does not look at it."
    )
    return _group_plan(
        Verb.CHANGE,
        cleo,
        group,
        lambda: cleo.groups.configure(group.queue, group.group, **change),
        question=f"Change the {setting.title} of {name} in {group.queue}?",
        label=f"{name}  {setting.title}: {said(setting.held(group))} → {then}",
        consequence=setting.effect + unseen,
        outcome=f"The {setting.title} of {name} is now {then}.",
    )


def order_plan(cleo: Cleo, group: GroupInfo, rules: GroupRules, order: GroupOrder | None) -> Plan:
    """Have a group's tasks taken in another order, or in that of the queue."""
    name = say.group(group.group)
    then = order.value if order is not None else f"as the queue has it ({rules.order})"
    return _group_plan(
        Verb.CHANGE,
        cleo,
        group,
        lambda: cleo.groups.configure(group.queue, group.group, order=order),
        question=f"Change the order of {name} in {group.queue}?",
        label=f"{name}  order: {group.order} → {then}",
        consequence="No task is moved and no worker waits. What runs goes on.",
        outcome=f"The order of {name} is now {then}.",
    )


def strategy_plan(
    cleo: Cleo, queue: str, rules: GroupRules, strategy: GroupStrategy, order: GroupOrder, groups: int
) -> Plan:
    """Have a queue's groups take turns in another way."""
    before = f"{say.words(rules.strategy)}, order {rules.order}"
    then = f"{say.words(strategy)}, order {order}"

    async def look(_sample: Sequence[Target]) -> str:
        stats = await cleo.queues.stats(queue)
        return f"{stats.waiting:,} waiting and {stats.active:,} running in {say.plural(groups, 'group')}"

    targets = (Target(queue, f"{before} → {then}"),)
    return Plan(
        Verb.CHANGE,
        queue,
        targets,
        "No task is moved and no worker waits. The turns begin anew: no group owes any or is owed any.",
        _changing(targets, lambda: cleo.groups.set_strategy(queue, strategy, order=order)),
        question=f"Change how the groups of {queue} take turns?",
        outcome=f"The groups of {queue} now take turns by {then}.",
        look=look,
    )


def queue_rate_plan(cleo: Cleo, queue: str, rules: GroupRules, text: str) -> Plan:
    """Limit how fast a queue is claimed from, or no longer. Raises ``InvalidOption`` if it can't be understood."""
    limit = RateLimit.parse(text) if text.strip() else None
    targets = (Target(queue, f"{queue}  rate limit: {said(rules.queue_rate_limit)} → {said(limit)}"),)
    return Plan(
        Verb.CHANGE,
        queue,
        targets,
        "It holds for all groups of the queue together. What runs goes on.",
        _changing(targets, lambda: cleo.queues.set_rate_limit(queue, limit)),
        question=f"Change the rate limit of {queue}?",
        outcome=f"The rate limit of {queue} is now {said(limit)}.",
        look=partial(look_at_queues, cleo),
    )


def release_plan(cleo: Cleo, lock: LockInfo) -> Plan:
    """Take a lock from whoever holds it, if that is still the same."""
    name = say.group(lock.group)

    async def look(_sample: Sequence[Target]) -> str:
        held = await cleo.locks.holder(lock.queue, lock.group)
        if held is None:
            return "nobody holds it any more"
        others = say.plural(held.waiting, "other") if held.waiting else "nobody"
        return f"held by {held.owner} with fence {held.fence}, {others} in line for it"

    async def release(_name: str) -> str:
        if await cleo.locks.force_release(lock.queue, lock.group, fence=lock.fence):
            return ""
        held = await cleo.locks.holder(lock.queue, lock.group)
        return f"It has changed hands: {held.owner} holds it now." if held else "Nobody held it any more."

    targets = (Target(name, f"held by {lock.owner}"),)
    return Plan(
        Verb.RELEASE,
        lock.queue,
        targets,
        "The next in line gets it, or workers claim from the group again.",
        one_by_one(targets, release),
        noun="lock",
        question=f"Release the lock of {name} in {lock.queue} by force?",
        outcome=f"The lock of {name} in {lock.queue} was taken from {lock.owner}.",
        caution=f"{lock.owner} may still work: it learns of this only at its next renewal. "
        "Make sure that it is gone, or that what it writes to checks fences.",
        look=look,
    )


def _group_plan(
    verb: Verb,
    cleo: Cleo,
    group: GroupInfo,
    change: Callable[[], Awaitable[bool]],
    *,
    question: str,
    consequence: str,
    outcome: str,
    label: str = "",
) -> Plan:
    name = say.group(group.group)
    targets = (Target(name, label or name),)
    return Plan(
        verb,
        group.queue,
        targets,
        consequence,
        _changing(targets, change),
        noun="group",
        question=question,
        outcome=outcome,
        look=partial(_standing_of, cleo, group),
    )


async def _standing_of(cleo: Cleo, group: GroupInfo, _sample: Sequence[Target]) -> str:
    now = await cleo.groups.get(group.queue, group.group)
    return f"{say.words(now.standing)}, {now.waiting:,} waiting, {now.active:,} running"


def _changing(targets: Sequence[Target], change: Callable[[], Awaitable[bool]]) -> Run:
    async def do(_id: str) -> str:
        return "" if await change() else SO_ALREADY

    return one_by_one(targets, do)
