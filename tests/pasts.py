"""Making a past: attempts that ended so, in so many seconds, reported by a worker's own scripts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import to_json

from cleo_core import Cleo
from cleo_core.fingerprints import kind_of
from cleo_core.scripts import Claimed, Settled
from tests.ghosts import GHOST, claim_and_die


def failure_of(error_type: str, message: str, outcome: str = "failed") -> bytes:
    """What a worker says of an error."""
    return to_json([error_type, message, "Traceback of it", outcome, *kind_of(error_type, message)])


def end_of(task: Claimed, seconds: float = 0.001, error: tuple[str, str] | None = None, how: str = "") -> Settled:
    """How a worker reports the end of a task: completed, or dead of an error, or as ``how`` says."""
    value = b"null" if error is None else failure_of(*error)
    outcome = how or ("completed" if error is None else "dead")
    return Settled(task.id, task.receipt, task.group, outcome, round(seconds * 1e6), value, 60 if not error else 0)


async def settle(cleo: Cleo, settled: Sequence[Settled], *, queue: str = "q", worker: str = GHOST) -> None:
    """Report ends; all must be taken."""
    scripts = await cleo.backend.scripts()
    answer = await scripts.cycle(queue, worker, 0, 1_000, (60, 60), settled)
    assert answer.stale == []


async def run(
    cleo: Cleo,
    times: Sequence[float],
    *,
    queue: str = "q",
    name: str = "work",
    group: str = "",
    worker: str = GHOST,
    error: tuple[str, str] | None = None,
) -> list[str]:
    """Let as many tasks end as there are times, each after so many seconds; their ids as they ended."""
    for _ in times:
        await cleo.queues.add(queue, name, {}, group=group)
    ids: list[str] = []
    for first in range(0, len(times), 500):
        some = times[first : first + 500]
        claimed = await claim_and_die(cleo, queue, len(some), lease=60, worker=worker)
        ends = [end_of(task, seconds, error) for task, seconds in zip(claimed, some, strict=True)]
        await settle(cleo, ends, queue=queue, worker=worker)
        ids += [task.id.decode() for task in claimed]
    return ids
