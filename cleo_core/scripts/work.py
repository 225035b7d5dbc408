"""What a worker calls: claiming and settling, leases, and what every worker does for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from cleo_core.scripts.calls import Calls

# How many workers a task may take down when its options don't say (RunOptions.max_deliveries).
MAX_DELIVERIES = 3


class Settled(NamedTuple):
    """What became of a claimed task, as ``cycle.lua`` takes it."""

    id: bytes
    receipt: bytes
    group: bytes
    outcome: str
    run_us: int
    value: bytes
    number: int


class Claimed(NamedTuple):
    """A task that this worker now holds, as ``cycle.lua`` gives it: bytes, because most are never shown."""

    id: bytes
    name: bytes
    arguments: bytes
    head: bytes
    receipt: bytes
    group: bytes
    tries: int
    losses: int


class Held(NamedTuple):
    """A task whose lease is to be extended; ``ran_ms`` tells once for how long it has run by now."""

    id: bytes
    receipt: bytes
    ran_ms: int | None = None


class Cycle(NamedTuple):
    """The answer to one settle-and-claim. ``next_due`` is in seconds, or None. ``options`` are what groups of claimed
    tasks have for those that don't say themselves, as JSON. ``next_tick`` is in how many seconds this worker is to fire
    schedules, or None.
    """

    stale: list[bytes]
    claimed: list[Claimed]
    next_due: float | None
    waiting: int
    paused: bool
    options: dict[bytes, bytes]
    next_tick: float | None


class Poisoned(NamedTuple):
    """A task that a sweep quarantined: the receipt of its last attempt, its head (JSON), and why."""

    receipt: bytes
    head: bytes
    reason: bytes


class Swept(NamedTuple):
    """What a sweep did: how many tasks it took back and promoted, in how many seconds the worker is to fire schedules
    (None: no need), and what it quarantined.
    """

    taken: int
    promoted: int
    next_tick: float | None
    poisoned: list[Poisoned]


class Report(NamedTuple):
    """Progress (``fraction`` below 0: none) and log texts (a JSON array, or nothing) of a running task."""

    id: bytes
    receipt: bytes
    fraction: float
    text: str
    logs: bytes


def _seconds(milliseconds: int) -> float | None:
    return None if milliseconds < 0 else milliseconds / 1000


class WorkScripts(Calls):
    """What workers do."""

    async def cycle(
        self, queue: str, worker: str, room: int, lease_ms: int, retentions: tuple[int, int], settled: Iterable[Settled]
    ) -> Cycle:
        """Settle what has finished and claim up to ``room`` tasks. Large arguments are fetched by further calls."""
        stale, claimed, due, waiting, paused, options, tick = await self._run(
            "cycle", queue, worker, room, lease_ms, *retentions, *chain.from_iterable(settled)
        )
        tasks = list(map(Claimed._make, zip(*[iter(claimed)] * len(Claimed._fields), strict=True)))
        if tasks and not tasks[-1].arguments:
            left_out = [task.id for task in tasks if not task.arguments]
            fetched = iter(await self.arguments(queue, left_out))
            tasks = [task if task.arguments else task._replace(arguments=next(fetched)) for task in tasks]
        by_group = dict(zip(options[::2], options[1::2], strict=True))
        return Cycle(stale, tasks, _seconds(due), waiting, paused == 1, by_group, _seconds(tick))

    async def arguments(self, queue: str, task_ids: Sequence[bytes]) -> list[bytes]:
        """The arguments of tasks, in as many calls as it takes that none of them is long."""
        found: list[bytes] = []
        while len(found) < len(task_ids):
            found += await self._run("arguments", queue, *task_ids[len(found) :])
        return found

    async def sweep(
        self, queue: str, slice_size: int, retentions: tuple[int, int], gap_ms: int = 0, worker: str = ""
    ) -> Swept:
        """Take back what lost its lease and promote what is due.

        Nothing is done when the last sweep of the queue, by whomever, is less than ``gap_ms`` ago.
        """
        taken, promoted, _, tick, poisoned = await self._run(
            "sweep", queue, slice_size, MAX_DELIVERIES, *retentions, gap_ms, worker
        )
        quarantined = list(map(Poisoned._make, zip(*[iter(poisoned)] * len(Poisoned._fields), strict=True)))
        return Swept(taken, promoted, _seconds(tick), quarantined)

    async def release(self, queue: str, worker: str, retentions: tuple[int, int], why: str) -> int:
        """Take back all tasks of a worker that is gone, in slices; returns how many."""
        total = offset = 0
        while offset >= 0:
            taken, offset = await self._run("release", queue, worker, offset, 500, MAX_DELIVERIES, *retentions, why)
            total += taken
        return total

    async def hand_back(self, queue: str, worker: str, held: Iterable[bytes]) -> int:
        """Put back, uncharged, what is leased to the worker but not in ``held``; returns how many."""
        total = offset = 0
        known = list(held)
        while offset >= 0:
            taken, offset = await self._run("hand_back", queue, worker, offset, 500, *known)
            total += taken
        return total

    async def renew(self, queue: str, lease_ms: int, held: Sequence[Held]) -> list[int]:
        """Extend leases; for each task 1, or 2 if a cancel is asked for, or 0 if the lease is lost."""
        flat = chain.from_iterable((task.id, task.receipt, "" if task.ran_ms is None else task.ran_ms) for task in held)
        return await self._run("renew", queue, lease_ms, *flat)

    async def begin(self, queue: str, task: Claimed) -> bool:
        """Note that a task under suspicion runs now; False if its lease is lost."""
        return await self._run("begin", queue, task.id, task.receipt) == 1

    async def report(self, queue: str, reports: Sequence[Report]) -> list[int]:
        """Store progress and log lines; for each 1, or 0 if the lease is lost."""
        flat: list[Any] = []
        for report in reports:
            fraction = "" if report.fraction < 0 else f"{report.fraction:.4g}"
            flat += (report.id, report.receipt, fraction, report.text, report.logs)
        return await self._run("report", queue, *flat)
