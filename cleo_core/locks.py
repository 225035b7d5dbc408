"""Locks of groups: one holder at a time, and no worker at work in the group meanwhile."""

from __future__ import annotations

import asyncio
import inspect
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from cleo_core.backend import Backend
from cleo_core.channels import Channels
from cleo_core.errors import InvalidOption, LockLost, LockTimeout, ServerError
from cleo_core.models import LockInfo
from cleo_core.names import check_name
from cleo_core.queues import clamp
from cleo_core.tasks.context import running_task

PATIENCE = 3.0
MAX_TTL = 86_400.0

LostCallback = Callable[["GroupLock"], Awaitable[None] | None]


class GroupLock:
    """The lock of one group, made by ``cleo.locks.group``. An async context manager; not for two uses at a time.

    ``fence`` is a number that grows with each lock of the queue that is granted. Hand it to the resource with each
    write, and let the resource refuse a number lower than the highest it has seen: no lock with a time to live can
    promise by itself that its holder notices in time that it is over (Martin Kleppmann, *How to do distributed
    locking*, 2016).
    """

    def __init__(
        self,
        backend: Backend,
        queue: str,
        group: str,
        *,
        ttl: float,
        wait: float,
        owner: str,
        renew: bool,
        drain: bool,
        on_lost: LostCallback | None,
    ) -> None:
        self.queue = queue
        self.group = group
        self.owner = owner
        self.fence = 0
        self._backend = backend
        self._ttl = ttl
        self._wait = wait
        self._renew = renew
        self._drain = drain
        self._on_lost = on_lost
        self._token = ""
        self._deadline = 0.0
        self._watch: asyncio.Task[None] | None = None
        self._scope: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._lost = False

    @property
    def held(self) -> bool:
        """Whether the lock is held as far as this process can know: it was granted, and its time is not over."""
        return bool(self._token) and not self._lost and time.monotonic() < self._deadline

    @property
    def remaining(self) -> float:
        """Seconds until it runs out if it is not renewed; 0 if it is not held."""
        return max(0.0, self._deadline - time.monotonic()) if self.held else 0.0

    # --- taking it -----------------------------------------------------------------------------------

    async def acquire(self) -> int:
        """Take the lock and return its fence. Who waits is served in the order of coming.

        Raises:
            LockTimeout: it was not granted within ``wait`` seconds; the message says what stood in the way.
            InvalidOption: this object holds it already.
        """
        if self._token:
            raise InvalidOption(f"This lock of group {self.group!r} in {self.queue} is held already. Release it first.")
        await self._backend.know_queue(self.queue)
        token = secrets.token_hex(16)
        try:
            await self._stand_in_line(token, time.monotonic() + self._wait)
        except BaseException:
            if self._wait > 0:
                with suppress(ServerError):
                    await asyncio.shield(self._give_up(token))
            raise
        self._token = token
        self._watch = asyncio.create_task(self._keep(), name=f"cleo-lock-{self.group}")
        return self.fence

    async def _stand_in_line(self, token: str, until: float) -> None:
        news: Channels | None = None
        try:
            while True:
                left = until - time.monotonic()
                granted, pause, why = await self._try(token, wait=left > 0)
                if granted:
                    return
                if left <= 0:
                    raise LockTimeout(
                        f"The lock of group {self.group!r} in {self.queue} was not granted within {self._wait:g} s: "
                        f"{why}."
                    )
                if news is None:
                    news = await self._listen()
                else:
                    await news.next(max(0.01, min(pause, left, PATIENCE / 3)))
        finally:
            if news is not None:
                await news.close()

    async def _listen(self) -> Channels:
        news = Channels(self._backend.resolved, retries=1)
        await news.subscribe(self._backend.keys.of_queue(self.queue).unlocked)
        await news.stand()
        return news

    async def _try(self, token: str, *, wait: bool) -> tuple[bool, float, str]:
        scripts = await self._backend.scripts()
        asked_at = time.monotonic()
        task = running_task.get()
        inside = task is not None and (task[0], task[1]) == (self.queue, self.group)
        fence, pause, holder, busy = await scripts.lock(
            self.queue,
            self.group,
            token,
            self.owner,
            round(self._ttl * 1000),
            round(PATIENCE * 1000) if wait else 0,
            self._drain and not inside,
            task[2] if inside and task is not None else "",
        )
        if fence:
            self.fence, self._deadline, self._lost = fence, asked_at + self._ttl, False
            return True, 0.0, ""
        why = f"it is held by {holder}" if holder else f"{busy} of its tasks run" if busy else "others wait before it"
        return False, pause, why

    async def _give_up(self, token: str) -> None:
        scripts = await self._backend.scripts()
        await scripts.unlock(self.queue, self._backend.actor, self.group, token)
        # It may have been granted by a call whose answer was lost.
        await scripts.relock(self.queue, self.group, token, 0)

    # --- keeping it ----------------------------------------------------------------------------------

    async def extend(self, ttl: float | None = None) -> None:
        """Let it run for ``ttl`` seconds from now (unless given, as it was made).

        Raises:
            LockLost: it is not held any more.
        """
        if ttl is not None:
            self._ttl = _checked_ttl(ttl)
        if not await self._extend():
            await self._lose()
            raise LockLost(self._lost_text())

    async def _extend(self) -> bool:
        asked_at = time.monotonic()
        scripts = await self._backend.scripts()
        if not self._token or not await scripts.relock(self.queue, self.group, self._token, round(self._ttl * 1000)):
            return False
        self._deadline = asked_at + self._ttl
        return True

    async def _keep(self) -> None:
        """Renew in time, and tell the holder at once when the lock is lost."""
        while True:
            left = self._deadline - time.monotonic()
            await asyncio.sleep(max(0.0, min(left, self._ttl / 3) if self._renew else left))
            left = self._deadline - time.monotonic()
            if left <= 0:
                break
            if not self._renew:
                continue
            try:
                async with asyncio.timeout(left):
                    if not await self._extend():
                        break
            except (ServerError, TimeoutError):
                await asyncio.sleep(min(max(0.0, self._deadline - time.monotonic()), self._ttl / 10, 0.5))
        await self._lose()

    async def _lose(self) -> None:
        if self._lost or not self._token:
            return
        self._lost = True
        if self._on_lost is not None:
            answer = self._on_lost(self)
            if inspect.isawaitable(answer):
                await answer
        if self._scope is not None and self._scope is not asyncio.current_task():
            self._scope.cancel(f"the lock of {self.group!r} was lost")

    # --- giving it back ------------------------------------------------------------------------------

    async def release(self) -> bool:
        """Give the lock back; False if it was not held any more."""
        token, self._token = self._token, ""
        if self._watch is not None and self._watch is not asyncio.current_task():
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
        self._watch = None
        if not token:
            return False
        scripts = await self._backend.scripts()
        return await scripts.relock(self.queue, self.group, token, 0)

    async def __aenter__(self) -> Self:
        await self.acquire()
        self._scope = asyncio.current_task()
        self._cancelling = self._scope.cancelling() if self._scope is not None else 0
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scope, self._scope = self._scope, None
        lost = self._lost
        try:
            await self.release()
        except ServerError:
            if kind is None:
                raise
        if lost:
            ours = scope is not None and kind is asyncio.CancelledError and scope.uncancel() <= self._cancelling
            if kind is None or ours:
                raise LockLost(self._lost_text()) from error

    def _lost_text(self) -> str:
        return (
            f"The lock of group {self.group!r} in {self.queue} (fence {self.fence}) is held no longer: it ran out or "
            "was released by force. Another may hold it; check what was written under it."
        )


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
            owner: who holds it, for people; user, host and process unless given.
            renew: renew it every third of the ``ttl`` for as long as it is held.
            drain: grant it only when no task of the group runs; while it is waited for none is claimed. Inside a task
            of
                the group itself others are excluded, but running tasks are not waited for: two that did would wait for
                each other.
            on_lost: called with the lock when it is lost; may be async.

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
            ttl=_checked_ttl(ttl),
            wait=wait,
            owner=owner if owner is not None else self._default_owner(),
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

    async def force_release(self, queue: str, group: str) -> bool:
        """Take a lock from whoever holds it; False if nobody does. Audited.

        The holder learns of it at its next renewal, up to a third of its ``ttl`` later, and may work until then: make
        sure that it is gone, or that the resource checks fences.
        """
        scripts = await self._backend.scripts()
        check_name("group", group, may_be_empty=True)
        return await scripts.unlock(check_name("queue", queue), self._backend.actor, group)


def _checked_ttl(ttl: float) -> float:
    if not 0.1 <= ttl <= MAX_TTL:
        raise InvalidOption(f"A lock can't last {ttl!r} s. Give from 0.1 to {MAX_TTL:,.0f} seconds.")
    return ttl


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
