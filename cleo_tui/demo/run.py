"""``cleo-tui demo``: a server, workers and a feeder in processes of their own, and the console on them.

Whatever ends the console (a key, Ctrl-C, SIGTERM, a closed terminal, even SIGKILL) ends all of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cleo_core.cli.loading import URL_VARIABLE
from cleo_core.embedded import close_all, resolve
from cleo_core.errors import CleoError
from cleo_core.kinship import die_with_parent
from cleo_tui.demo.workload import NAMESPACE, QUEUES
from cleo_tui.profiles import Profile
from cleo_tui.running import run
from cleo_tui.settings import ConsoleSettings

PATIENCE = 5.0
IF_LOST = "It was the demo's own server, and nobody starts it anew. q ends the demo; `cleo-tui demo` starts another."


def main(url: str = "embedded://", settings: ConsoleSettings | None = None) -> int:
    """Run the demo until the console is left; returns the console's exit code."""
    try:
        address = resolve(url)
    except CleoError as error:
        print(f"cleo-tui: {error}", file=sys.stderr)
        return 2
    settings = settings or ConsoleSettings()
    if address != url:
        settings = replace(settings, if_lost=IF_LOST)
    signal.signal(signal.SIGTERM, _leave)
    started: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory(prefix="cleo-demo-") as folder:
        log = Path(folder) / "demo.log"
        try:
            with log.open("ab") as output:
                for command in (_worker_command(), [sys.executable, "-m", "cleo_tui.demo.feeder"]):
                    started.append(_start(command, address, output.fileno()))
            return run(Profile("", address, NAMESPACE, settings=settings)).code
        finally:
            stop(started)
            close_all()


def _worker_command() -> list[str]:
    return [
        sys.executable, "-m", "cleo_core.cli.main", "worker", "cleo_tui.demo.workload:cleo",
        "--queues", ",".join(QUEUES), "--processes", "2", "--concurrency", "8", "--grace", "1",
    ]  # fmt: skip


def _start(command: Sequence[str], address: str, output: int) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != URL_VARIABLE}
    return subprocess.Popen(
        command,
        env={**environment, "CLEO_DEMO_URL": address},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # Ctrl-C in the terminal is the console's alone; these are told by us.
        start_new_session=True,
        # Only async-signal-safe work is done there, and no thread runs yet.
        preexec_fn=die_with_parent,  # noqa: PLW1509
    )


def stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End them, and kill those that have not ended in time."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + PATIENCE
    for process in processes:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _leave(_number: int, _frame: object) -> None:
    """End by the ordinary way out, so that the terminal is put back and everything stopped."""
    sys.exit(128 + signal.SIGTERM)
