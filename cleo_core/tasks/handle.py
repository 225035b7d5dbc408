"""A task that was enqueued, as its producer holds it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from cleo_core.errors import TaskCancelled, TaskFailed, TaskNotFound
from cleo_core.models import TaskState

if TYPE_CHECKING:
    from cleo_core.tasks.producer import Producer

T_co = TypeVar("T_co", covariant=True)


class TaskHandle(Generic[T_co]):
    """A task by its id and queue. ``created`` is False when a task of that id existed already and was left as it is."""

    __slots__ = ("_adapter", "_producer", "created", "id", "queue")

    def __init__(
        self,
        producer: Producer,
        queue: str,
        task_id: str,
        *,
        created: bool = True,
        adapter: TypeAdapter[Any] | None = None,
    ) -> None:
        self._producer = producer
        self._adapter = adapter
        self.queue = queue
        self.id = task_id
        self.created = created

    def __repr__(self) -> str:
        return f"TaskHandle({self.queue!r}, {self.id!r})"

    def on(self, producer: Producer) -> TaskHandle[T_co]:
        """The same task, asked after by another ``Cleo``'s producer."""
        return TaskHandle(producer, self.queue, self.id, created=self.created, adapter=self._adapter)

    async def status(self) -> TaskState:
        """The state that the task is in now.

        Raises:
            TaskNotFound: there is none of that id (any more).
        """
        state, _, _ = await self._producer.peek(self.queue, self.id)
        if not state:
            raise self._not_found()
        return TaskState(state)

    async def result(self, timeout: float | None = None) -> T_co:
        """Wait for the task's end and return what it returned.

        Args:
            timeout: seconds to wait at most; None waits for ever.

        Raises:
            TaskFailed: it is in the dead letters.
            TaskCancelled: it was cancelled.
            TaskNotFound: it is unknown, or its record has expired.
            TimeoutError: it has not ended in time; it goes on.
        """
        try:
            async with asyncio.timeout(timeout):
                state, result, reason = await self._producer.end_of(self.queue, self.id)
        except TimeoutError:
            raise TimeoutError(
                f"Task {self.id} in {self.queue} has not ended within {timeout:g} s. It goes on."
            ) from None
        if state == TaskState.COMPLETED:
            return self._decode(result)
        if state == TaskState.DEAD:
            raise TaskFailed(self.id, reason)
        if state == TaskState.CANCELLED:
            raise TaskCancelled(f"Task {self.id} in {self.queue} was cancelled.")
        raise self._not_found()

    async def cancel(self) -> bool:
        """Cancel the task: at once if it waits, by asking its worker if it runs. False if it has ended already.

        Raises:
            TaskNotFound: there is none of that id (any more).
        """
        answer = await self._producer.cancel(self.queue, self.id)
        if not answer:
            raise self._not_found()
        return answer in {"done", "requested"}

    def _decode(self, data: bytes) -> T_co:
        if self._adapter is not None:
            try:
                return self._adapter.validate_json(data)
            except ValidationError:
                pass  # The worker's code returned something else than it declares: hand out what it returned.
        return from_json(data)

    def _not_found(self) -> TaskNotFound:
        return TaskNotFound(f"There is no task {self.id} in {self.queue}. It was removed, or its record has expired.")
