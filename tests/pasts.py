"""Making a past: attempts that ended so, in so many seconds, reported by a worker's own scripts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_core import to_json

from cleo_core import Cleo
from cleo_core.fingerprints import kind_of
from cleo_core.scripts import Claimed, Settled
from tests.ghosts import GHOST, claim_and_die
from tests.raw import ask, keys_of


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


async def shift(cleo: Cleo, minutes: int, queue: str = "q") -> list[int]:
    """Let what was counted and is not folded have happened so many minutes earlier; the minutes that it is in now."""
    prefix = keys_of(cleo, queue).prefix
    moved: list[int] = []
    for number in map(int, await ask(cleo, "ZRANGE", f"{prefix}unfolded", 0, -1)):
        old, new = f"{prefix}minute:{number}", f"{prefix}minute:{number - minutes}"
        for kind in "gwn":
            for name in await ask(cleo, "SMEMBERS", f"{old}:{kind}"):
                await _rename(cleo, f"{old}:{kind}:{name.decode()}", f"{new}:{kind}:{name.decode()}")
            await _rename(cleo, f"{old}:{kind}", f"{new}:{kind}")
            await _rename(cleo, f"{old}:{kind}+", f"{new}:{kind}+")
        await _rename(cleo, old, new)
        await ask(cleo, "ZADD", f"{prefix}unfolded", number - minutes, number - minutes)
        await ask(cleo, "ZREM", f"{prefix}unfolded", number)
        moved.append(number - minutes)
    return moved


async def _rename(cleo: Cleo, old: str, new: str) -> None:
    if await ask(cleo, "EXISTS", old):
        await ask(cleo, "RENAME", old, new)


async def fold(cleo: Cleo, queue: str = "q", slice_size: int = 50) -> int:
    """Fold all that is over; in how many calls."""
    scripts = await cleo.backend.scripts()
    calls = 1
    while await scripts.fold(queue, slice_size):
        calls += 1
    return calls
