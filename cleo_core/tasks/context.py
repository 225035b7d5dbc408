"""What a running task may know and say of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from math import isfinite

from cleo_core.errors import InvalidInput, StaleLease, TaskCancelled

# The queue, group and id of the task in which code runs, if it runs in one; threads of tasks inherit it.
running_task: ContextVar[tuple[str, str, str] | None] = ContextVar("cleo_running_task", default=None)


class TaskContext:
    """Passed to a task whose first parameter is annotated with it. Its methods may be called from any thread.

    ``attempt`` counts from 1 and grows with each failed attempt. ``headers`` are what middleware sent along with the
    task. What is said with ``progress`` and ``log`` is sent by the worker shortly after, and always before the task's
    end is.
    """

    __slots__ = ("_cancelled", "_lost", "_say", "attempt", "group", "headers", "name", "queue", "task_id", "worker")

    def __init__(
        self,
        *,
        task_id: str,
        name: str,
        queue: str,
        group: str,
        worker: str,
        attempt: int,
        say: Callable[[float, str, str | None], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.task_id = task_id
        self.name = name
        self.queue = queue
        self.group = group
        self.worker = worker
        self.attempt = attempt
        self.headers = headers or {}
        self._say = say
        self._cancelled = False
        self._lost = False

    def progress(self, fraction: float, text: str = "") -> None:
        """Say how far the task is: ``fraction`` from 0 to 1, and a few words.

        Raises:
            InvalidInput: the fraction is not between 0 and 1.
        """
        if not (isfinite(fraction) and 0 <= fraction <= 1):
            raise InvalidInput(f"Progress is a fraction between 0 and 1, not {fraction!r}.")
        self._say(fraction, text[:200], None)

    def log(self, text: str) -> None:
        """Keep a line with the task; the last 16 KiB of lines are kept."""
        self._say(-1.0, "", text[:2000])

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked for the task to be cancelled. Code in a thread should look now and then."""
        return self._cancelled

    def heartbeat(self) -> None:
        """Stop here if there is no use in going on. The lease itself is renewed without this call.

        Raises:
            StaleLease: the lease was lost, so another worker may be running the task.
            TaskCancelled: somebody asked for the task to be cancelled.
        """
        if self._lost:
            raise StaleLease(f"The lease on task {self.task_id} was lost; another worker may be running it.")
        if self._cancelled:
            raise TaskCancelled(f"Task {self.task_id} was cancelled while it ran.")

    def mark_cancelled(self) -> None:
        """Called by the worker when a cancel is asked for."""
        self._cancelled = True

    def mark_lost(self) -> None:
        """Called by the worker when the lease is lost."""
        self._lost = True
