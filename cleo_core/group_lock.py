"""The lock of one group: standing in line for it, keeping it, hearing of its loss, giving it back."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from cleo_core.backend import Backend
from cleo_core.channels import Channels
from cleo_core.errors import (
    InvalidOption,
    LockLost,
    LockTimeout,
    ServerError,
    ServerOutOfMemory,
    ServerUnavailable,
)
from cleo_core.tasks.context import running_task

LOG = logging.getLogger("cleo.locks")
PATIENCE = 3.0
RETRY = 0.25
PARTING = 1.0
MAX_TTL = 86_400.0

T = TypeVar("T")
LostCallback = Callable[["GroupLock"], Awaitable[None] | None]


def _now() -> float:
    """Seconds by a clock that nobody sets; where the system has such a one, it goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def checked_ttl(ttl: float) -> float:
    """A time to live that can be. Raises ``InvalidOption`` else."""
    if not 0.1 <= ttl <= MAX_TTL:
        raise InvalidOption(f"A lock can't last {ttl!r} s. Give from 0.1 to {MAX_TTL:,.0f} seconds.")
    return ttl


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
        self._lost = False
        self._stirred = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._scope: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._stopped_scope = False
        self._asking: asyncio.Future[tuple[float, str]] | None = None
        self._beside: set[asyncio.Future[Any]] = set()

    @property
    def held(self) -> bool:
        """Whether the lock is held as far as this process can know: it was granted, and its time is not over."""
        return bool(self._token) and not self._lost and _now() < self._deadline

    @property
    def remaining(self) -> float:
        """Seconds until it runs out if it is not renewed; 0 if it is not held."""
        return max(0.0, self._deadline - _now()) if self.held else 0.0

    # --- taking it -----------------------------------------------------------------------------------

    async def acquire(self) -> int:
        """Take the lock and return its fence. Who waits is served in the order of coming.

        Who stands in line keeps trying when the connection breaks, until ``wait`` is over.

        Raises:
            LockTimeout: it was not granted within ``wait`` seconds; the message says what stood in the way.
            InvalidOption: this object holds it already, or waits for it.
        """
        if self._token:
            raise InvalidOption(
                f"This lock of group {self.group!r} in {self.queue} is in use already. Release it first."
            )
        token = self._token = secrets.token_hex(16)
        self._deadline, self._lost, self._stopped_scope = 0.0, False, False
        self._stirred, self._renewing, self._asking = asyncio.Event(), asyncio.Lock(), None
        try:
            await self._know_queue()
            await self._stand_in_line(token, _now() + self._wait)
        except BaseException:
            self._token = ""
            await self._before_long(self._give_up(token))
            raise
        self._token = token
        self._watch = asyncio.create_task(self._keep(), name=f"cleo-lock-{self.group}")
        return self.fence

    async def _know_queue(self) -> None:
        try:
            await self._backend.know_queue(self.queue)
        except ServerOutOfMemory:
            scripts = await self._backend.scripts()
            await scripts.write_anyway("ZADD", self._backend.keys.queues, 0, self.queue)

    async def _stand_in_line(self, token: str, until: float) -> None:
        news: Channels | None = None
        first = True
        try:
            while True:
                left = until - _now()
                try:
                    pause, why = await self._ask(token, wait=left > 0)
                except ServerUnavailable:
                    if first or left <= 0:
                        raise
                    await asyncio.sleep(min(left, RETRY))
                    continue
                if self.held:
                    return
                if left <= 0:
                    raise LockTimeout(self._timeout_text(why))
                if first:
                    # It may have become free before the subscription stood, so the next try follows at once.
                    first, news = False, await self._listen()
                else:
                    await self._hear(news, max(0.01, min(pause, left, PATIENCE / 3)))
        finally:
            if news is not None:
                await news.close()

    async def _listen(self) -> Channels | None:
        """A subscription to what is released; None if there can't be one, for it only saves time."""
        news = Channels(self._backend.resolved, retries=1)
        try:
            await news.subscribe(self._backend.keys.of_queue(self.queue).unlocked)
            await news.stand()
        except BaseException as error:
            await news.close()
            if isinstance(error, ServerError):
                return None
            raise
        return news

    async def _hear(self, news: Channels | None, seconds: float) -> None:
        """Wait until the lock is said to be free, at most so many seconds."""
        until = _now() + seconds
        try:
            while news is not None and (left := until - _now()) > 0:
                message = await news.next(left)
                if message is None or message.data == self.group.encode():
                    return
        except ServerError:
            news = None
        if news is None:
            await asyncio.sleep(max(0.01, min(until - _now(), RETRY)))

    async def _ask(self, token: str, *, wait: bool) -> tuple[float, str]:
        """Try, and let the question reach its end though who waits for the answer is cancelled.

        Else the server could hear of the leaving before it hears the question, and keep a place for one who is gone.
        """
        self._asking = self._run_beside(self._try(token, wait=wait))
        return await asyncio.shield(self._asking)

    async def _try(self, token: str, *, wait: bool) -> tuple[float, str]:
        """Ask for it. If it is not granted: seconds after which to ask again, and why it was not."""
        scripts = await self._backend.scripts()
        task = running_task.get()
        own_task = task[2] if task is not None and (task[0], task[1]) == (self.queue, self.group) else ""
        asked_at, ttl = _now(), self._ttl
        fence, pause, holder, busy = await scripts.lock(
            self.queue,
            self.group,
            token,
            self.owner,
            round(ttl * 1000),
            round(PATIENCE * 1000) if wait else 0,
            self._drain,
            own_task,
        )
        if fence and token == self._token:
            # Counted from before it was asked for, so that it is over here no later than on the server.
            self.fence, self._deadline = fence, asked_at + ttl
            return 0.0, "the answer came too late"
        if holder:
            return pause, f"it is held by {holder}"
        if busy:
            return pause, "one of its tasks runs" if busy == 1 else f"{busy:,} of its tasks run"
        return pause, "others wait before it"

    def _timeout_text(self, why: str) -> str:
        within = f"within {self._wait:g} s" if self._wait else "at once"
        return f"The lock of group {self.group!r} in {self.queue} was not granted {within}: {why}."

    async def _give_up(self, token: str) -> None:
        if self._asking is not None:
            await asyncio.wait({self._asking})
        scripts = await self._backend.scripts()
        await scripts.leave_line(self.queue, self.group, token)
        # It may have been granted by a call whose answer was lost.
        await scripts.relock(self.queue, self.group, token, 0)

    # --- keeping it ----------------------------------------------------------------------------------

    async def extend(self, ttl: float | None = None) -> None:
        """Let it run for ``ttl`` seconds from now (unless given, as it was made).

        Raises:
            LockLost: it is not held any more.
        """
        wanted = self._ttl if ttl is None else checked_ttl(ttl)
        if not self._token or not await self._extend(wanted):
            await self._lose()
            raise LockLost(self._lost_text())

    async def _extend(self, ttl: float) -> bool:
        async with self._renewing:
            scripts = await self._backend.scripts()
            asked_at = _now()
            try:
                # Whether it was shortened is not known if there is no answer.
                self._deadline = min(self._deadline, asked_at + ttl)
                if not await scripts.relock(self.queue, self.group, self._token, round(ttl * 1000)):
                    return False
                self._ttl, self._deadline = ttl, asked_at + ttl
            finally:
                self._stirred.set()
        return True

    async def _keep(self) -> None:
        """Renew in time, and tell the holder at once when the lock is lost."""
        pause = self._ttl / 3
        while not self._lost and (left := self._deadline - _now()) > 0:
            if await self._stirred_within(max(0.01, min(pause, left / 2)) if self._renew else left):
                pause = self._ttl / 3
                continue
            left = self._deadline - _now()
            if left <= 0 or not self._renew:
                continue
            try:
                async with asyncio.timeout(left):
                    if not await self._extend(self._ttl):
                        break
            except Exception as error:
                LOG.warning("The lock of %r in %s could not be renewed yet. %s", self.group, self.queue, error)
                pause = min(self._ttl / 10, RETRY)
            else:
                pause = self._ttl / 3
            self._stirred.clear()
        await self._lose()

    async def _stirred_within(self, seconds: float) -> bool:
        """Whether its time was changed meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        stirred = self._stirred.is_set()
        self._stirred.clear()
        return stirred

    async def _lose(self) -> None:
        """Stop what runs under the lock, then tell who wants to know."""
        if self._lost or not self._token:
            return
        self._lost = True
        self._stirred.set()
        if self._scope is not None and self._scope is not asyncio.current_task():
            self._stopped_scope = self._scope.cancel(f"the lock of {self.group!r} was lost")
        await self._tell()

    async def _tell(self) -> None:
        if self._on_lost is None:
            return
        try:
            answer = self._on_lost(self)
            if inspect.isawaitable(answer):
                await answer
        except Exception:
            LOG.exception("The callback for the loss of the lock of %r in %s failed.", self.group, self.queue)

    # --- giving it back ------------------------------------------------------------------------------

    async def release(self) -> bool:
        """Give the lock back; False if it was not held any more."""
        token, self._token = self._token, ""
        if not token:
            return False
        return await asyncio.shield(self._run_beside(self._release(token)))

    async def _release(self, token: str) -> bool:
        watch, self._watch = self._watch, None
        if watch is not None and not self._lost:
            watch.cancel()
        scripts = await self._backend.scripts()
        was_held = await scripts.relock(self.queue, self.group, token, 0)
        if not was_held and not self._lost:
            self._lost = True
            await self._tell()
        return was_held and not self._lost

    def _run_beside(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Begin something that goes on to its end though who asked for it is cancelled."""
        task = asyncio.ensure_future(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)
        return task

    async def _before_long(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do what can be done about it, without making anybody wait for a server that is away."""
        parting = self._run_beside(work)
        await asyncio.wait({parting}, timeout=PARTING)
        parting.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def __aenter__(self) -> Self:
        await self.acquire()
        self._scope = asyncio.current_task()
        self._cancelling = self._scope.cancelling() if self._scope is not None else 0
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watch = self._watch
        cancel = await self._end_scope(error)
        if not self._lost:
            try:
                await self.release()
            except ServerError:
                if _now() >= self._deadline:
                    self._lost = True
                    await self._tell()
                elif error is None:
                    raise
        elif self._token:
            await self._before_long(self.release())
        if self._lost and watch is not None and not watch.done():
            await asyncio.wait({watch})  # It tells of the loss.
        if cancel is not None and cancel is not error:
            raise cancel
        if self._lost and (error is None or (isinstance(error, asyncio.CancelledError) and cancel is None)):
            raise LockLost(self._lost_text()) from error

    async def _end_scope(self, error: BaseException | None) -> asyncio.CancelledError | None:
        """Take back the cancellation by which the scope was stopped; what is returned comes from elsewhere."""
        scope, self._scope = self._scope, None
        cancel = error if isinstance(error, asyncio.CancelledError) else None
        if scope is None or not self._stopped_scope:
            return cancel
        if cancel is None:
            try:
                await asyncio.sleep(0)  # One that came too late for what ran is still to be delivered.
            except asyncio.CancelledError as late:
                cancel = late
        return cancel if scope.uncancel() > self._cancelling else None

    def _lost_text(self) -> str:
        return (
            f"The lock of group {self.group!r} in {self.queue} (fence {self.fence}) is held no longer: it ran out or "
            "was released by force. Another may hold it; check what was written under it."
        )
