"""Tasks that run where they are enqueued: no server, no worker, but the same checks and the same JSON in between."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from cleo_core.app import Cleo
from cleo_core.models import TaskState
from cleo_core.scripts import Claimed, NewTask, Settled
from cleo_core.tasks.batch import BatchTask
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.execution import Execution
from cleo_core.worker.hooked import execution_with

ENDS = {"completed": TaskState.COMPLETED, "dead": TaskState.DEAD}
WORKER = "eager"


@dataclass(slots=True)
class EagerTask:
    """A task that ran: what was enqueued, in how many ``attempts``, what it said, and how it ended.

    ``arguments`` and ``result`` are as JSON has them; ``delay`` is in seconds and was not waited for.
    """

    id: str
    name: str
    queue: str
    group: str
    delay: float
    arguments: JsonValue
    attempts: int = 0
    state: TaskState = TaskState.ACTIVE
    result: JsonValue = None
    error: str = ""
    progress: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    logs: list[str] = field(default_factory=list[str])


class Eager:
    """Stands in for the server while ``eager`` holds. ``tasks`` are those that ran, in the order of their enqueuing."""

    def __init__(self, cleo: Cleo) -> None:
        self._cleo = cleo
        self._by_place: dict[tuple[str, str], EagerTask] = {}

    @property
    def tasks(self) -> list[EagerTask]:
        """What was enqueued so far."""
        return list(self._by_place.values())

    def named(self, name: str) -> list[EagerTask]:
        """Those of a task's name."""
        return [task for task in self.tasks if task.name == name]

    async def store(self, queue: str, tasks: Sequence[NewTask]) -> list[bool]:
        """Run the tasks one after the other; an id that is known stores nothing."""
        created: list[bool] = []
        for new in tasks:
            created.append((queue, new.id) not in self._by_place)
            if created[-1]:
                # A task of its own, so that what the function sets in its context stays there.
                await asyncio.create_task(self._run(queue, new))
        return created

    async def peek(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state, result and error of a task."""
        task = self._by_place.get((queue, task_id))
        return ("", b"", "") if task is None else (task.state, to_json(task.result), task.error)

    async def cancel(self, queue: str, task_id: str) -> str:
        """The state that forbids it; nothing waits here."""
        return (await self.peek(queue, task_id))[0]

    async def _run(self, queue: str, new: NewTask) -> None:
        record = EagerTask(
            id=new.id,
            name=new.name,
            queue=queue,
            group=new.group,
            delay=new.delay_ms / 1000,
            arguments=from_json(new.arguments),
        )
        self._by_place[queue, new.id] = record

        def say(_: Delivery, fraction: float, text: str, line: str | None) -> None:
            if line is None:
                record.progress.append((fraction, text))
            else:
                record.logs.append(line)

        cleo = self._cleo
        execution = execution_with(cleo.hooks, cleo.tasks, cleo.limits, WORKER, 4, say)
        try:
            settled = await self._until_it_ends(execution, queue, new, record)
        finally:
            execution.close()
        record.state = ENDS.get(settled.outcome, TaskState.CANCELLED)
        if record.state is TaskState.COMPLETED:
            record.result = from_json(settled.value)
        elif record.state is TaskState.DEAD:
            error_type, message = from_json(settled.value)[:2]
            record.error = f"{error_type}: {message}"

    async def _until_it_ends(self, execution: Execution, queue: str, new: NewTask, record: EagerTask) -> Settled:
        """Attempt the task as often as it may be retried, without a wait in between."""
        while True:
            receipt = to_json([new.id, new.name, new.group, 1, record.attempts + 1, WORKER, 0])[:-1]
            claimed = Claimed(
                new.id.encode(), new.name.encode(), new.arguments, new.head, receipt, new.group.encode(),
                record.attempts, 0,
            )  # fmt: skip
            record.attempts += 1
            delivery = Delivery(claimed, queue)
            settled = execution.prepare(delivery)
            if settled is None and isinstance(delivery.task, BatchTask):
                settled = (await execution.run_batch([delivery]))[0]
            elif settled is None:
                settled = await execution.run(delivery)
            assert settled is not None
            if delivery.run is not None and delivery.end is not None and settled.outcome in {"retry", "dead"}:
                await self._cleo.hooks.settled(delivery.run, delivery.end)
            if settled.outcome != "retry":
                return settled


@contextmanager
def eager(cleo: Cleo) -> Generator[Eager]:
    """Within it, whatever this ``Cleo`` enqueues runs at once, in the enqueuing call, through the same validation and
    serialisation, with its retries but without their waits. ``handle.result()`` gives or raises what it would.

    No server is needed or asked, so only enqueuing and handles work; what ran is in the ``Eager``. A task of a batched
    handler is a batch of one. What a task enqueues runs inside of it.
    """
    before = cleo.hooks.stand_in
    standing_in = cleo.hooks.stand_in = Eager(cleo)
    try:
        yield standing_in
    finally:
        cleo.hooks.stand_in = before
