"""Changes of the rules that a queue's groups share, carried through to their end."""

from __future__ import annotations

from collections.abc import Mapping

from cleo_core.backend import Backend
from cleo_core.names import check_name

SLICE = 250


async def govern(backend: Backend, queue: str, action: str, moves: str, fields: Mapping[str, str]) -> bool:
    """Change rules and move the groups that stand by the old ones, slice after slice, until all stand by the new.

    ``moves`` is as ``govern.lua`` takes it. False if all was so already.
    """
    check_name("queue", queue)
    await backend.know_queue(queue)
    scripts = await backend.scripts()
    number = 0
    while True:
        number, left = await scripts.govern(queue, backend.actor, action, SLICE, number, moves, fields)
        if number != 0 and left == 0:
            return number > 0
