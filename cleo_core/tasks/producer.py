"""The way of a task into its queue, used by declared tasks and by ``queues.add`` alike."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cleo_core.backend import Backend
from cleo_core.middleware import Hooks
from cleo_core.models import TaskPriority
from cleo_core.scripts import NewTask
from cleo_core.tasks.options import CallOptions, RunOptions
from cleo_core.waits import Waits

IN_FLIGHT = 2


RANDOM_DIGITS = 16


def new_task_id() -> str:
    """An id that sorts by the time it was made (milliseconds) and has 64 random bits."""
    return new_task_ids(1)[0]


def new_task_ids(count: int) -> list[str]:
    """Ids as ``new_task_id`` makes them, of one moment."""
    made = f"{time.time_ns() // 1_000_000:011x}"
    digits = os.urandom(count * RANDOM_DIGITS // 2).hex()
    return [made + digits[first : first + RANDOM_DIGITS] for first in range(0, len(digits), RANDOM_DIGITS)]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where tasks of a kind go and how they run, with a call's options worked in."""

    name: str
    queue: str
    group: str
    priority: TaskPriority
    delay_ms: int
    head: bytes
    task_id: str | None

    @classmethod
    def of(
        cls, name: str, queue: str, group: str, priority: TaskPriority, declared: RunOptions, call: CallOptions
    ) -> Destination:
        """The declared destination with what a call changes."""
        return cls(
            name,
            call.queue or queue,
            group if call.group is None else call.group,
            priority if call.priority is None else call.priority,
            round((call.delay or 0) * 1000),
            call.run_options(declared).head(),
            call.task_id,
        )

    def new(self, arguments: bytes) -> NewTask:
        """A task of this kind with its arguments."""
        return NewTask(
            self.task_id or new_task_id(),
            self.name,
            arguments,
            self.head,
            self.group,
            int(self.priority),
            self.delay_ms,
        )

    def new_many(self, arguments: Sequence[bytes]) -> list[NewTask]:
        """Tasks of this kind, one for each of the arguments, each with an id of its own."""
        name, head, group, priority, delay_ms = self.name, self.head, self.group, int(self.priority), self.delay_ms
        ids = new_task_ids(len(arguments))
        return [
            NewTask(task_id, name, data, head, group, priority, delay_ms)
            for task_id, data in zip(ids, arguments, strict=True)
        ]


async def _note_known(created: list[bool], first: int, call: asyncio.Task[dict[int, str]]) -> None:
    for position in await call:
        created[first + position] = False


class Producer:
    """Stores tasks and asks after them."""

    def __init__(self, backend: Backend, hooks: Hooks) -> None:
        self.backend = backend
        self.hooks = hooks
        self.waits = Waits(backend)

    async def store(self, queue: str, tasks: Sequence[NewTask]) -> list[bool]:
        """Store tasks in batches, each all or none; for each whether it is new."""
        standing_in = self.hooks.stand_in
        store = self._store if standing_in is None else standing_in.store
        if self.hooks:
            return await self.hooks.around_enqueue(queue, tasks, store)
        return await store(queue, tasks)

    async def _store(self, queue: str, tasks: Sequence[NewTask]) -> list[bool]:
        await self.backend.know_queue(queue)
        if (key := self.backend.signing) is not None:
            tasks = [task._replace(head=key.sign(task.id, task.name, queue, task.group, task.arguments, task.head))
                     for task in tasks]  # fmt: skip
        scripts = await self.backend.scripts()
        if len(tasks) == 1:
            return [not await scripts.enqueue(queue, tasks)]
        created = [True] * len(tasks)
        sent: deque[tuple[int, asyncio.Task[dict[int, str]]]] = deque()
        # The server works on one batch while the next is written to it; the wire keeps their order.
        try:
            for first, batch in self._batches(tasks):
                sent.append((first, asyncio.create_task(scripts.enqueue(queue, batch))))
                await asyncio.sleep(0)
                if len(sent) == IN_FLIGHT:
                    await _note_known(created, *sent.popleft())
            while sent:
                await _note_known(created, *sent.popleft())
        finally:
            await asyncio.gather(*(call for _, call in sent), return_exceptions=True)
        return created

    def _batches(self, tasks: Sequence[NewTask]) -> Iterable[tuple[int, Sequence[NewTask]]]:
        """Cut by number and by size, so that no call of the server takes long or is too large to send."""
        first = size = 0
        limits = self.backend.limits
        most = max(limits.payload_bytes, 4_194_304)
        for position, task in enumerate(tasks):
            size += len(task.arguments)
            if position > first and (position - first >= limits.batch or size > most):
                yield first, tasks[first:position]
                first, size = position, len(task.arguments)
        if first < len(tasks):
            yield first, tasks[first:]

    async def peek(self, queue: str, task_id: str) -> tuple[str, Any, Any]:
        """The state of a task now ('' if there is none), its result as JSON, and why it is dead."""
        if self.hooks.stand_in is not None:
            return await self.hooks.stand_in.peek(queue, task_id)
        scripts = await self.backend.scripts()
        return await scripts.peek(queue, task_id)

    async def end_of(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """Wait without bound until the task has ended; as ``peek``."""
        if self.hooks.stand_in is not None:
            return await self.hooks.stand_in.peek(queue, task_id)
        return await self.waits.end_of(queue, task_id)

    async def cancel(self, queue: str, task_id: str) -> str:
        """Cancel one task: 'done', 'requested', or the state that forbids it."""
        if self.hooks.stand_in is not None:
            return await self.hooks.stand_in.cancel(queue, task_id)
        scripts = await self.backend.scripts()
        return (await scripts.cancel(queue, self.backend.actor, self.backend.limits.retention, [task_id]))[0]

    async def close(self) -> None:
        """End the subscription for results."""
        await self.waits.close()
