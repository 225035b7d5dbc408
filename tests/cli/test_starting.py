"""``cleo`` starts quickly and imports nothing that it doesn't need; completion is bounded."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import World
from tests.cli.running import Console
from tests.processes import ROOT
from tests.servers import free_port

SCRIPT = """
import sys
from cleo_core.cli.main import main
try:
    main()
except SystemExit as ended:
    code = ended.code
print([name for name in {names!r} if name in sys.modules], code, file=sys.stderr)
"""


def _imported(names: list[str], *words: str, **environment: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(names=names), *words], capture_output=True, text=True, check=False,
        cwd=ROOT, env={**os.environ, **environment}, timeout=60,
    )  # fmt: skip
    return ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", ["--help", "--version"])
def test_help_and_version_need_no_engine(words: str) -> None:
    names = ["textual", "rich", "plotext", "cleo_tui", "pydantic", "redis", "psutil", "cleo_core.app"]
    assert _imported(names, words) == "[] 0"


@pytest.mark.parametrize(
    "words", ["queues list", "doctor", "queues --help", "queues lst", "tasks list emails --limit 0"]
)
@pytest.mark.usefixtures("world")
def test_no_command_imports_the_console_or_rich(words: str, console: Console) -> None:
    names = ["textual", "rich", "plotext", "cleo_tui"]
    assert _imported(names, *words.split(), **console.environment).startswith("[] ")


# As the command, but patient with a server on a busy machine.
PATIENT = "from cleo_core.cli import completing, main; completing.PATIENCE = 60; main.main()"


def _completions(console: Console, line: str, **environment: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", PATIENT], capture_output=True, text=True, check=False, cwd=ROOT,
        env={
            **console.process_environment, "_CLEO_COMPLETE": "complete_bash", "COMP_WORDS": f"cleo {line}",
            "COMP_CWORD": str(len(line.split(" "))), **environment,
        },
        timeout=60,
    )  # fmt: skip
    assert ran.stderr == ""
    return ran.stdout.split()


@pytest.mark.usefixtures("world")
def test_names_of_queues_are_completed_from_the_server(console: Console) -> None:
    assert _completions(console, "queues show em") == ["emails"]
    assert _completions(console, "queues show x") == []


def test_commands_are_completed(console: Console, world: World) -> None:
    assert _completions(console, "que") == ["queues"]
    assert "rate-limit" in _completions(console, "queues ")


def test_a_server_that_does_not_answer_completes_nothing_and_soon(console: Console) -> None:
    began = time.monotonic()
    assert _completions(console, "queues show e", CLEO_REDIS_URL=f"redis://127.0.0.1:{free_port()}") == []
    assert time.monotonic() - began < 60
