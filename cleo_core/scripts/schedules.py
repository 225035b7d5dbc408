"""Schedules: entering, firing and looking at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from cleo_core.scripts.calls import Calls


class DueSchedule(NamedTuple):
    """A schedule whose time has come; times in ms. ``when`` is JSON."""

    id: bytes
    due: bytes
    revision: bytes
    anchor: bytes
    when: bytes


class NewSchedule(NamedTuple):
    """A schedule to enter: when it is due first (ms) and what is kept of it."""

    id: str
    due: int
    fields: Mapping[str, str | bytes]


class ScheduleScripts(Calls):
    """What operators do to schedules, and what workers do for them."""

    async def time(self) -> int:
        """The server's time (ms)."""
        seconds, microseconds = await self._wire.ask("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    async def schedule(self, queue: str, actor: str, anchor: int, new: NewSchedule) -> str:
        """Enter or replace a schedule: 'added', 'changed', 'same', or 'declared' if a task's declaration has it."""
        flat = chain.from_iterable(new.fields.items())
        return (await self._run("schedule", queue, actor, new.id, new.due, anchor, *flat)).decode()

    async def declare(
        self, queue: str, worker: str, mine: bytes, anchor: int, news: Sequence[NewSchedule]
    ) -> tuple[int, int]:
        """Enter the schedules that tasks declare and take out those that they don't any more; how many of each."""
        flat: list[Any] = []
        for new in news:
            flat += [new.id, new.due, 2 * len(new.fields), *chain.from_iterable(new.fields.items())]
        entered, removed = await self._run("declare", queue, mine, anchor, worker, len(news), *flat)
        return entered, removed

    async def vouch(self, queue: str, worker: str, schedules: Sequence[str]) -> int:
        """Say that a worker's code still declares these schedules; how many of them there are."""
        return await self._run("vouch", queue, worker, *schedules)

    async def due(self, queue: str, worker: str, limit: int) -> tuple[int, float | None, list[DueSchedule]]:
        """When it is (ms), in how many seconds this worker is to ask again (None: no need), and what is due."""
        now, wait, *flat = await self._run("due", queue, worker, limit)
        rows = [DueSchedule(*flat[at : at + 5]) for at in range(0, len(flat), 5)]
        return now, None if wait < 0 else wait / 1000, rows

    async def fire(
        self, queue: str, row: DueSchedule, next_due: int | None, skipped: int, ticks: Sequence[tuple[int, str]]
    ) -> int:
        """Store the tasks of a due schedule; how many are new, or -1 if it was fired or changed meanwhile."""
        following = "+inf" if next_due is None else next_due
        flat = chain.from_iterable(ticks)
        return await self._run("fire", queue, row.id, row.due, row.revision, following, skipped, *flat)

    async def run_schedule(self, queue: str, actor: str, schedule: str, task_id: str) -> bool:
        """Store a task of a schedule now; False if there is no such schedule."""
        return await self._run("run_schedule", queue, actor, schedule, task_id) == 1

    async def hold_schedule(self, queue: str, actor: str, schedule: str, flag: str, due: int | None, when: str) -> int:
        """Pause ('1') or resume ('0'): 1, 0 if it was so, -1 if there is none, -2 if its times changed meanwhile."""
        following = "+inf" if due is None else due
        return await self._run("hold_schedule", queue, actor, schedule, flag, following, when)

    async def unschedule(self, queue: str, actor: str, schedule: str) -> bool:
        """Forget a schedule; False if there was none."""
        return await self._run("unschedule", queue, actor, schedule) == 1

    async def schedules(self, queue: str, offset: int, size: int, schedule: str = "") -> tuple[int, int, list[Any]]:
        """When (ms), how many there are, and raw rows as ``schedules.lua`` returns them."""
        now, total, rows = await self._run("schedules", queue, offset, size, schedule)
        return now, total, rows
