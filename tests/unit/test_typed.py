"""The type checker's word on declared tasks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.processes import ROOT
from tests.unit import typed

WRONG = """
import asyncio
from cleo_core import Cleo, TaskContext
cleo = Cleo("redis://localhost/0")

@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> str:
    return str(n)

async def main() -> None:
    await work.enqueue("one")
    await work.enqueue()
    await work.enqueue(1, 2)
    number: int = await (await work.enqueue(1)).result()
    print(number)
    await work.options(delay=1).enqueue(n="one")
    await (await work.enqueue(1)).result()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """The lines of which the type checker complains, by file."""
    wrong = tmp_path_factory.mktemp("typed") / "wrong.py"
    wrong.write_text(WRONG)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyright",
            "--pythonpath",
            sys.executable,
            "--outputjson",
            str(typed.__file__),
            str(wrong),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    told: dict[str, Any] = json.loads(ran.stdout)
    assert told["summary"]["filesAnalyzed"] == 2
    lines: dict[str, list[int]] = {"typed.py": [], "wrong.py": []}
    for complaint in told["generalDiagnostics"]:
        if complaint["severity"] == "error":
            lines[Path(complaint["file"]).name].append(complaint["range"]["start"]["line"] + 1)
    return lines


@pytest.mark.xdist_group("type checker")
def test_tasks_keep_the_types_of_their_functions(complaints: dict[str, list[int]]) -> None:
    assert complaints["typed.py"] == []


@pytest.mark.xdist_group("type checker")
def test_a_wrong_call_is_an_error_to_the_type_checker(complaints: dict[str, list[int]]) -> None:
    wrong = [number for number, line in enumerate(WRONG.splitlines(), 1) if "enqueue" in line][:5]
    assert sorted(set(complaints["wrong.py"])) == wrong


def test_what_the_type_checker_reads_can_be_run() -> None:
    assert typed.plain(3) == 1.5
    assert typed.plain_with_context("x") == {"x": 1}
    assert typed.count(1, 2, a="b") == 4
