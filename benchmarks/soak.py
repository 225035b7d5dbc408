"""The console for an hour on the demo's workload at full rate; prints goal and measured side by side, fails if one is
missed.

It is on a terminal of its own and is led through all its screens the whole time. Memory is flat if the median of the
last quarter of the run is no more than a few MB above that of the second; the first quarter is for what is kept up to
a limit (the last 5,000 events, an hour of minutes) to fill. At the end everything is stopped, and what the console has
counted is compared with what the engine has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.console_terminal import Missing, Terminal
from benchmarks.goals import Figure, Goal
from benchmarks.peers.console import leave_on_signals, to_stderr
from benchmarks.peers.server import connect, fresh_server
from benchmarks.peers.table import aligned
from cleo_core import Cleo
from cleo_core.keys import Keys
from cleo_tui.demo.workload import NAMESPACE, QUEUES

FIGURES = (
    Figure("minutes", "minutes", 1),
    Figure("tasks_per_s", "tasks enqueued a second", 0),
    Figure("events_per_s", "events a second", 0),
    Figure("rss_mb", "resident memory at the end, MB", 1, Goal("<", 120)),
    Figure("growth_mb", "its median, last quarter less second, MB", 1, Goal("<=", 4)),
    Figure("logged", "lines in its log (warnings, errors)", 0, Goal("<=", 0)),
    Figure("events_off", "events heard, less those of the engine", 0, Goal("<=", 0)),
    Figure("counts_off", "counts of queues that differ from the engine's", 0, Goal("<=", 0)),
    Figure("exit_code", "exit code", 0, Goal("<=", 0)),
)
STATES = ("waiting", "active", "delayed", "dead")
STEP = 2.0
SCREENS = "1234567890"
_CONSOLE = """
import logging, sys
logging.basicConfig(filename=sys.argv.pop(1), level=logging.WARNING)
logging.captureWarnings(True)
from cleo_tui.cli import main
main()
"""


class _Soak:
    def __init__(self, url: str, folder: Path, seconds: float, orders: float) -> None:
        self._url, self._folder, self._seconds, self._orders = url, folder, seconds, orders
        self._log = folder / "console.log"
        self.measured: dict[str, float] = {}

    def run(self) -> None:
        command = [sys.executable, "-c", _CONSOLE, str(self._log), self._url, "--namespace", NAMESPACE]
        terminal = Terminal(command)
        try:
            terminal.wait(lambda screen: "No queues in the namespace" in screen)
            began = time.monotonic()
            with self._workload():
                samples = self._watch(terminal, began)
            passed = time.monotonic() - began
            self.measured |= {
                "minutes": passed / 60,
                "rss_mb": samples[-1],
                "growth_mb": _growth(samples),
                "tasks_per_s": sum(self._field("enqueued")) / passed,
                "events_per_s": sum(self._field("events")) / passed,
            }
            self._compare(terminal)
            terminal.press("q")
            self.measured["exit_code"] = terminal.ended(within=10)
            self.measured["logged"] = len(self._log.read_text().splitlines())
            to_stderr(self._log.read_text()[:2_000])
        finally:
            terminal.close()

    @contextmanager
    def _workload(self) -> Generator[None]:
        worker = [
            sys.executable, "-m", "cleo_core.cli.main", "worker", "cleo_tui.demo.workload:cleo", "--queues",
            ",".join(QUEUES), "--processes", "2", "--concurrency", "100", "--grace", "1",
        ]  # fmt: skip
        feeder = [sys.executable, "-m", "cleo_tui.demo.feeder", str(self._orders)]
        with (self._folder / "workload.log").open("ab") as output:
            started = [self._start(command, output.fileno()) for command in (worker, feeder)]
            try:
                yield
            finally:
                for process in reversed(started):
                    process.terminate()
                    process.wait(30)

    def _start(self, command: Sequence[str], output: int) -> subprocess.Popen[bytes]:
        environment = {"PATH": "/usr/bin:/bin", "CLEO_DEMO_URL": self._url}
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def _watch(self, terminal: Terminal, began: float) -> list[float]:
        """Go through the screens; the memory in MB at each of them."""
        samples: list[float] = []
        step = 0
        while (passed := time.monotonic() - began) < self._seconds:
            terminal.press(SCREENS[step % len(SCREENS)])
            time.sleep(STEP / 2)
            if step % 3 == 0:
                terminal.press("?")
                time.sleep(STEP / 4)
                terminal.press("\x1b")
            time.sleep(STEP / 4)
            samples.append(terminal.process.memory_info().rss / 1e6)
            step += 1
            if step % 30 == 0:
                to_stderr(f"soak: {passed / 60:4.1f} min, {samples[-1]:.1f} MB")
        terminal.press("\x1b")
        return samples

    def _field(self, field: str) -> list[int]:
        keys = Keys(NAMESPACE)
        with connect(self._url) as client:
            values: list[Any] = [client.hget(keys.of_queue(queue).queue, field) for queue in QUEUES]
        return [int(value or 0) for value in values]

    def _compare(self, terminal: Terminal) -> None:
        """What the console has counted, and what the engine has, once nothing happens any more."""
        told = -1
        while told != (told := sum(self._field("events"))):
            time.sleep(3)
        time.sleep(1)
        terminal.press("8")
        terminal.wait(lambda screen: _heard(screen) is not None)
        deadline = time.monotonic() + 30
        while (heard := _heard(terminal.text())) != told and time.monotonic() < deadline:
            time.sleep(1)
        self.measured["events_off"] = abs((heard or 0) - told)
        exported = self._folder / "queues.json"
        terminal.press("2")
        terminal.wait(lambda screen: "drain" in screen)
        terminal.command(f"export {exported}")
        terminal.wait(lambda _screen: exported.exists())
        shown = {row["queue"]: row for row in json.loads(exported.read_text())}
        true = asyncio.run(_counts(self._url))
        differ = [
            f"{queue}: {state} {shown[queue][state]}, not {counts[state]}"
            for queue, counts in true.items()
            for state in STATES
            if shown[queue][state] != counts[state]
        ]
        to_stderr("\n".join(differ))
        self.measured["counts_off"] = len(differ)


async def _counts(url: str) -> dict[str, dict[str, int]]:
    async with Cleo(url, namespace=NAMESPACE) as cleo:
        counts = [await cleo.queues.stats(queue) for queue in QUEUES]
    return {each.queue: {state: getattr(each, state) for state in STATES} for each in counts}


def _heard(screen: str) -> int | None:
    found = re.search(r"([\d,]+) heard", screen)
    return int(found[1].replace(",", "")) if found else None


def _growth(samples: Sequence[float]) -> float:
    quarter = len(samples) // 4
    return median(samples[-quarter:]) - median(samples[quarter : 2 * quarter])


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, and say whether all goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default 60)")
    parser.add_argument("--orders", type=float, default=100.0, help="the shop's orders a second (default 100)")
    options = parser.parse_args(argv)
    leave_on_signals()
    with fresh_server() as url, tempfile.TemporaryDirectory(prefix="cleo-soak-") as folder:
        soak = _Soak(url, Path(folder), 60 * options.minutes, options.orders)
        try:
            soak.run()
        except Missing as missing:
            to_stderr(str(missing))
            return 1
        finally:
            rows = [["figure", "goal", "measured", "verdict"]]
            shown = [(figure, soak.measured[figure.key]) for figure in FIGURES if figure.key in soak.measured]
            for figure, value in shown:
                verdict = figure.goal.verdict(value) if figure.goal else "-"
                rows.append([figure.title, figure.goal_shown(), figure.shown(value), verdict])
            print("\n".join(aligned(rows, names=1)))
    return int(any(row[-1] == "missed" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
