"""What small groups wait for beside one that has a hundred thousand tasks, on a worker that runs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.groups_load import QUEUE, Load, open_load
from benchmarks.peers.server import ServerKind
from cleo_core import TaskContext
from cleo_core.models import GroupStrategy

STRATEGIES = (GroupStrategy.FIFO, GroupStrategy.ROUND_ROBIN, GroupStrategy.DYNAMIC)
SMALL_GROUPS = 99
_BIG = "big"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Waits:
    """What the tasks of the small groups waited for, each of them, the least first: tasks and seconds."""

    strategy: str
    tasks_before: list[int]
    seconds: list[float]

    @property
    def middle_tasks(self) -> float:
        """The tasks that the middle one waited for."""
        return median(self.tasks_before)

    @property
    def middle_seconds(self) -> float:
        """The time that the middle one waited."""
        return median(self.seconds)


async def fairness(kind: ServerKind, big: int, small: int, say: Say) -> list[Waits]:
    """One group with `big` tasks, stored first, beside 99 with `small` tasks each, under each of the strategies."""
    waits: list[Waits] = []
    for strategy in STRATEGIES:
        say(f"fairness: {strategy.name}, {big:,} tasks beside {SMALL_GROUPS} x {small:,} ...")
        async with open_load(kind) as load:
            await load.cleo.groups.set_strategy(QUEUE, strategy)
            await load.fill([_BIG] * big)
            await load.fill(f"small{number}" for _ in range(small) for number in range(SMALL_GROUPS))
            waits.append(await _run(load, strategy, SMALL_GROUPS * small))
    return waits


async def _run(load: Load, strategy: GroupStrategy, expected: int) -> Waits:
    """Let a worker run the tasks until the last of the small groups' has begun."""
    before: list[int] = []
    seconds: list[float] = []
    ran = 0
    all_served = asyncio.Event()

    async def nothing(context: TaskContext) -> None:
        nonlocal ran
        if context.group != _BIG:
            before.append(ran)
            seconds.append(time.perf_counter() - began)
            if len(before) == expected:
                all_served.set()
        ran += 1

    load.cleo.task(name="nothing", queue=QUEUE, retention=0)(nothing)
    began = time.perf_counter()
    async with load.cleo.worker([QUEUE], concurrency=100, grace=1.0):
        await all_served.wait()
    return Waits(strategy.name, sorted(before), sorted(seconds))


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values lies."""
    return values[min(len(values) - 1, round(share * len(values)))]
