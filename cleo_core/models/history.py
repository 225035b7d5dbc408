"""What is kept of the past: entries of attempts, figures of ranges of time, and points of charts."""

from __future__ import annotations

from cleo_core.models.base import Model
from cleo_core.models.states import Outcome, TaskState


class HistoryEntry(Model):
    """One attempt that ended, at ``at`` (seconds since the epoch, by the server's clock).

    ``state`` is where the task went then: an attempt that failed leaves it ``WAITING``, ``DELAYED`` or ``DEAD``.
    ``wait`` is how long it could have run before it was claimed, ``run`` how long its function took, in seconds.
    ``fingerprint`` is what errors of the same kind share, and ``pattern`` says which kind. ``traceback`` is there in
    the entries of a task only.
    """

    task_id: str
    name: str
    queue: str
    group: str
    worker: str
    attempt: int
    outcome: Outcome
    state: TaskState
    at: float
    wait: float
    run: float
    error_type: str = ""
    error_message: str = ""
    fingerprint: str = ""
    pattern: str = ""
    traceback: str = ""

    @property
    def error(self) -> str:
        """The error's type and message in one text; empty if there was none."""
        return f"{self.error_type}: {self.error_message}" if self.error_type else ""
