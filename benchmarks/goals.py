"""What the engine is meant to reach, and the table that holds it against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from benchmarks.peers.table import aligned

Samples = Mapping[str, Sequence[float]]
"""What was measured of each figure, by its key, one number a round."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the median. ``floor`` is what must hold even where the goal does not."""

    relation: Literal[">=", "<=", "<"]
    bound: float
    floor: float | None = None

    def verdict(self, value: float) -> str:
        """How a figure stands to the goal, in a word."""
        if {">=": value >= self.bound, "<=": value <= self.bound, "<": value < self.bound}[self.relation]:
            return "met"
        if self.floor is not None:
            return "above the floor" if value >= self.floor else "below the floor"
        return "missed"


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table."""

    key: str
    title: str
    decimals: int = 0
    goal: Goal | None = None

    def shown(self, value: float) -> str:
        """A value of this figure as the table has it."""
        return f"{value:,.{self.decimals}f}"

    def goal_shown(self) -> str:
        """The goal as the table has it."""
        if self.goal is None:
            return "-"
        floor = f" (floor {self.shown(self.goal.floor)})" if self.goal.floor is not None else ""
        bound = f"{self.goal.bound:,.{self.decimals}f}".rstrip("0").rstrip(".") if self.decimals else None
        return f"{self.goal.relation} {bound or self.shown(self.goal.bound)}{floor}"


FIGURES: tuple[Figure, ...] = (
    Figure("enqueue_per_s", "enqueue one by one /s"),
    Figure("payload_bulk_per_s", "enqueue in bulk /s, 100-byte payload", goal=Goal(">=", 80_000)),
    Figure("bulk_per_s", "enqueue in bulk /s, one integer"),
    Figure("drain_per_s", "drain /s, one worker process", goal=Goal(">=", 35_000, floor=20_000)),
    Figure("pick_up_p50_ms", "pick-up p50 ms, idle worker", 2, Goal("<", 1.0)),
    Figure("pick_up_p95_ms", "pick-up p95 ms", 2),
    Figure("scripts_per_run", "script calls a task while busy", 4, Goal("<=", 0.05)),
    Figure("commands_per_run", "Redis commands a task run", 1),
    Figure("commands_per_enqueue", "Redis commands a task enqueued", 1),
    Figure("worker_cpu_s_per_1000", "worker CPU s/1000 tasks run", 3),
    Figure("server_cpu_s_per_1000", "server CPU s/1000 tasks run", 3),
    Figure("drain_cpu_bound_per_s", "drain /s that this CPU time allows"),
    Figure("bulk_producer_cpu_s_per_1000", "producer CPU s/1000 tasks in bulk", 3),
    Figure("bulk_server_cpu_s_per_1000", "server CPU s/1000 tasks in bulk", 3),
    Figure("waiting_mb", "tasks waiting: server memory MB", goal=Goal("<", 700)),
    Figure("waiting_bytes_each", "tasks waiting: bytes each"),
    Figure("rss_early_mb", "worker RSS MB, after the first tasks", 1),
    Figure("rss_late_mb", "worker RSS MB, after the last task", 1),
    Figure("rss_growth_mb", "worker RSS growth MB", 1, Goal("<", 10)),
    Figure("rss_growth_percent", "worker RSS growth %", 1, Goal("<", 10)),
)


def medians(samples: Samples) -> dict[str, float]:
    """One number a figure: the middle one of its rounds."""
    return {key: median(values) for key, values in samples.items()}


def format_goals(samples: Samples) -> str:
    """Goal and measured side by side, as aligned plain text."""
    rows: list[list[str]] = [["figure", "goal", "measured", "verdict", "range", "rounds"]]
    for figure in FIGURES:
        values = samples.get(figure.key)
        if not values:
            continue
        middle = median(values)
        verdict = figure.goal.verdict(middle) if figure.goal else "-"
        spread = f"{figure.shown(min(values))} to {figure.shown(max(values))}" if len(values) > 1 else "-"
        rows.append([figure.title, figure.goal_shown(), figure.shown(middle), verdict, spread, str(len(values))])
    return "\n".join(aligned(rows, names=1))


def as_json(samples: Samples) -> list[dict[str, object]]:
    """The same for a program."""
    return [
        {
            "figure": figure.key,
            "title": figure.title,
            "goal": f"{figure.goal.relation} {figure.goal.bound:g}" if figure.goal else None,
            "floor": figure.goal.floor if figure.goal else None,
            "measured": median(values),
            "verdict": figure.goal.verdict(median(values)) if figure.goal else None,
            "rounds": list(values),
        }
        for figure in FIGURES
        if (values := samples.get(figure.key))
    ]
