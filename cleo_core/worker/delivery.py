"""A task that this worker holds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from cleo_core.scripts import Claimed, Settled
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.options import RunOptions
from cleo_core.tasks.registry import AnyTask


@dataclass(slots=True, eq=False)
class Delivery:
    """A claimed task from its claim until the server knows how it ended."""

    claimed: Claimed
    queue: str
    group_options: bytes = b""
    task: AnyTask | None = None
    options: RunOptions | None = None
    arguments: dict[str, Any] | None = None
    context: TaskContext | None = None
    runner: asyncio.Task[None] | None = None
    cancel_asked: bool = False
    lost: bool = False
    ended: bool = False

    @property
    def id(self) -> str:
        """The task's id."""
        return self.claimed.id.decode(errors="replace")

    @property
    def at_risk(self) -> bool:
        """Whether one more lost worker would make it a dead letter; then its begin is put on the record."""
        return self.options is not None and self.claimed.losses + 1 >= self.options.max_deliveries

    @property
    def suspect(self) -> bool:
        """Whether it is at risk because workers were lost with it; then no other suspect runs beside it."""
        return self.claimed.losses > 0 and self.at_risk

    def unrun(self, outcome: str) -> Settled:
        """The end of a task that was never begun."""
        self.ended = True
        claimed = self.claimed
        return Settled(claimed.id, claimed.receipt, claimed.group, outcome, 0, b"", 0)

    def ask_to_stop(self) -> None:
        """Cancel what runs, if it can be cancelled; code in a thread is told through its context."""
        if self.context is not None:
            if self.lost:
                self.context.mark_lost()
            if self.cancel_asked:
                self.context.mark_cancelled()
        if self.runner is not None and self.task is not None and self.task.is_async:
            self.runner.cancel()
