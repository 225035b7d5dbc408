"""Running ``cleo``: in this process where there are many cases, or as the process that a person starts."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from cleo_core.cli.exits import code_of
from cleo_core.cli.main import app
from cleo_core.errors import CleoError
from tests.processes import ROOT


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class Console:
    """``cleo`` on one server and namespace."""

    def __init__(self, url: str, namespace: str) -> None:
        self.environment = {
            "CLEO_REDIS_URL": url, "CLEO_NAMESPACE": namespace, "COLUMNS": "200", "NO_COLOR": "1",
        }  # fmt: skip

    async def __call__(self, *words: str, stdin: str | None = None, **environment: str) -> Ended:
        """Run a command in a thread of this process; what ``main`` would do with an error is done here."""
        return await asyncio.to_thread(self._invoke, words, stdin, environment)

    def _invoke(self, words: tuple[str, ...], stdin: str | None, environment: dict[str, str]) -> Ended:
        ran = CliRunner().invoke(app, list(words), input=stdin, env={**self.environment, **environment})
        if isinstance(ran.exception, CleoError):
            return Ended(code_of(ran.exception), ran.stdout, f"cleo: {ran.exception}\n")
        if ran.exception is not None and not isinstance(ran.exception, SystemExit):
            raise ran.exception
        return Ended(ran.exit_code, ran.stdout, ran.stderr)

    @property
    def process_environment(self) -> dict[str, str]:
        """The environment of a process of its own."""
        return {**os.environ, "PYTHONPATH": str(ROOT), **self.environment}

    def start(self, *words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Start a command as a process, with pipes for what it writes."""
        return subprocess.Popen(
            command(*words), env=self.process_environment, cwd=ROOT,
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
        )  # fmt: skip

    async def process(self, *words: str, stdin: str = "", folder: Path = ROOT, **environment: str) -> Ended:
        """Run a command as a process of its own."""
        ran = await asyncio.to_thread(
            subprocess.run,
            command(*words), env={**self.process_environment, **environment}, cwd=folder,
            input=stdin, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return Ended(ran.returncode, ran.stdout, ran.stderr)


def command(*words: str) -> list[str]:
    """The words that start ``cleo`` as a process."""
    return [sys.executable, "-m", "cleo_core.cli.main", *words]
