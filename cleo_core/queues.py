"""Queues: adding to them, looking into them, pausing them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption, TaskNotFound, WrongState
from cleo_core.events import Events, Observer
from cleo_core.governing import govern
from cleo_core.models import (
    BulkReport,
    GroupOrder,
    GroupStrategy,
    ObserverEvent,
    QueueStats,
    TaskPage,
    TaskPriority,
    TaskRecord,
    TaskState,
)
from cleo_core.names import check_name
from cleo_core.rate_limit import RateLimit
from cleo_core.records import page_of, record_of
from cleo_core.tasks.handle import TaskHandle
from cleo_core.tasks.options import CallOptions
from cleo_core.tasks.producer import Destination, Producer
from cleo_core.tasks.registry import Registry
from cleo_core.tasks.signature import encode_raw

MAX_PAGE = 1_000


class QueueManager:
    """The queues of a namespace. Every call raises ``ServerError`` when the server can't be used as it is."""

    def __init__(self, backend: Backend, producer: Producer, registry: Registry, events: Events) -> None:
        self._backend = backend
        self._producer = producer
        self._registry = registry
        self._events = events

    # --- tasks in ----------------------------------------------------------------------------------

    async def add(
        self, queue: str, name: str, arguments: Mapping[str, Any] | None = None, /, **options: Any
    ) -> TaskHandle[Any]:
        """Store a task by name, for producers that have no code of it. ``arguments`` are by name.

        Options are those of ``Task.options`` but ``queue``. If the task is declared on this ``Cleo``, its arguments
        are checked and its declared options hold.

        Raises:
            InvalidName, InvalidOption, InvalidArguments, PayloadTooLarge: it is refused, and nothing was stored.
        """
        check_name("queue", queue)
        check_name("task", name)
        call = CallOptions.checked({**options, "queue": queue})
        declared = self._registry.find(name)
        limit = self._backend.limits.payload_bytes
        if declared is None:
            data = encode_raw(name, arguments or {}, limit)
            to = Destination.of(name, queue, "", TaskPriority.NORMAL, self._registry.defaults, call)
        else:
            data = declared.signature.encode(arguments or {}, limit)
            to = Destination.of(name, queue, declared.group, declared.priority, declared.options_declared, call)
        task = to.new(data)
        created = await self._producer.store(queue, [task])
        return TaskHandle(self._producer, queue, task.id, created=created[0])

    def handle(self, queue: str, task_id: str) -> TaskHandle[Any]:
        """A handle for a task that was enqueued elsewhere. Nothing is asked of the server."""
        return TaskHandle(self._producer, check_name("queue", queue), check_name("task id", task_id))

    # --- a look ------------------------------------------------------------------------------------

    async def names(self, *, offset: int = 0, limit: int = MAX_PAGE) -> list[str]:
        """The queues that were ever used, by name: at most ``limit`` from ``offset``, without those that the Redis user
        may not look into.
        """
        first = max(0, offset)
        names = await self._backend.ask("ZRANGE", self._backend.keys.queues, first, first + clamp(limit) - 1)
        return await self._backend.visible([name.decode() for name in names])

    async def count(self) -> int:
        """How many queues there are."""
        return await self._backend.ask("ZCARD", self._backend.keys.queues)

    async def exists(self, queue: str) -> bool:
        """Whether the queue was ever used."""
        score = await self._backend.ask("ZSCORE", self._backend.keys.queues, check_name("queue", queue))
        return score is not None

    async def stats(self, queue: str) -> QueueStats:
        """The counts of a queue at one moment."""
        scripts = await self._backend.scripts()
        raw = await scripts.stats(check_name("queue", queue))
        now, fields, active, delayed, dead, kept, groups, oldest, due, dead_expiry = raw
        paused, strategy = fields[0] == b"1", fields[9].decode()
        waiting, enqueued, completed, failed, retried, died, cancelled, lost = (
            int(value or 0) for value in fields[1:9]
        )
        return QueueStats(
            queue=queue,
            at=now / 1000,
            paused=paused,
            waiting=waiting,
            active=active,
            delayed=delayed,
            dead=dead,
            kept=kept,
            enqueued=enqueued,
            completed=completed,
            failed=failed,
            retried=retried,
            died=died,
            cancelled=cancelled,
            lost=lost,
            oldest_waiting=max(0.0, (now - oldest) / 1000) if oldest >= 0 else None,
            next_due_at=due / 1000 if due >= 0 else None,
            dead_expires_at=dead_expiry / 1000 if dead_expiry >= 0 else None,
            strategy=GroupStrategy(strategy) if strategy else GroupStrategy.ROUND_ROBIN,
            order=GroupOrder(fields[10].decode()) if fields[10] else GroupOrder.PRIORITY,
            rate_limit=RateLimit.parse(fields[11].decode()) if fields[11] else None,
            groups=groups,
        )

    async def tasks(
        self,
        queue: str,
        state: TaskState,
        *,
        offset: int = 0,
        limit: int = 100,
        around: str | None = None,
        newest_first: bool = False,
        group: str | None = None,
    ) -> TaskPage:
        """A window onto the tasks of a state: at most ``limit`` (up to 1,000) from ``offset``, or with ``around`` in
        the middle.

        Waiting tasks come group by group, each in the order of its lanes, delayed ones by due time, active ones by the
        end of their lease, ended ones the latest first; ``newest_first`` turns the order round. An offset past the end
        gives the last task. With ``group``, only the waiting or running tasks of that group ("" for those without one).

        Raises:
            InvalidOption: ``group`` was given for a state whose tasks are not kept by group.
        """
        if group is not None and state not in {TaskState.WAITING, TaskState.ACTIVE}:
            raise InvalidOption(f"Tasks that are {state} are not kept by group. Leave the group out.")
        scripts = await self._backend.scripts()
        raw = await scripts.page(
            check_name("queue", queue),
            state,
            max(0, offset),
            clamp(limit),
            around or "",
            "1" if newest_first else "",
            group,
        )
        return page_of(queue, state, raw)

    async def get_task(self, queue: str, task_id: str) -> TaskRecord:
        """Everything that is kept of a task.

        Raises:
            TaskNotFound: there is none of that id (any more).
        """
        scripts = await self._backend.scripts()
        record = record_of(queue, task_id, await scripts.record(check_name("queue", queue), task_id))
        if record is None:
            raise TaskNotFound(f"There is no task {task_id} in {queue}. It was removed, or its record has expired.")
        return record

    # --- changes -----------------------------------------------------------------------------------

    async def pause(self, queue: str) -> bool:
        """Let no worker claim from the queue; what runs goes on. False if it was paused already. Audited."""
        scripts = await self._backend.scripts()
        changed = await scripts.pause(check_name("queue", queue), self._backend.actor, "1")
        # One that was paused before its first task is a queue too, and its audit is to be found.
        await self._backend.know_queue(queue)
        return changed

    async def resume(self, queue: str) -> bool:
        """Let workers claim again. False if it was not paused. Audited."""
        scripts = await self._backend.scripts()
        return await scripts.pause(check_name("queue", queue), self._backend.actor, "0")

    async def set_rate_limit(self, queue: str, rate_limit: RateLimit | str | tuple[int, float] | None) -> bool:
        """Limit how many tasks of the queue are claimed in a time: ``"100/s"``, ``"60/m burst 10"``; ``None``: no
        limit.

        Audited. False if it was so already.

        Raises:
            InvalidOption: the limit can't be understood.
        """
        limit = RateLimit.parse(rate_limit) if rate_limit is not None else None
        return await govern(self._backend, queue, "set rate limit", "", RateLimit.fields(limit))

    async def cancel(self, queue: str, task_ids: Sequence[str]) -> BulkReport:
        """Cancel tasks: at once those that wait, by asking their workers those that run. Audited.

        At most 1,000 are worked in one step on the server; more are cut into such steps.
        """
        scripts = await self._backend.scripts()
        check_name("queue", queue)
        answers: list[str] = []
        for ids in slices(task_ids):
            answers += await scripts.cancel(queue, self._backend.actor, self._backend.limits.retention, ids)
        return report_of(task_ids, answers, {"done", "requested"}, "cancelled")

    async def remove_task(self, queue: str, task_id: str) -> None:
        """Forget a task that is not running. Audited.

        Raises:
            TaskNotFound: there is none of that id (any more).
            WrongState: it runs; cancel it first.
        """
        scripts = await self._backend.scripts()
        answer = (await scripts.remove(check_name("queue", queue), self._backend.actor, [task_id]))[0]
        if not answer:
            raise TaskNotFound(f"There is no task {task_id} in {queue}. It was removed, or its record has expired.")
        if answer != "removed":
            raise WrongState(f"Task {task_id} in {queue} is {answer}. Cancel it first, then remove it.")

    # --- events ------------------------------------------------------------------------------------

    def on_task_event(self, event: ObserverEvent, observer: Observer) -> None:
        """Call ``observer(task_id, state, event)`` for each event of that kind; it may be async.

        It hears what happens once the subscription stands: ``await cleo.events.ready()`` makes sure of that.
        """
        self._events.subscribe(event, observer)

    def off_task_event(self, event: ObserverEvent, observer: Observer | None = None) -> None:
        """Call that observer no more, or none of that kind."""
        self._events.unsubscribe(event, observer)


def clamp(limit: int) -> int:
    """A number of rows that one call may ask for: from 1 to 1,000."""
    return max(1, min(limit, MAX_PAGE))


def slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut ids into what one call of the server may work on."""
    for first in range(0, len(ids), MAX_PAGE):
        yield ids[first : first + MAX_PAGE]


def report_of(ids: Sequence[str], answers: Sequence[str], good: set[str], verb: str) -> BulkReport:
    """The report of an action: an answer outside ``good`` is the state that forbade it."""
    failures: dict[str, str] = {}
    done = 0
    for task_id, answer in zip(ids, answers, strict=True):
        if answer in good:
            done += 1
        elif len(failures) < 100:
            failures[task_id] = (
                f"It is {answer}, so it can't be {verb}." if answer else "There is no such task any more."
            )
    return BulkReport(done=done, failures=failures)
