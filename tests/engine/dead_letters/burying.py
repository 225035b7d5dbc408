"""Dead letters by hand: tasks stored, claimed and settled as dead through the worker's own script, many in a call."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import to_json

from cleo_core import Cleo
from cleo_core.fingerprints import kind_of
from cleo_core.scripts import Claimed, NewTask, Settled
from tests.raw import ask
from tests.waiting import until

WORKER = "host-1"
RETENTIONS = (2_592_000, 3_600)


async def store(
    cleo: Cleo, ids: Sequence[str], *, queue: str = "q", name: str = "work", group: str = "", arguments: bytes = b"{}"
) -> None:
    """Store tasks of those ids."""
    await cleo.backend.know_queue(queue)
    scripts = await cleo.backend.scripts()
    new = [NewTask(task_id, name, arguments, b'{"v":1}', group, 1, 0) for task_id in ids]
    for first in range(0, len(new), 1_000):
        await scripts.enqueue(queue, new[first : first + 1_000])


async def claim(cleo: Cleo, most: int, *, queue: str = "q", worker: str = WORKER) -> list[Claimed]:
    """Claim tasks as a worker that has no heart."""
    scripts = await cleo.backend.scripts()
    return (await scripts.cycle(queue, worker, most, 600_000, RETENTIONS, [])).claimed


async def fail(
    cleo: Cleo,
    tasks: Sequence[Claimed],
    error: tuple[str, str] = ("ValueError", "no 1"),
    *,
    queue: str = "q",
    worker: str = WORKER,
    outcome: str = "failed",
    dead_retention: int = RETENTIONS[0],
) -> None:
    """Settle claimed tasks as failed for good."""
    scripts = await cleo.backend.scripts()
    value = to_json([*error, "Traceback ...", outcome, *kind_of(*error)])
    settled = [Settled(task.id, task.receipt, task.group, "dead", 1_000, value, 0) for task in tasks]
    for first in range(0, len(settled), 500):
        await scripts.cycle(queue, worker, 0, 600_000, (dead_retention, 3_600), settled[first : first + 500])


async def bury(
    cleo: Cleo,
    ids: Sequence[str],
    error: tuple[str, str] = ("ValueError", "no 1"),
    *,
    queue: str = "q",
    name: str = "work",
    group: str = "",
    arguments: bytes = b"{}",
    worker: str = WORKER,
    outcome: str = "failed",
    dead_retention: int = RETENTIONS[0],
) -> None:
    """Make dead letters of those ids, with that error."""
    await store(cleo, ids, queue=queue, name=name, group=group, arguments=arguments)
    for first in range(0, len(ids), 1_000):
        tasks = await claim(cleo, min(1_000, len(ids) - first), queue=queue, worker=worker)
        assert len(tasks) == min(1_000, len(ids) - first)
        await fail(cleo, tasks, error, queue=queue, worker=worker, outcome=outcome, dead_retention=dead_retention)


async def complete(cleo: Cleo, tasks: Sequence[Claimed], *, queue: str = "q", worker: str = WORKER) -> None:
    """Settle claimed tasks as completed."""
    scripts = await cleo.backend.scripts()
    settled = [Settled(task.id, task.receipt, task.group, "completed", 1_000, b"null", 3_600) for task in tasks]
    for first in range(0, len(settled), 500):
        await scripts.cycle(queue, worker, 0, 600_000, RETENTIONS, settled[first : first + 500])


async def clock(cleo: Cleo) -> float:
    """The server's time, in seconds."""
    seconds, microseconds = await ask(cleo, "TIME")
    return int(seconds) + int(microseconds) / 1e6


async def tick(cleo: Cleo, past: float | None = None) -> None:
    """Wait until the server's clock is past a time (now, unless given) by a few milliseconds."""
    moment = (await clock(cleo) if past is None else past) + 0.003

    async def is_past() -> bool:
        return await clock(cleo) > moment

    await until(is_past)


def numbered(prefix: str, count: int) -> list[str]:
    """Ids with numbers."""
    return [f"{prefix}{number}" for number in range(count)]
