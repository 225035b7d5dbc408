"""Real ``cleo worker`` processes, started in a folder with a module of tasks written for the test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]

HEAD = """
import asyncio, os, signal, sys, time
from redis import Redis
from cleo_core import Backoff, Cleo, TaskContext, TaskPriority, WorkerSettings
cleo = Cleo(os.environ["TEST_URL"], namespace=os.environ["TEST_NAMESPACE"])
notes = Redis.from_url(os.environ["TEST_URL"])
def note(name, value):
    notes.rpush("notes:" + os.environ["TEST_NAMESPACE"] + ":" + name, value)
"""


def write_module(folder: Path, text: str, name: str = "jobs") -> None:
    """Write a module of tasks: ``HEAD`` and the given text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(HEAD + textwrap.dedent(text))


class WorkerProcess:
    """``cleo worker`` with its children. ``log`` is what they have written so far."""

    def __init__(self, folder: Path, url: str, namespace: str, *arguments: str, target: str = "jobs:cleo") -> None:
        self._log = folder / f"worker-{time.monotonic_ns()}.log"
        environment = {
            **os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "TEST_URL": url, "TEST_NAMESPACE": namespace,
        }  # fmt: skip
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cleo_core.cli.main", "worker", target, *arguments],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._seen: dict[int, psutil.Process] = {}

    @property
    def log(self) -> str:
        """What the supervisor and its children have logged."""
        return self._log.read_text(errors="replace")

    @property
    def children(self) -> list[psutil.Process]:
        """The worker processes that are alive now."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.process.pid).children()
            self._seen |= {child.pid: child for child in found}
            return [child for child in found if child.status() != psutil.STATUS_ZOMBIE]
        return []

    @property
    def ready(self) -> int:
        """How many children have reached their loop."""
        return len(re.findall(r"Worker \S+ serves", self.log))

    @property
    def remaining(self) -> list[psutil.Process]:
        """Children that were seen and are still there, with or without the supervisor."""
        return [child for child in self._seen.values() if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        self.process.send_signal(number)

    def kill_all(self) -> None:
        """Kill the supervisor and its children, as a power cut would."""
        children = self.children
        self.process.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        self.process.wait()

    def end(self) -> None:
        """Make sure that nothing is left."""
        _ = self.children
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for child in self.remaining:
            with suppress(psutil.NoSuchProcess):
                child.kill()
