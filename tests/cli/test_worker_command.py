"""``cleo worker`` as a person meets it: what it refuses, what it logs, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cleo_core import Cleo
from tests.processes import ROOT, WorkerProcess, write_module
from tests.servers import Server
from tests.waiting import until


def _cleo(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}", "TEST_URL": "redis://127.0.0.1:1/0",
        "TEST_NAMESPACE": "none", "NO_COLOR": "1", "COLUMNS": "100",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "cleo_core.cli.main", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nosuch:cleo",), "There is no module 'nosuch'"),
        (("jobs",), "names no Cleo. Write MODULE:NAME"),
        (("jobs:nothing",), "'nothing' there is nothing"),
        (("jobs:os",), "'os' there is a module"),
        (("broken:cleo",), "broken can't be imported: ZeroDivisionError"),
        (("needy:cleo",), "imports 'not_installed_anywhere', which is not installed"),
        (("jobs:cleo", "--queues", "a{b"), "braces"),
        (("jobs:cleo", "--queues", "emails:0"), "from 1 to 1000"),
        (("jobs:cleo", "--log-level", "loud"), "no log level 'loud'"),
        (("jobs:cleo",), "no queue to serve"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    write_module(tmp_path, "")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    (tmp_path / "needy.py").write_text("import not_installed_anywhere\n")
    ran = _cleo("worker", *arguments, folder=tmp_path)
    assert ran.returncode == (2 if len(arguments) > 1 else 1)
    assert said in ran.stderr
    assert ran.stderr.startswith("cleo: ")
    assert "Traceback" not in ran.stderr


def test_help_and_version_import_no_textual(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom cleo_core.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in {'textual', 'plotext', 'cleo_tui'}]\n"
    )
    for argument in ("--help", "--version"):
        ran = subprocess.run(
            [sys.executable, "-c", script, argument], capture_output=True, text=True, cwd=tmp_path, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert "leo" in ran.stdout


@pytest.fixture
def worker(server: Server, namespace: str, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A worker of two processes that logs JSON."""
    write_module(tmp_path, "@cleo.task(queue='q')\nasync def work(n: int) -> int:\n    return n * 2\n")
    started = WorkerProcess(tmp_path, server.url, namespace, "--processes", "2", "--log-json")
    yield started
    started.end()


async def test_a_worker_of_two_processes_works_logs_json_and_ends_cleanly(worker: WorkerProcess, cleo: Cleo) -> None:
    await until(lambda: worker.ready == 2)
    handle = await cleo.queues.add("q", "work", {"n": 21})
    assert await handle.result(timeout=30) == 42
    await until(_two_workers(cleo))
    worker.signal(signal.SIGTERM)
    await until(lambda: worker.process.poll() is not None)
    assert worker.process.returncode == 0
    assert worker.remaining == []
    entries = [json.loads(line) for line in worker.log.splitlines()]
    assert {"time", "level", "logger", "pid", "message"} <= set(entries[0])
    assert any("stopped after" in entry["message"] for entry in entries)
    assert await cleo.workers.list() == []


def _two_workers(cleo: Cleo):
    async def there() -> bool:
        return len(await cleo.workers.list()) == 2

    return there


async def test_a_process_that_dies_is_replaced(worker: WorkerProcess, cleo: Cleo) -> None:
    await until(lambda: worker.ready == 2)
    victim = worker.children[0]
    victim.kill()
    await until(lambda: worker.ready == 3)
    assert "was killed by SIGKILL" in worker.log
    assert await (await cleo.queues.add("q", "work", {"n": 2})).result(timeout=30) == 4
