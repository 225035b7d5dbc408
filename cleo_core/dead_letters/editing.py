"""Retrying a dead letter with other arguments, once they have been checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cleo_core.backend import Backend
from cleo_core.errors import InvalidArguments, SigningKeyNeeded, TaskNotFound, WrongState
from cleo_core.models import ArgumentsCheck, DeadLetterRecord
from cleo_core.scripts.retries import LetterParts
from cleo_core.signing import split_signature
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

    async def retry(self, letter: DeadLetterRecord, parts: LetterParts, arguments: Mapping[str, Any]) -> ArgumentsCheck:
        """Put a dead letter back with other arguments."""
        queue, task_id = letter.queue, letter.id
        data, checked = await self._checked(letter.name, arguments)
        head = self._signed(letter, parts.head, data)
        scripts = await self._backend.scripts()
        answer = await scripts.edit_retry(queue, self._backend.actor, task_id, data, head, parts)
        if not answer:
            raise TaskNotFound(f"There is no task {task_id} in {queue} any more. It was removed, or it has expired.")
        if answer == "another":
            raise WrongState(f"Task {task_id} in {queue} is another than {letter.name!r} by now. Look at it again.")
        if answer != "retried":
            raise WrongState(f"Task {task_id} in {queue} is {answer}, so it can't be retried.")
        return checked

    def _signed(self, letter: DeadLetterRecord, head: bytes, data: bytes) -> bytes:
        """The task's head, with a signature that holds for the new arguments if it had one or there is a key."""
        if (key := self._backend.signing) is not None:
            return key.sign(letter.id, letter.name, letter.queue, letter.group, data, head)
        _, signature = split_signature(head)
        if signature:
            raise SigningKeyNeeded(
                f"Task {letter.id} in {letter.queue} is signed, so with other arguments workers would refuse it. "
                "Use a Cleo with a signing key that may submit it."
            )
        return head

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
