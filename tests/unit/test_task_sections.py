"""The sections of a task's page."""

from __future__ import annotations

import pytest

from cleo_core import TaskPriority, TaskState
from cleo_core.models import Attempt, Outcome, TaskRecord
from cleo_tui.screens.task_sections import ageing

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("outcome", "run", "line", "fact"),
    [
        (Outcome.FAILED, 3.0, "attempt 1 failed after 3.0 s", "waited 2.0 s, ran 3.0 s on worker-1"),
        (Outcome.LOST, 0.0, "attempt 1 lost", "waited 2.0 s on worker-1"),
        (Outcome.REFUSED, 0.0, "attempt 1 refused", "waited 2.0 s on worker-1"),
    ],
)
def test_how_long_an_attempt_ran_is_told_only_where_that_is_known(
    outcome: Outcome, run: float, line: str, fact: str
) -> None:
    attempt = Attempt(number=1, outcome=outcome, at=NOW - 5, wait=2.0, run=run, worker="worker-1")
    task = TaskRecord(
        id="order-17", name="charge", queue="billing", group="", priority=TaskPriority.NORMAL, state=TaskState.WAITING,
        enqueued_at=NOW - 60, attempt=2, arguments={}, options={}, headers={}, attempts=[attempt], logs=[],
    )  # fmt: skip
    sections = ageing(task, NOW)
    timeline, errors = sections["timeline"], sections["attempts"]
    assert timeline is not None
    assert errors is not None
    assert timeline.plain.rstrip().endswith(line)
    assert fact in errors.plain
