"""What was measured of groups as tables, the goal beside each figure that has one, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.goals import Goal
from benchmarks.groups_claims import ClaimCost, Share
from benchmarks.groups_fairness import Waits, quantile
from benchmarks.groups_switch import BusySwitch, Switch, Switching
from benchmarks.peers.table import aligned

RATIO = Goal("<", 1.5)
SECONDS = Goal("<", 2.0)
LONGEST_MS = Goal("<", 20.0)
OFF_PERCENT = Goal("<=", 2.0)


@dataclass(frozen=True, slots=True)
class Report:
    """One step: a heading, tables as plain text, and the same for a program."""

    key: str
    title: str
    text: str
    data: Any


def _table(rows: Sequence[Sequence[str]], names: int = 1) -> str:
    return "\n".join(aligned(rows, names))


def _goals(*rows: tuple[str, Goal, float, int]) -> str:
    head = ["figure", "goal", "measured", "verdict"]
    return _table(
        [
            head,
            *(
                [title, f"{goal.relation} {goal.bound:g}", f"{value:,.{decimals}f}", goal.verdict(value)]
                for title, goal, value, decimals in rows
            ),
        ]
    )


def report_claims(costs: Sequence[ClaimCost]) -> Report:
    """The cost of a claim by number of groups, and how it grows from the fewest to the most."""
    sizes = sorted({cost.groups for cost in costs})
    rows: list[list[str]] = [
        ["strategy", "groups", *(f"{size:,}" for size in sizes), "ratio", *(f"{size:,}" for size in sizes)]
    ]
    worst: dict[bool, float] = {}
    kinds = [
        (strategy, blocked, one)
        for strategy in dict.fromkeys(cost.strategy for cost in costs)
        for one in (False, True)
        for blocked in (False, True)
    ]
    half = len(costs) // 2
    for strategy, blocked, one in kinds:
        own = [cost for cost in (costs[half:] if blocked else costs[:half]) if cost.strategy == strategy]
        times = [cost.us_one_by_one if one else cost.us for cost in own]
        known = [value for value in times if value is not None]
        if not known:
            continue
        ratio = known[-1] / known[0]
        worst[blocked] = max(worst.get(blocked, 0.0), ratio)
        commands = ["" if one else f"{cost.commands:.1f}" for cost in own]
        standing = "all but ten blocked" if blocked else "all ready"
        name = f"{strategy}, one a call" if one else strategy
        rows.append([name, standing, *(f"{value:.0f}" for value in known), f"{ratio:.2f}", *commands])
    few, many = f"{sizes[0]:,}", f"{sizes[-1]:,}"
    text = (
        "CPU microseconds of the server for a claimed task, 100 a call unless said otherwise; ratio of "
        f"{many} groups to {few};\nthen commands that the script sent for it. A third of the blocked groups is paused, "
        "a third at its limit, a third\nrate limited.\n\n"
        f"{_table(rows, 2)}\n\n"
        + _goals(
            (f"{many} groups to {few}, all ready: highest ratio", RATIO, worst[False], 2),
            (f"{many} groups to {few}, all but ten blocked: highest ratio", RATIO, worst[True], 2),
        )
    )
    return Report("claims", "The cost of a claim", text, [asdict(cost) for cost in costs])


def report_switching(result: Switching) -> Report:
    """How long changes took, at rest and while a worker claims, and previews of other rules."""
    busy = result.busy
    changes: list[Switch | BusySwitch] = [*result.strategies, *result.orders, *busy]
    text = "\n\n".join(
        [
            _switch_table("change, nobody else about", [*result.strategies, *result.orders]),
            _busy_table(busy),
            _switch_table("preview of 10 tasks under (now ROUND_ROBIN)", result.previews),
            _goals(
                ("a change at rest: seconds, the longest", SECONDS, _longest([*result.strategies, *result.orders]), 1),
                ("any change: ms of the longest script call", LONGEST_MS, max(c.longest_ms for c in changes), 0),
                (
                    "any change: ms of the longest script call, median",
                    LONGEST_MS,
                    median(c.longest_ms for c in changes),
                    0,
                ),
                ("a preview: ms of the longest script call", LONGEST_MS, max(p.longest_ms for p in result.previews), 0),
            ),
        ]
    )
    title = f"Changing the rules of {result.tasks:,} tasks in {result.groups:,} groups"
    return Report("switching", title, text, asdict(result))


def _longest(changes: Sequence[Switch]) -> float:
    return max(change.seconds for change in changes)


def _switch_table(head: str, changes: Sequence[Switch]) -> str:
    return _table(
        [
            [head, "seconds", "server CPU s", "longest call ms"],
            *(
                [change.what, f"{change.seconds:.1f}", f"{change.cpu_seconds:.1f}", f"{change.longest_ms:.1f}"]
                for change in changes
            ),
        ]
    )


def _busy_table(changes: Sequence[BusySwitch]) -> str:
    rows = [["change while a worker claims", "seconds", "longest call ms", "tasks claimed", "worker waited at most ms"]]
    rows += [
        [c.what, f"{c.seconds:.1f}", f"{c.longest_ms:.1f}", f"{c.claimed:,}", f"{c.longest_wait_ms:.0f}"]
        for c in changes
    ]
    return _table(rows)


def report_fairness(waits: Sequence[Waits], big: int, small: int) -> Report:
    """The waits of the small groups' tasks under each strategy."""
    rows: list[list[str]] = [["strategy", "median tasks", "95% tasks", "longest tasks", "median s", "longest s"]]
    data: list[dict[str, Any]] = []
    for wait in waits:
        tasks, seconds = wait.tasks_before, wait.seconds
        high = quantile(tasks, 0.95)
        rows.append(
            [
                wait.strategy,
                f"{wait.middle_tasks:,.0f}",
                f"{high:,}",
                f"{tasks[-1]:,}",
                f"{wait.middle_seconds:.2f}",
                f"{seconds[-1]:.2f}",
            ]
        )
        data.append(
            {
                "strategy": wait.strategy,
                "median_tasks": wait.middle_tasks,
                "p95_tasks": high,
                "longest_tasks": tasks[-1],
                "median_s": wait.middle_seconds,
                "longest_s": seconds[-1],
            }
        )
    title = f"What tasks of 99 groups with {small:,} each wait for, beside one group with {big:,}"
    return Report("fairness", title, _table(rows), data)


def report_shares(shares: Sequence[Share], claims: int) -> Report:
    """What each group had of the claims, beside what its weight promised."""
    rows: list[list[str]] = [["group", "weight", "promised", "served", "off %"]]
    rows += [
        [share.group, f"{share.weight:g}", f"{share.promised:,.0f}", f"{share.served:,}", f"{share.off_percent:.2f}"]
        for share in shares
    ]
    worst = max(share.off_percent for share in shares)
    text = f"{_table(rows)}\n\n{_goals(('share off by at most %', OFF_PERCENT, worst, 2))}"
    return Report("shares", f"Shares of {claims:,} claims by weight", text, [asdict(share) for share in shares])
