"""A worker by hand: tasks put, claimed and settled through the worker's own scripts, one call at a time."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence

from cleo_core import Cleo
from cleo_core.scripts import Claimed, NewTask, Settled

QUEUE = "q"
LEASE_MS = 600_000
RETENTIONS = (600, 600)
FAILURE = json.dumps(["ValueError", "no", "", "failed", "f1", "no"]).encode()

Put = tuple[str, str, int]


async def put(cleo: Cleo, tasks: Iterable[Put]) -> None:
    """Store tasks: each an id, a group and a priority."""
    await cleo.backend.know_queue(QUEUE)
    scripts = await cleo.backend.scripts()
    new = [NewTask(task_id, "work", b"{}", b'{"v":1}', group, priority, 0) for task_id, group, priority in tasks]
    for first in range(0, len(new), 1000):
        await scripts.enqueue(QUEUE, new[first : first + 1000])


async def fill(cleo: Cleo, **sizes: int) -> None:
    """Store so many tasks of each group, in the order of the groups, as ``group-number``."""
    for group, size in sizes.items():
        await put(cleo, [(f"{group}-{n}", group, 1) for n in range(size)])


async def claim(
    cleo: Cleo, room: int, settled: Sequence[Settled] = (), *, worker: str = "w", lease_ms: int = LEASE_MS
) -> list[Claimed]:
    """One call of a worker: settle, and claim what there is room for."""
    scripts = await cleo.backend.scripts()
    answer = await scripts.cycle(QUEUE, worker, room, lease_ms, RETENTIONS, settled)
    assert answer.stale == []
    assert len(answer.claimed) <= room
    return answer.claimed


def done(task: Claimed, run_ms: float = 1.0) -> Settled:
    """The task completed after so long; nothing of it is kept."""
    return Settled(task.id, task.receipt, task.group, "completed", round(run_ms * 1000), b"null", 0)


def failed(task: Claimed, run_ms: float = 1.0, *, for_good: bool = False) -> Settled:
    """The task failed after so long, for good or to be tried again at once."""
    return Settled(task.id, task.receipt, task.group, "dead" if for_good else "retry", round(run_ms * 1000), FAILURE, 0)


def returned(task: Claimed) -> Settled:
    """The worker doesn't run the task and hands it back."""
    return Settled(task.id, task.receipt, task.group, "returned", 0, b"", 0)


def ids_of(claimed: Iterable[Claimed]) -> list[str]:
    """Which tasks these are."""
    return [task.id.decode() for task in claimed]


def groups_of(claimed: Iterable[Claimed]) -> list[str]:
    """Whose tasks these are."""
    return [task.group.decode() for task in claimed]


async def finish(cleo: Cleo, claimed: Sequence[Claimed], run_ms: float = 1.0) -> None:
    """Complete tasks and claim nothing."""
    for first in range(0, len(claimed), 500):
        await claim(cleo, 0, [done(task, run_ms) for task in claimed[first : first + 500]])


async def serve(
    cleo: Cleo,
    claims: int,
    run_ms: Callable[[str], float] = lambda group: 1.0,
    *,
    batch: int = 10,
    fails: Callable[[str], bool] = lambda group: False,
    refill: Callable[[list[Claimed]], Awaitable[None]] | None = None,
) -> list[str]:
    """Claim in batches and settle each batch with the next call; the groups in the order in which they were served."""
    served: list[str] = []
    settled: list[Settled] = []
    while len(served) < claims:
        claimed = await claim(cleo, min(batch, claims - len(served)), settled)
        assert claimed, f"nothing to claim after {len(served)} claims"
        groups = groups_of(claimed)
        served += groups
        settled = [
            failed(task, run_ms(group), for_good=True) if fails(group) else done(task, run_ms(group))
            for task, group in zip(claimed, groups, strict=True)
        ]
        if refill is not None:
            await refill(claimed)
    await claim(cleo, 0, settled)
    return served
