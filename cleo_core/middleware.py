"""Middleware: what a program adds to the way of its tasks, while neither producer nor worker knows what it is.

A feature is one small class. ``Cleo(..., middleware=[...])`` or ``cleo.use(...)`` puts it on the way of every task that
this ``Cleo`` enqueues or runs: in the order given before, and in the reverse order after. A ``Cleo`` that has none
takes the same path as if there were no such thing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, cast

from cleo_core.errors import InvalidOption
from cleo_core.headers import with_headers
from cleo_core.models import TaskPriority
from cleo_core.scripts import NewTask

LOG = logging.getLogger("cleo.middleware")


class Verdict(StrEnum):
    """What becomes of a task after a run, as its worker has judged."""

    COMPLETED = "completed"
    RETRIED = "retried"
    DEAD = "dead"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    LOST = "lost"


@dataclass(slots=True, eq=False)
class OutgoingTask:
    """A task on its way into the queue.

    ``headers`` may be added to until it is stored: they travel with the task (``TaskContext.headers``), at most 32 and
    8 KiB. ``arguments`` is JSON, ``delay`` is in seconds. ``state`` is for what a middleware keeps from before to
    after, under a key of its own.
    """

    id: str
    name: str
    queue: str
    group: str
    priority: TaskPriority
    delay: float
    arguments: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])
    state: dict[object, Any] = field(default_factory=dict[object, Any])


@dataclass(slots=True, eq=False)
class TaskRun:
    """One attempt at a task in this worker.

    ``wait`` is how long it waited since it could run, in seconds. A task of a batched handler is one of ``batch_size``,
    at ``batch_place`` from 0. ``arguments`` are empty if they could not be read. ``state`` is as for ``OutgoingTask``.
    """

    id: str
    name: str
    queue: str
    group: str
    worker: str
    attempt: int
    wait: float
    headers: Mapping[str, str]
    arguments: Mapping[str, Any]
    batch_size: int = 1
    batch_place: int = 0
    state: dict[object, Any] = field(default_factory=dict[object, Any])


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How an attempt ended: ``run`` and ``retry_in`` (of a retried task) in seconds, ``error`` if it failed."""

    verdict: Verdict
    run: float
    error: BaseException | None = None
    retry_in: float | None = None


class Middleware:
    """The base of all middleware: override what you need.

    The methods run in the event loop of the producer or worker, so they must not block it. Those of one task are called
    in one ``asyncio`` task, so context variables that ``before_run`` sets are seen by the task's function.
    """

    async def before_enqueue(self, task: OutgoingTask) -> None:
        """Before a task is stored. What it raises refuses the call: nothing of it is stored, and the caller gets it."""

    async def after_enqueue(self, task: OutgoingTask, *, created: bool, error: BaseException | None) -> None:
        """After the server took it (``created`` is False if it knew the id), or did not (``error``).

        Called if ``before_enqueue`` returned. What it raises is logged.
        """

    async def before_run(self, run: TaskRun) -> None:
        """Before an attempt, outside its timeout. What it raises fails the attempt, as if the task had raised it."""

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        """After an attempt, before the server knows of its end; called if ``before_run`` returned. What it raises is
        logged.
        """

    async def on_retry(self, run: TaskRun, end: RunEnd) -> None:
        """The server has taken it that the task is to be tried again. What it raises is logged."""

    async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
        """The server has taken it that the task is a dead letter, be it that it could not be read. What it raises is
        logged.

        Of poison (``end.error`` is ``WorkerLost``) the worker is told whose sweep quarantines it; ``run.worker`` is the
        one that was lost with it last, and ``run.arguments`` are empty. Nobody is told if it was quarantined by a
        supervisor that saw its worker die, or by an operator's recovery: events and dead letters tell of that.
        """

    async def on_worker_start(self, worker: str, queues: Sequence[str]) -> None:
        """A worker of this process begins. What it raises is logged."""

    async def on_worker_stop(self, worker: str) -> None:
        """A worker of this process has ended. What it raises is logged."""


Store = Callable[[str, Sequence[NewTask]], Awaitable[list[bool]]]


class StandIn(Protocol):
    """What stands in for the server in a test of a program that enqueues."""

    async def store(self, queue: str, tasks: Sequence[NewTask]) -> list[bool]:
        """Take tasks; for each whether it is new."""
        ...

    async def peek(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state of a task ('' if there is none), its result as JSON, and why it is dead."""
        ...

    async def cancel(self, queue: str, task_id: str) -> str:
        """Cancel one task: 'done', 'requested', or the state that forbids it."""
        ...


class Hooks:
    """The middleware of a ``Cleo``, in order, and the calling of it; and what stands in for its server in a test."""

    def __init__(self, middleware: Sequence[Middleware] = ()) -> None:
        self.stand_in: StandIn | None = None
        self._all: list[Middleware] = []
        for one in middleware:
            self.add(one)

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, middleware: Middleware) -> None:
        """Put one at the end.

        Raises:
            InvalidOption: it is none, or there already.
        """
        if not isinstance(cast("object", middleware), Middleware):
            raise InvalidOption(f"{middleware!r} is no Middleware. Derive its class from it, and pass an instance.")
        if middleware in self._all:
            raise InvalidOption(f"{type(middleware).__name__} is used already. Use each middleware once.")
        self._all.append(middleware)

    async def around_enqueue(self, queue: str, tasks: Sequence[NewTask], store: Store) -> list[bool]:
        """Store tasks, with all that is to be called before and after."""
        outgoing = [_outgoing(queue, task) for task in tasks]
        entered = [0] * len(tasks)
        created = [False] * len(tasks)
        error: BaseException | None = None
        try:
            for place, task in enumerate(outgoing):
                for one in self._all:
                    await one.before_enqueue(task)
                    entered[place] += 1
            created = await store(queue, list(map(_with_headers, tasks, outgoing)))
        except BaseException as caught:
            error = caught
            raise
        finally:
            for place, task in enumerate(outgoing):
                for one in reversed(self._all[: entered[place]]):
                    await _logged(one.after_enqueue(task, created=created[place], error=error), one, task.id)
        return created

    async def before_run(self, run: TaskRun) -> int:
        """Call all before a run; how many were entered is kept in the run. Raises what refuses it."""
        entered = 0
        try:
            for one in self._all:
                await one.before_run(run)
                entered += 1
        finally:
            run.state[self] = entered
        return entered

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        """Call those that were called before."""
        for one in reversed(self._all[: run.state.pop(self, 0)]):
            await _logged(one.after_run(run, end), one, run.id)

    async def settled(self, run: TaskRun, end: RunEnd) -> None:
        """The server has taken how the run ended."""
        for one in reversed(self._all):
            told = one.on_dead_letter if end.verdict is Verdict.DEAD else one.on_retry
            await _logged(told(run, end), one, run.id)

    async def worker_starts(self, worker: str, queues: Sequence[str]) -> None:
        """A worker begins."""
        for one in self._all:
            await _logged(one.on_worker_start(worker, queues), one, worker)

    async def worker_stops(self, worker: str) -> None:
        """A worker has ended."""
        for one in reversed(self._all):
            await _logged(one.on_worker_stop(worker), one, worker)


async def _logged(call: Awaitable[None], middleware: Middleware, what: str) -> None:
    try:
        await call
    except Exception:
        LOG.exception("%s failed at %s; what it was told of stands.", type(middleware).__name__, what)


def _outgoing(queue: str, task: NewTask) -> OutgoingTask:
    return OutgoingTask(
        id=task.id,
        name=task.name,
        queue=queue,
        group=task.group,
        priority=TaskPriority(task.priority),
        delay=task.delay_ms / 1000,
        arguments=task.arguments,
    )


def _with_headers(task: NewTask, outgoing: OutgoingTask) -> NewTask:
    return task._replace(head=with_headers(task.head, outgoing.headers)) if outgoing.headers else task
