"""Locks of groups: one holder at a time, and no worker at work in the group meanwhile."""

from __future__ import annotations

import os
import socket
from typing import Any

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.group_lock import GroupLock, LostCallback, checked_ttl
from cleo_core.models import LockInfo
from cleo_core.names import check_name
from cleo_core.queues import clamp
from cleo_core.tasks.context import running_task

MAX_OWNER = 200


class Locks:
    """The locks of a namespace's groups."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def group(
        self,
        queue: str,
        group: str,
        *,
        ttl: float = 10.0,
        wait: float = 10.0,
        owner: str | None = None,
        renew: bool = True,
        drain: bool = True,
        on_lost: LostCallback | None = None,
    ) -> GroupLock:
        """The lock of a group: ``async with cleo.locks.group("emails", "acme", ttl=10) as lock:``.

        While it is held no worker claims a task of the group. If it is lost, ``on_lost`` is called, what runs inside
        the ``async with`` is cancelled, and ``LockLost`` is raised in its place.

        Args:
            queue: the queue of the group.
            group: the group.
            ttl: seconds, from 0.1 to 86,400, after which it is free if its holder is gone.
            wait: seconds to wait for it; 0 to try once.
            owner: who holds it, for people (200 characters); user, host and process unless given.
            renew: renew it every third of the ``ttl`` for as long as it is held. The loop must turn for it: one that is
                blocked for longer than the ``ttl`` loses the lock.
            drain: grant it only when no task of the group runs; while it is waited for none is claimed. A running task
                of the group itself is not made to wait for running tasks, and comes before who waits for them, because
                they would wait for each other; among such tasks one holds it at a time.
            on_lost: called once with the lock when it is lost; may be async. What it raises is logged.

        Raises:
            InvalidName, InvalidOption: a name or number that can't be.
        """
        check_name("queue", queue)
        check_name("group", group, may_be_empty=True)
        if not 0 <= wait < float("inf"):
            raise InvalidOption(f"A lock can't be waited for {wait!r} s. Give 0 or more.")
        return GroupLock(
            self._backend,
            queue,
            group,
            ttl=checked_ttl(ttl),
            wait=wait,
            owner=(owner or self._default_owner())[:MAX_OWNER],
            renew=renew,
            drain=drain,
            on_lost=on_lost,
        )

    def _default_owner(self) -> str:
        task = running_task.get()
        inside = f", task {task[2]}" if task is not None else ""
        return f"{self._backend.os_user}@{socket.gethostname()} (pid {os.getpid()}{inside})"

    async def holder(self, queue: str, group: str) -> LockInfo | None:
        """Who holds a group's lock; None if nobody does."""
        scripts = await self._backend.scripts()
        check_name("group", group, may_be_empty=True)
        _, _, flat = await scripts.locks(check_name("queue", queue), group, 0, 1)
        return _locks_of(queue, flat)[0] if flat else None

    async def is_locked(self, queue: str, group: str) -> bool:
        """Whether somebody holds the group's lock."""
        return await self.holder(queue, group) is not None

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100) -> list[LockInfo]:
        """The locks of a queue's groups that are held, the next to run out first; at most ``limit`` (up to 1,000)."""
        scripts = await self._backend.scripts()
        _, _, flat = await scripts.locks(check_name("queue", queue), None, max(0, offset), clamp(limit))
        return _locks_of(queue, flat)

    async def force_release(self, queue: str, group: str, *, fence: int | None = None) -> bool:
        """Take a lock from whoever holds it, or only from the holder with that ``fence``; False if nobody, or another,
        holds it. Audited.

        The holder learns of it at its next renewal, up to a third of its ``ttl`` later, and may work until then: make
        sure that it is gone, or that the resource checks fences.
        """
        scripts = await self._backend.scripts()
        check_name("group", group, may_be_empty=True)
        return await scripts.unlock(check_name("queue", queue), self._backend.actor, group, fence)


def _locks_of(queue: str, flat: list[Any]) -> list[LockInfo]:
    rows = zip(*[iter(flat)] * 7, strict=True)
    return [
        LockInfo(
            queue=queue,
            group=group.decode(errors="replace"),
            owner=owner.decode(errors="replace"),
            fence=int(fence),
            since=float(since) / 1000,
            expires_at=float(until) / 1000,
            waiting=int(waiting),
        )
        for group, owner, fence, since, until, waiting, _ in rows
    ]
