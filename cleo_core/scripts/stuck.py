"""Running tasks: looking whether they are stuck, and taking them back by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from cleo_core.scripts.calls import Calls


class StuckScripts(Calls):
    """What operators see of running tasks and do to them."""

    async def active(self, queue: str, offset: int, size: int) -> tuple[int, int, list[Any]]:
        """When (ms), how many tasks run, and those of the window, raw."""
        now, total, tasks = await self._run("active", queue, offset, size)
        return now, total, tasks

    async def recover(
        self,
        queue: str,
        actor: str,
        who: str,
        max_deliveries: int,
        retentions: tuple[int, int],
        tasks: Sequence[tuple[str, str]],
    ) -> list[str]:
        """Take tasks (id, and fence or '') from their workers; for each what became of it."""
        prefix = self._keys.control_channel("")
        flat = chain.from_iterable(tasks)
        answers = await self._run("recover", queue, actor, who, max_deliveries, *retentions, prefix, *flat)
        return [answer.decode() for answer in answers]
