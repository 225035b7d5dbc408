"""A worker that dies: it claims tasks through the worker's own script, and nothing more is heard of it."""

from __future__ import annotations

from cleo_core import Cleo
from cleo_core.scripts import Claimed

GHOST = "ghost-1"


async def claim_and_die(
    cleo: Cleo, queue: str, count: int = 1, *, lease: float = 0.05, worker: str = GHOST, begin: bool = False
) -> list[Claimed]:
    """Claim tasks as a worker that is not heard of again; with ``begin`` it dies while it runs them."""
    scripts = await cleo.backend.scripts()
    answer = await scripts.cycle(queue, worker, count, round(lease * 1000), (86_400, 3_600), [])
    if begin:
        for task in answer.claimed:
            await scripts.begin(queue, task)
    return answer.claimed
