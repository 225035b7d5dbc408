"""The blocking face of a ``Cleo``, for programs without an event loop: Flask, Django, scripts.

Its calls are carried out by a ``Cleo`` of its own, in an event loop in a thread of its own, so it never shares a
connection with a loop of the program's.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from cleo_core.errors import CleoError, LoopBlocked
from cleo_core.models import BulkReport, QueueStats, TaskRecord, TaskState
from cleo_core.tasks.definition import Task, TaskCall
from cleo_core.tasks.handle import TaskHandle

if TYPE_CHECKING:
    from cleo_core.app import Cleo

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
CLOSING = 5.0
ASKED = 20


class SyncCleo:
    """``cleo.sync``: enqueues, waits and asks, and blocks the calling thread meanwhile.

    Any number of threads may use it. It starts its thread at the first call, in a forked process (gunicorn) anew, and
    ends it with the program, or by ``close``.

    Raises:
        LoopBlocked: every call, in a thread whose event loop runs; the message says what to do instead.
        ServerError: every call, when the server can't be used as it is.
    """

    def __init__(self, make: Callable[[], Cleo]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None
        self.queues = SyncQueues(self)
        _FACES.add(self)

    def enqueue(self, task: Task[P, Any, T] | TaskCall[P, T], /, *args: P.args, **kwargs: P.kwargs) -> SyncHandle[T]:
        """Store a call of a task: ``cleo.sync.enqueue(send_email, message)``, or with options
        ``cleo.sync.enqueue(send_email.options(delay=5), message)``. Raises what ``Task.enqueue`` raises.
        """
        return SyncHandle(self, self.run(lambda cleo: task.enqueue_by(cleo.producer, args, kwargs)))

    def enqueue_many(
        self, task: Task[P, Any, T] | TaskCall[P, T], calls: Iterable[tuple[Any, ...]]
    ) -> list[SyncHandle[T]]:
        """Store many calls, as ``Task.enqueue_many`` does."""
        handles = self.run(lambda cleo: task.enqueue_many_by(cleo.producer, calls))
        return [SyncHandle(self, handle) for handle in handles]

    def run(self, work: Callable[[Cleo], Coroutine[Any, Any, T]]) -> T:
        """Do anything else: ``cleo.sync.run(lambda c: c.groups.configure("emails", "acme", weight=2))``.

        ``work`` is called with a ``Cleo`` that lives in the background thread; use that one, not your own.
        """
        _refuse_in_a_loop()
        return self._running_thread().call(work)

    def close(self) -> None:
        """End the thread and its connections. The next call starts them anew."""
        with self._lock:
            thread, self._thread = self._thread, None
            if self._finalizer is not None:
                self._finalizer.detach()
        if thread is not None:
            thread.close()

    def _running_thread(self) -> _LoopThread:
        with self._lock:
            if self._thread is None:
                self._thread = _LoopThread(self._make())
                self._finalizer = weakref.finalize(self, self._thread.close)
            return self._thread

    def leave_behind(self) -> None:
        """Called in a process that was just forked: the thread is the parent's, and so are its connections."""
        self._lock = threading.Lock()
        if self._finalizer is not None:
            self._finalizer.detach()
        if self._thread is not None:
            # Kept, so that nothing of it is closed here: its sockets are the parent's too.
            _LEFT_BEHIND.append(self._thread)
            self._thread = None


class SyncQueues:
    """``cleo.sync.queues``: what producers need of ``cleo.queues``."""

    def __init__(self, face: SyncCleo) -> None:
        self._face = face

    def add(
        self, queue: str, name: str, arguments: Mapping[str, Any] | None = None, /, **options: Any
    ) -> SyncHandle[Any]:
        """Store a task by name, as ``QueueManager.add`` does."""
        return SyncHandle(self._face, self._face.run(lambda cleo: cleo.queues.add(queue, name, arguments, **options)))

    def handle(self, queue: str, task_id: str) -> SyncHandle[Any]:
        """A handle for a task that was enqueued elsewhere."""

        async def make(cleo: Cleo) -> TaskHandle[Any]:
            return cleo.queues.handle(queue, task_id)

        return SyncHandle(self._face, self._face.run(make))

    def names(self) -> list[str]:
        """The queues that were ever used, the first thousand by name."""
        return self._face.run(lambda cleo: cleo.queues.names())

    def stats(self, queue: str) -> QueueStats:
        """The counts of a queue at one moment."""
        return self._face.run(lambda cleo: cleo.queues.stats(queue))

    def get_task(self, queue: str, task_id: str) -> TaskRecord:
        """Everything that is kept of a task. Raises ``TaskNotFound`` if there is none of that id (any more)."""
        return self._face.run(lambda cleo: cleo.queues.get_task(queue, task_id))

    def cancel(self, queue: str, task_ids: Sequence[str]) -> BulkReport:
        """Cancel tasks: at once those that wait, by asking their workers those that run. Audited."""
        return self._face.run(lambda cleo: cleo.queues.cancel(queue, task_ids))


class SyncHandle(Generic[T_co]):
    """A task that was enqueued, as ``TaskHandle``, with methods that block."""

    __slots__ = ("_face", "_handle")

    def __init__(self, face: SyncCleo, handle: TaskHandle[T_co]) -> None:
        self._face = face
        self._handle = handle

    def __repr__(self) -> str:
        return f"SyncHandle({self.queue!r}, {self.id!r})"

    @property
    def id(self) -> str:
        """The task's id."""
        return self._handle.id

    @property
    def queue(self) -> str:
        """The task's queue."""
        return self._handle.queue

    @property
    def created(self) -> bool:
        """False when a task of that id existed already and was left as it is."""
        return self._handle.created

    def result(self, timeout: float | None = None) -> T_co:
        """Wait for the task's end, at most ``timeout`` seconds. Raises what ``TaskHandle.result`` raises."""
        return self._face.run(lambda cleo: self._handle.on(cleo.producer).result(timeout))

    def status(self) -> TaskState:
        """The state that the task is in now."""
        return self._face.run(lambda cleo: self._handle.on(cleo.producer).status())

    def cancel(self) -> bool:
        """Cancel the task; False if it has ended already."""
        return self._face.run(lambda cleo: self._handle.on(cleo.producer).cancel())


class _LoopThread:
    """An event loop in a thread of its own, and the ``Cleo`` that lives in it."""

    def __init__(self, cleo: Cleo) -> None:
        self._cleo = cleo
        self._loop = asyncio.new_event_loop()
        # A daemon, because the interpreter would wait for another before it lets the loop be told to end.
        self._thread = threading.Thread(target=self._work, name="cleo-sync", daemon=True)
        self._thread.start()

    def call(self, work: Callable[[Cleo], Coroutine[Any, Any, T]]) -> T:
        """Carry out work in the loop and wait for it."""
        coroutine = self._carry_out(work)
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise self._closed() from None
        try:
            return future.result()
        except CancelledError:
            raise self._closed() from None
        finally:
            future.cancel()  # Whoever waited was interrupted; if it has ended, this does nothing.

    def _closed(self) -> CleoError:
        return CleoError("cleo.sync was closed while this call waited. A new call starts it again.")

    async def _carry_out(self, work: Callable[[Cleo], Coroutine[Any, Any, T]]) -> T:
        return await work(self._cleo)

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            self._loop.run_until_complete(self._wind_up())
        finally:
            self._loop.close()

    async def _wind_up(self) -> None:
        # Who waits is told first: a call that is under way would open connections anew beside their closing.
        for _ in range(ASKED):
            left = asyncio.all_tasks() - {asyncio.current_task()}
            if not left:
                break
            for task in left:
                task.cancel()
            # Python 3.11 may lose a cancel that comes together with what a task waits for, so it is asked again.
            ended, _ = await asyncio.wait(left, timeout=CLOSING / ASKED)
            for task in ended:
                _ = task.cancelled() or task.exception()
        with suppress(Exception):
            await self._cleo.close()

    def close(self) -> None:
        """Close the connections and end the thread."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSING)


def _refuse_in_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise LoopBlocked(
        "cleo.sync waits, and this thread runs an event loop that would stand still meanwhile. Await the call itself "
        "(await task.enqueue(...)), or make it in a thread: await asyncio.to_thread(cleo.sync.enqueue, task, ...)."
    )


_FACES: weakref.WeakSet[SyncCleo] = weakref.WeakSet()
_LEFT_BEHIND: list[_LoopThread] = []


def _leave_behind_all() -> None:
    for face in list(_FACES):
        face.leave_behind()


os.register_at_fork(after_in_child=_leave_behind_all)
