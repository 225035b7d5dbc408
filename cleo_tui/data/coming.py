"""Which tasks come next, as things are and as they would be: what is shown before a rule is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from cleo_core import Cleo, GroupOrder, GroupStrategy, TaskState
from cleo_core.models import TaskSummary

NEXT = 10


@dataclass(frozen=True, slots=True)
class Coming:
    """The next tasks now, and then."""

    now: Sequence[TaskSummary]
    then: Sequence[TaskSummary]
    waiting: int

    @property
    def why_none(self) -> str:
        """What to say where no task comes next."""
        if not self.waiting:
            return "no task waits"
        return "kept by limits, pauses or locks"


async def of_queue(cleo: Cleo, queue: str, strategy: GroupStrategy, order: GroupOrder) -> Coming:
    """The next tasks of a queue, and what they would be under other rules. Raises ``ServerError``."""
    now, then, stats = await asyncio.gather(
        cleo.groups.preview(queue, None, NEXT),
        cleo.groups.preview(queue, strategy, NEXT, order=order),
        cleo.queues.stats(queue),
    )
    return Coming(now, then, stats.waiting)


async def of_group(cleo: Cleo, queue: str, group: str, before: GroupOrder, order: GroupOrder) -> Coming:
    """The next tasks of one group, and what they would be in another order. Raises ``ServerError``."""
    now, then = await asyncio.gather(in_order(cleo, queue, group, before), in_order(cleo, queue, group, order))
    return Coming(now, then, len(now))


async def in_order(cleo: Cleo, queue: str, group: str, order: GroupOrder) -> list[TaskSummary]:
    """The first tasks of a group in an order, whichever order it has; a few bounded questions for a list of any length.

    The list of a group's tasks goes by priority, and by age within one. So the oldest and the newest are at the ends
    of its priorities. Where priorities meet, age is told by when a task was enqueued; one that failed since stands a
    little further ahead here than where the server takes it.
    """
    window = _Window(cleo, queue, group)
    if order is GroupOrder.PRIORITY:
        return (await window.read(0))[:NEXT]
    found: list[TaskSummary] = []
    for first, end in await window.priorities():
        found += (await window.read(first if order is GroupOrder.FIFO else max(first, end - NEXT)))[: end - first]
    newest_first = order is GroupOrder.LIFO
    # The lists are in order of age already, which a stable sort keeps among those enqueued at one moment.
    tasks = reversed(found) if newest_first else found
    return sorted(tasks, key=lambda task: task.enqueued_at, reverse=newest_first)[:NEXT]


class _Window:
    """A group's waiting tasks."""

    def __init__(self, cleo: Cleo, queue: str, group: str) -> None:
        self._cleo, self._queue, self._group = cleo, queue, group
        self._total = 0

    async def read(self, offset: int, size: int = NEXT) -> list[TaskSummary]:
        """Some of them from a place on."""
        page = await self._cleo.queues.tasks(
            self._queue, TaskState.WAITING, offset=offset, limit=size, group=self._group
        )
        self._total = page.total
        return page.items if page.offset == offset else []

    async def priorities(self) -> list[tuple[int, int]]:
        """Where each priority begins and ends."""
        spans: list[tuple[int, int]] = []
        first = 0
        while here := await self.read(first, 1):
            end = await self._end_of(here[0], first)
            spans.append((first, end))
            first = end
        return spans

    async def _end_of(self, task: TaskSummary, first: int) -> int:
        """The place after the last task of the same priority, found by halving."""
        low, high = first + 1, self._total
        last = await self.read(high - 1, 1)
        if last and last[0].priority == task.priority:
            return high
        while low < high:
            middle = (low + high) // 2
            there = await self.read(middle, 1)
            if there and there[0].priority == task.priority:
                low = middle + 1
            else:
                high = middle
        return low
