"""A process that holds a group's lock, or waits for it, until it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from types import TracebackType
from typing import Self

from tests.processes import ROOT

OWNER = "a process that dies"
PROGRAM = """
import asyncio, sys
from cleo_core import Cleo
async def main(url, namespace, queue, group, ttl, drain):
    async with Cleo(url, namespace=namespace) as cleo:
        async with cleo.locks.group(queue, group, ttl=float(ttl), wait=600, owner=OWNER, drain=drain == "drain"):
            await asyncio.Event().wait()
asyncio.run(main(*sys.argv[1:]))
""".replace("OWNER", repr(OWNER))


class Locker:
    """Takes the lock as soon as it can. ``kill`` ends it as the kernel does when memory runs out."""

    def __init__(
        self, url: str, namespace: str, queue: str, group: str, *, ttl: float = 1.0, drain: bool = True
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url, namespace, queue, group, str(ttl), "drain" if drain else ""],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        """Kill it and wait for its end."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
