"""Retrying a dead letter with other arguments, once they have been checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleo_core.backend import Backend
from cleo_core.errors import InvalidArguments, TaskNotFound, WrongState
from cleo_core.models import ArgumentsCheck
from cleo_core.tasks.registry import Registry
from cleo_core.tasks.schema import complaints_of
from cleo_core.tasks.signature import encode_raw
from cleo_core.workers import Workers


class Editor:
    """Checks arguments by the best that is known of a task: its code, what a worker has published, or JSON alone."""

    def __init__(self, backend: Backend, registry: Registry, workers: Workers) -> None:
        self._backend = backend
        self._registry = registry
        self._workers = workers

    async def retry(self, queue: str, task_id: str, name: str, arguments: Mapping[str, Any]) -> ArgumentsCheck:
        """Put a dead letter of that name back with other arguments."""
        data, checked = await self._checked(name, arguments)
        scripts = await self._backend.scripts()
        answer = await scripts.edit_retry(queue, self._backend.actor, task_id, data, name)
        if not answer:
            raise TaskNotFound(f"There is no task {task_id} in {queue} any more. It was removed, or it has expired.")
        if answer == "renamed":
            raise WrongState(f"Task {task_id} in {queue} is another than {name!r} by now. Look at it again.")
        if answer != "retried":
            raise WrongState(f"Task {task_id} in {queue} is {answer}, so it can't be retried.")
        return checked

    async def _checked(self, name: str, arguments: Mapping[str, Any]) -> tuple[bytes, ArgumentsCheck]:
        limit = self._backend.limits.payload_bytes
        declared = self._registry.find(name)
        if declared is not None:
            return declared.signature.encode(arguments, limit), ArgumentsCheck.DECLARED
        data = encode_raw(name, arguments, limit)
        published = await self._workers.signature(name)
        if published is None:
            return data, ArgumentsCheck.UNCHECKED
        complaints = complaints_of(published.json_schema, data)
        if complaints is None:
            return data, ArgumentsCheck.UNCHECKED
        if complaints:
            raise InvalidArguments(
                f"The arguments don't fit the task {name!r} as a worker has published it: {'; '.join(complaints)}."
            )
        return data, ArgumentsCheck.PUBLISHED
