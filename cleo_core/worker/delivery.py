"""A task that this worker holds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from cleo_core.middleware import RunEnd, TaskRun
from cleo_core.scripts import Claimed, Settled
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.options import RunOptions
from cleo_core.tasks.registry import AnyTask


@dataclass(slots=True, eq=False)
class Delivery:
    """A claimed task from its claim until the server knows how it ended.

    ``run`` and ``end`` are what middleware is told, if there is any; ``mates`` are the tasks that one call of a batched
    handler runs, itself among them. ``entered`` is whether its runner has taken its first step: a runner that is
    cancelled before would end without a word, so it is let go on and looks whether it is wanted. ``began`` is when its
    run began (by ``perf_counter_ns``; 0: not yet), and ``begin_told`` whether the server knows; the heartbeat's thread
    reads the one and writes the other. ``ended`` says
    that it is over here, ``settled`` that the server knows how.
    """

    claimed: Claimed
    queue: str
    group_options: bytes = b""
    task: AnyTask | None = None
    options: RunOptions | None = None
    arguments: dict[str, Any] | None = None
    context: TaskContext | None = None
    runner: asyncio.Task[None] | None = None
    cancel_asked: bool = False
    error: BaseException | None = None
    run: TaskRun | None = None
    end: RunEnd | None = None
    mates: list[Delivery] | None = None
    entered: bool = False
    began: int = 0
    begin_told: bool = False
    lost: bool = False
    ended: bool = False
    settled: bool = False

    @property
    def id(self) -> str:
        """The task's id."""
        return self.claimed.id.decode(errors="replace")

    @property
    def unwanted(self) -> bool:
        """Whether there is no use in going on with it."""
        return self.lost or self.cancel_asked

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
        """Cancel what runs, if it can be cancelled; code in a thread is told through its context.

        A call that runs a batch is cancelled when nobody wants any of its tasks any more.
        """
        if self.context is not None:
            if self.lost:
                self.context.mark_lost()
            if self.cancel_asked:
                self.context.mark_cancelled()
        if self.runner is None or not self.entered or self.task is None or not self.task.is_async:
            return
        if self.mates is None or all(mate.unwanted for mate in self.mates):
            self.runner.cancel()
