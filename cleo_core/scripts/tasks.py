"""Tasks into a queue, and what becomes of those that wait or have ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from cleo_core.scripts.calls import Calls


class NewTask(NamedTuple):
    """A task to store; ``delay_ms`` is 0 for a task that may run at once. ``head`` is JSON: its version and options."""

    id: str
    name: str
    arguments: bytes
    head: bytes
    group: str
    priority: int
    delay_ms: int


class TaskScripts(Calls):
    """What producers and operators do to tasks."""

    async def enqueue(self, queue: str, tasks: Sequence[NewTask]) -> dict[int, str]:
        """Store tasks, all or none; returns the states of those that existed already, by position."""
        known = await self._run("enqueue", queue, *chain.from_iterable(tasks))
        return {int(known[i]): known[i + 1].decode() for i in range(0, len(known), 2)}

    async def await_end(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state, result and error of a task; if it has not ended, its end will be told on its channel."""
        state, result, reason = await self._run("await", queue, task_id)
        return state.decode(), result, reason.decode(errors="replace")

    async def peek(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state, result and error of a task now."""
        state, result, reason = await self._run("peek", queue, task_id)
        return state.decode(), result, reason.decode(errors="replace")

    async def record(self, queue: str, task_id: str) -> list[Any]:
        """The raw record of a task, as ``record.lua`` returns it."""
        return await self._run("record", queue, task_id)

    async def cancel(self, queue: str, actor: str, retention: int, ids: Sequence[str]) -> list[str]:
        """Cancel tasks; for each 'done', 'requested', or the state that forbids it."""
        prefix = self._keys.control_channel("")
        return [answer.decode() for answer in await self._run("cancel", queue, actor, prefix, retention, *ids)]

    async def remove(self, queue: str, actor: str, ids: Sequence[str]) -> list[str]:
        """Forget tasks; for each 'removed', or the state that forbids it."""
        return [answer.decode() for answer in await self._run("remove", queue, actor, *ids)]

    async def pause(self, queue: str, actor: str, flag: str) -> bool:
        """Pause ('1') or resume ('0') a queue; whether that changed anything."""
        return await self._run("pause", queue, actor, flag) == 1

    async def stats(self, queue: str) -> list[Any]:
        """The raw counts of a queue, as ``stats.lua`` returns them."""
        return await self._run("stats", queue)

    async def page(
        self, queue: str, state: str, offset: int, size: int, around: str, reverse: str, group: str | None = None
    ) -> list[Any]:
        """A raw window onto the tasks of a state, as ``page.lua`` returns it."""
        one = ("1", group) if group is not None else ("", "")
        return await self._run("page", queue, state, offset, size, around, reverse, *one)
