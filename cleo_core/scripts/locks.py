"""Locks of groups."""

from __future__ import annotations

from typing import Any

from cleo_core.scripts.calls import Calls


class LockScripts(Calls):
    """Taking, extending and breaking locks."""

    async def lock(
        self, queue: str, group: str, token: str, owner: str, ttl_ms: int, patience_ms: int, drain: bool, own_task: str
    ) -> tuple[int, float, str, int]:
        """Try to take a lock: its fence (0: not granted), seconds until the next try, who holds it, tasks waited
        for.
        """
        fence, retry, holder, busy = await self._run(
            "lock", queue, group, token, owner, ttl_ms, patience_ms, "1" if drain else "", own_task
        )
        return fence, retry / 1000, holder.decode(errors="replace"), busy

    async def relock(self, queue: str, group: str, token: str, ttl_ms: int) -> bool:
        """Extend a lock, or release it (``ttl_ms`` 0); False if it is not held under that token."""
        return await self._run("relock", queue, group, token, ttl_ms) == 1

    async def unlock(self, queue: str, actor: str, group: str, fence: int | None) -> bool:
        """Break a lock; False if there was none, or none with that fence."""
        return await self._run("unlock", queue, actor, group, "" if fence is None else fence) == 1

    async def leave_line(self, queue: str, group: str, waiter: str) -> bool:
        """Take who waits for a lock out of its line; False if it did not stand there."""
        return await self._run("leave_line", queue, group, waiter) == 1

    async def locks(self, queue: str, group: str | None, offset: int, size: int) -> tuple[int, int, list[Any]]:
        """When (ms), how many there are, and the raw locks (7 values each): of one group, or of all."""
        now, total, flat = await self._run("locks", queue, group or "", offset, size, "all" if group is None else "")
        return now, total, flat
