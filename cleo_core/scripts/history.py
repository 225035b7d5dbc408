"""What happened: the counters of ranges of time, and forgetting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cleo_core.scripts.calls import Calls


class HistoryScripts(Calls):
    """Counters and lists of the past."""

    async def fold(self, queue: str, slice_size: int) -> bool:
        """Add the counters of minutes that are over to their hours and days; whether there are more."""
        return await self._run("fold", queue, slice_size) == 1

    async def buckets(self, queue: str, suffix: str, first: int, last: int, names: Sequence[str]) -> list[Any]:
        """Raw counters: when (ms), of unfolded minutes, and of each name, as ``buckets.lua`` returns them."""
        return await self._run("buckets", queue, suffix, first, last, *names)

    async def ranking(self, queue: str, kind: str, most: int, first: int, last: int, days: Sequence[int]) -> list[str]:
        """The groups (``g``), workers (``w``) or task names (``n``) that took most time in these days."""
        names = await self._run("ranking", queue, kind, most, first, last, *days)
        return [name.decode(errors="replace") for name in names]

    async def clear_history(
        self, queue: str, actor: str, action: str, target: str, span: Sequence[int], suffixes: Sequence[str]
    ) -> tuple[int, int]:
        """Drop what is kept of the past: how many keys there were, and how many kinds of errors are left.

        ``span`` is what ``clear_history.lua`` takes: the first and last hour, day, block of 32 days, and day.
        """
        gone, errors = await self._run("clear_history", queue, actor, action, target, *span, *suffixes)
        return gone, errors

    async def clear_task_history(
        self, queue: str, actor: str, task_id: str, slice_size: int, place: bytes
    ) -> tuple[int, bytes]:
        """Drop the attempts of a task from a slice of the lists: how many, and where to go on (nothing: at the end)."""
        gone, place = await self._run("clear_task_history", queue, actor, task_id, slice_size, place)
        return gone, place

    async def keep(self, queue: str, numbers: str) -> None:
        """Say how much of the past the queue keeps; '' for the defaults."""
        await self._run("keep", queue, numbers)
