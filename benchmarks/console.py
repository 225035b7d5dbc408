"""Measure the console on a real terminal and a real server under load; prints goal and measured side by side."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import fill as wrapped
from typing import Any
from urllib.parse import urlsplit

import redis

from benchmarks.console_load import fill
from benchmarks.console_terminal import Missing, Terminal, console, p95
from benchmarks.goals import Figure, Goal
from benchmarks.peers.console import leave_on_signals, machine, to_stderr
from benchmarks.peers.server import connect, fresh_server
from benchmarks.peers.table import aligned

NAMESPACE = "bench"
FIGURES = (
    Figure("first_paint_s", "first paint, s after start", 2, Goal("<", 0.5)),
    Figure("first_data_s", "first data, s after connecting", 2, Goal("<", 0.3)),
    Figure("idle_cpu", "CPU while nothing happens, %", 1, Goal("<", 1)),
    Figure("chart_cpu", "CPU with live charts (50 tasks/s), %", 1, Goal("<", 5)),
    Figure("rss_mb", "resident memory, MB", 0, Goal("<", 120)),
    Figure("events_per_s", "events taken in a second", 0, Goal(">=", 10_000)),
    Figure("events_missed", "of these not counted", 0, Goal("<=", 0)),
    Figure("key_p95_ms", "key to screen p95 under that load, ms", 0, Goal("<", 100)),
    Figure("open_ms", "list of a million tasks: open, ms", 0, Goal("<", 200)),
    Figure("page_p95_ms", "  page p95, ms", 0, Goal("<", 50)),
    Figure("end_p95_ms", "  jump to the end p95, ms", 0, Goal("<", 100)),
    Figure("commands_small", "commands a second, shallow queues", 1, Goal("<=", 10)),
    Figure("commands_deep", "commands a second, a million tasks", 1, Goal("<=", 10)),
    Figure("ends_s", "end, s after its terminal hung up", 2, Goal("<", 2)),
)
_NOTE = (
    "Times are from the write of a key to the moment at which an emulator of the terminal, in Python and on the same"
    " processors, has drawn the answer. So they include the emulator's work, and whatever else the machine does."
)


class _Run:
    def __init__(self, url: str, seconds: float, million: int) -> None:
        self._url, self._seconds, self._million = url, seconds, million
        self.measured: dict[str, float] = {}

    def all(self) -> None:
        for step in (self._starts, self._rests, self._hears, self._lists, self._ends):
            to_stderr(f"console: {step.__name__.strip('_')} ...")
            step()

    def _clients(self, client: redis.Redis) -> int:
        answer: dict[str, Any] = client.info("clients")  # pyright: ignore[reportUnknownMemberType]
        return int(answer["connected_clients"])

    def _commands_per_s(self) -> float:
        """What clients send, as MONITOR tells it; what a script does within its call has `lua` for its sender."""
        place = urlsplit(self._url)
        seen, began = b"", time.perf_counter()
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=0.2) as monitor:
            monitor.sendall(b"MONITOR\r\n")
            while (passed := time.perf_counter() - began) < self._seconds:
                with suppress(TimeoutError):
                    seen += monitor.recv(65_536)
        lines = [line for line in seen.splitlines() if line.startswith(b"+") and b"[" in line]
        return sum(b" lua]" not in line for line in lines) / passed

    def _starts(self) -> None:
        asyncio.run(fill(self._url, NAMESPACE, "small", 100))
        paints: list[float] = []
        data: list[float] = []
        for _ in range(3):
            with console(self._url, NAMESPACE) as terminal:
                with connect(self._url) as client:
                    while self._clients(client) < 2:  # pyright: ignore[reportUnknownMemberType]
                        time.sleep(0.002)
                    connected = time.perf_counter()
                data.append(terminal.wait(lambda screen: "small" in screen) - connected)
                paints.append((terminal.painted or time.perf_counter()) - terminal.began)
        self.measured |= {"first_paint_s": sorted(paints)[1], "first_data_s": sorted(data)[1]}

    def _rests(self) -> None:
        with console(self._url, NAMESPACE) as terminal:
            terminal.wait(lambda screen: "small" in screen)
            time.sleep(3)
            self.measured["idle_cpu"] = terminal.cpu(self._seconds)
            self.measured["commands_small"] = self._commands_per_s()
            loader = self._load(50, self._seconds + 2)
            time.sleep(1)
            self.measured["chart_cpu"] = terminal.cpu(self._seconds)
            loader.wait()
            self.measured["rss_mb"] = terminal.process.memory_info().rss / 1e6

    def _load(self, rate: int, seconds: float) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "benchmarks.console_load", self._url, NAMESPACE, str(rate), str(seconds)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def _hears(self) -> None:
        with console(self._url, NAMESPACE) as terminal:
            terminal.wait(lambda screen: "small" in screen)
            terminal.press("8")
            terminal.wait(lambda screen: "heard" in screen or "happened" in screen)
            time.sleep(1)
            loader = self._load(10_500, self._seconds)
            time.sleep(2)
            keys = self._press_under_load(terminal)
            told = int((loader.communicate()[0] or "0").strip())
            heard = self._heard(terminal, told)
            self.measured["events_per_s"] = told / self._seconds
            self.measured["events_missed"] = abs(told - heard)
            self.measured["key_p95_ms"] = 1e3 * p95(keys)
            self.measured["rss_mb"] = max(self.measured["rss_mb"], terminal.process.memory_info().rss / 1e6)

    def _press_under_load(self, terminal: Terminal) -> list[float]:
        times: list[float] = []
        for _ in range(20):
            for key, shows in (("?", True), ("\x1b", False)):
                pressed = terminal.press(key)
                # A lone Esc is told from the start of a sequence by waiting, so only the other is measured.
                came = terminal.wait(_help_is_there if shows else _help_is_gone)
                if shows:
                    times.append(came - pressed)
                time.sleep(0.05)
        return times

    def _heard(self, terminal: Terminal, told: int) -> int:
        """The count on the screen, once it stands still."""
        found = 0
        for _ in range(100):
            number = re.search(r"([\d,]+) heard", terminal.text())
            now = int(number[1].replace(",", "")) if number else 0
            if now == told or (now == found and now):
                return now
            found = now
            time.sleep(1)
        return found

    def _lists(self) -> None:
        asyncio.run(fill(self._url, NAMESPACE, "million", self._million))
        total = f"{self._million:,}"
        with console(self._url, NAMESPACE) as terminal:
            terminal.wait(lambda screen: "million" in screen)
            time.sleep(3)
            self.measured["commands_deep"] = self._commands_per_s()
            pressed = terminal.command("tasks waiting @million")
            self.measured["open_ms"] = 1e3 * (terminal.wait(lambda screen: f"1 of {total}" in screen) - pressed)
            pages, jumps = list[float](), list[float]()
            place = 1
            for _ in range(20):
                pressed = terminal.press("\x1b[6~")
                before = f" {place:,} of {total}"
                pages.append(terminal.wait(_moved(before, total)) - pressed)
                time.sleep(0.3)
                match = re.search(rf"([\d,]+) of {total}", terminal.text())
                place = int(match[1].replace(",", "")) if match else place
            for _ in range(10):
                pressed = terminal.press("G")
                jumps.append(terminal.wait(_at(total, total)) - pressed)
                terminal.press("g")
                terminal.wait(_at("1", total))
            self.measured |= {"page_p95_ms": 1e3 * p95(pages), "end_p95_ms": 1e3 * p95(jumps)}

    def _ends(self) -> None:
        with console(self._url, NAMESPACE) as terminal:
            terminal.wait(lambda screen: "small" in screen)
            time.sleep(3)
            hung_up = time.perf_counter()
            os.kill(terminal.pid, signal.SIGHUP)
            terminal.ended(within=30)
            self.measured["ends_s"] = time.perf_counter() - hung_up


def _help_is_there(screen: str) -> bool:
    return "esc closes" in screen


def _help_is_gone(screen: str) -> bool:
    return not _help_is_there(screen)


def _moved(before: str, total: str) -> Callable[[str], bool]:
    return lambda screen: before not in screen and total in screen


def _at(place: str, total: str) -> Callable[[str], bool]:
    """The cursor is there, and the rows around it have come."""
    return lambda screen: f" {place} of {total}" in screen and "·  ·  ·" not in screen


def report(measured: dict[str, float], load: float) -> None:
    """Print goal and measured side by side."""
    rows = [["figure", "goal", "measured", "verdict"]]
    for figure in FIGURES:
        if figure.key in measured:
            value = measured[figure.key]
            rows.append(
                [
                    figure.title,
                    figure.goal_shown(),
                    figure.shown(value),
                    figure.goal.verdict(value) if figure.goal else "-",
                ]
            )
    print(f"The console on {machine()['cpus']} CPUs; load average when it began: {load:.1f}\n")
    print("\n".join(aligned(rows, names=1)))
    print(f"\n{wrapped(_NOTE, 110)}")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print. A goal that is missed is no failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each rate is watched (default 15)")
    parser.add_argument("--tasks", type=int, default=1_000_000, help="how long the long list is (default 1000000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    options = parser.parse_args(argv)
    leave_on_signals()
    load = os.getloadavg()[0]
    with fresh_server() as url:
        run = _Run(url, options.seconds, options.tasks)
        try:
            run.all()
        except Missing as missing:
            to_stderr(str(missing))
            return 1
        finally:
            report(run.measured, load)
    if options.json:
        options.json.write_text(json.dumps(run.measured, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
