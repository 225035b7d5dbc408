"""Groups: their rules, their settings, and what would come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from cleo_core.scripts.calls import Calls


class GroupScripts(Calls):
    """What operators do to groups, and what is known of them."""

    async def govern(
        self, queue: str, actor: str, action: str, slice_size: int, number: int, moves: str, fields: Mapping[str, str]
    ) -> tuple[int, int]:
        """Begin (``number`` 0) or carry on a change of the rules: its number and how many groups are still to be
        moved.
        """
        flat = chain.from_iterable(fields.items())
        number, left = await self._run("govern", queue, actor, action, slice_size, number, moves, *flat)
        return number, left

    async def configure(self, queue: str, actor: str, action: str, group: str, fields: Mapping[str, str]) -> bool:
        """Change a group's settings ('' removes one); whether that changed anything."""
        return await self._run("configure", queue, actor, action, group, *chain.from_iterable(fields.items())) == 1

    async def groups(self, queue: str, offset: int, size: int, around: str, names: Sequence[str] = ()) -> list[Any]:
        """A raw window onto the groups, as ``groups.lua`` returns it."""
        return await self._run("groups", queue, offset, size, around, *names)

    async def find_groups(self, queue: str, cursor: bytes, pattern: str, slice_size: int) -> tuple[bytes, list[bytes]]:
        """The groups of a slice whose names match, and the cursor of the next slice (``b"0"`` at the end)."""
        cursor, names = await self._run("find_groups", queue, cursor, pattern, slice_size)
        return cursor, names

    async def survey(
        self, queue: str, strategy: str, order: str, cursor: bytes, slice_size: int, wanted: int
    ) -> tuple[bytes, list[tuple[float, bytes]]]:
        """The groups of a slice that would come first under other rules, with their scores, and the next cursor."""
        cursor, flat = await self._run("survey", queue, strategy, order, cursor, slice_size, wanted)
        return cursor, [(float(score), group) for group, score in zip(flat[::2], flat[1::2], strict=True)]

    async def preview(
        self, queue: str, strategy: str, order: str, limit: int, groups: Sequence[bytes] = ()
    ) -> tuple[int, list[Any]]:
        """When (ms), and the raw tasks that would be taken next."""
        now, tasks = await self._run("preview", queue, strategy, order, limit, *groups)
        return now, tasks

    async def explain(self, queue: str, task_id: str) -> list[Any]:
        """The raw state of what decides on a task, as ``explain.lua`` returns it."""
        return await self._run("explain", queue, task_id)
