"""Tasks with ``executor="process"``: what is sent to the process and what comes back, as plain text both ways."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from operator import attrgetter
from typing import Any, NamedTuple, cast

from pydantic_core import to_json

from cleo_core.errors import CleoError
from cleo_core.fingerprints import kind_of
from cleo_core.tasks.registry import AnyTask
from cleo_core.worker.texts import clean, message_of, trace_of


class ProcessAnswer(NamedTuple):
    """What a task gave (``value``, JSON) or raised."""

    value: bytes
    error_type: str = ""
    message: str = ""
    traceback: str = ""


class RemoteError(CleoError):
    """An error that a task raised in another process, by its texts."""

    def __init__(self, error_type: str, message: str, trace: str) -> None:
        super().__init__(f"{error_type}: {message}")
        self._texts = (error_type, message, trace)

    def described(self, outcome: str) -> bytes:
        """The error as a failure is kept: JSON of its type, message, traceback, outcome, fingerprint and pattern."""
        return to_json([*self._texts, outcome, *kind_of(*self._texts[:2])])


class Processes:
    """The processes of a worker, started when there is a first task for them."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, call: Callable[[], ProcessAnswer]) -> asyncio.Future[ProcessAnswer]:
        """Have a process make the call.

        A pool of which a process died takes no call any more, and nobody is told if none of them was at work; so the
        first call after that is made by a new pool.
        """
        loop = asyncio.get_running_loop()
        self._pool = self._pool or self._made()
        try:
            return loop.run_in_executor(self._pool, call)
        except BrokenProcessPool:
            self._pool = self._made()
            return loop.run_in_executor(self._pool, call)

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.size, mp_context=get_context("spawn"))

    def close(self) -> None:
        """Let the processes go; what still runs there is not waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def place_of(task: AnyTask) -> tuple[str, str]:
    """Where the other process finds the task."""
    return task.function.__module__, task.function.__qualname__


def call_by_name(module: str, qualname: str, arguments: bytes, traceback_chars: int) -> ProcessAnswer:
    """Run a task in this process, found by its place, because a decorated function can't be sent."""
    try:
        task = cast("AnyTask", attrgetter(qualname)(importlib.import_module(module)))
        result: Any = task.invoke(task.signature.decode(arguments), None)
        return ProcessAnswer(to_json(result, inf_nan_mode="constants"))
    except Exception as error:
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        kept = clean(trace_of(error, trace))[-traceback_chars:] if traceback_chars else ""
        return ProcessAnswer(b"", type(error).__name__, message_of(error), kept)
