"""What happened: the attempts of the past, by task, queue, group and worker, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from typing_extensions import Unpack

from cleo_core.backend import Backend
from cleo_core.errors import CleoError
from cleo_core.history_clearing import Clearing
from cleo_core.history_entries import EntryFilter, HistoryWhere, entry_of, latest
from cleo_core.history_stats import Scope, Statistics
from cleo_core.models import Figures, HistoryEntry, HistoryStats, Resolution
from cleo_core.names import check_name
from cleo_core.queues import MAX_PAGE, QueueManager, clamp


class TaskHistoryService:
    """The history of a namespace: ``cleo.history``, or ``TaskHistoryService.get_instance()`` of the default ``Cleo``.

    Lists are given the latest first, at most ``limit`` entries (up to 1,000). Each takes the filters of
    ``HistoryWhere`` as keywords: ``since``, ``until``, ``outcome``, ``state``, ``name``, ``error``. Every call raises
    ``InvalidOption`` for a filter that can't be, ``InvalidName`` for a name that can't be, and ``ServerError`` when
    the server can't be used.
    """

    _of_instance: ClassVar[Callable[[str], TaskHistoryService] | None] = None

    def __init__(self, backend: Backend, queues: QueueManager) -> None:
        self._backend = backend
        self._queues = queues
        self._statistics = Statistics(backend)
        self._clearing = Clearing(backend)

    @classmethod
    def get_instance(cls, name: str = "default") -> TaskHistoryService:
        """The history of ``Cleo.get_instance(name)``."""
        if cls._of_instance is None:
            raise CleoError("There is no Cleo yet whose history this could be. Import cleo_core first.")
        return cls._of_instance(name)

    @classmethod
    def find_instances_by(cls, find: Callable[[str], TaskHistoryService]) -> None:
        """How ``get_instance`` finds the ``Cleo`` of a name, which this module can't know."""
        cls._of_instance = find

    # --- lists ---------------------------------------------------------------------------------------

    async def queue(self, queue: str, limit: int = 100, **where: Unpack[HistoryWhere]) -> list[HistoryEntry]:
        """The latest attempts of a queue; 500 are kept."""
        key = self._backend.keys.of_queue(check_name("queue", queue)).history
        return await latest(self._backend, [(queue, key)], clamp(limit), EntryFilter.of(where))

    async def group(
        self, queue: str, group: str, limit: int = 100, **where: Unpack[HistoryWhere]
    ) -> list[HistoryEntry]:
        """The latest attempts of a group of a queue ("": tasks without a group); 200 are kept."""
        keys = self._backend.keys.of_queue(check_name("queue", queue))
        key = keys.group_history(check_name("group", group, may_be_empty=True))
        return await latest(self._backend, [(queue, key)], clamp(limit), EntryFilter.of(where))

    async def worker(self, worker: str, limit: int = 100, **where: Unpack[HistoryWhere]) -> list[HistoryEntry]:
        """The latest attempts by a worker in all queues; 100 of each queue are kept. One command a queue, at least."""
        check_name("worker", worker)
        of_queue = self._backend.keys.of_queue
        lists = [(queue, of_queue(queue).worker_history(worker)) for queue in await self._queues.names()]
        return await latest(self._backend, lists, clamp(limit), EntryFilter.of(where))

    async def everything(self, limit: int = MAX_PAGE, **where: Unpack[HistoryWhere]) -> list[HistoryEntry]:
        """The latest attempts of all queues (up to 1,000 queues). One command a queue, at least."""
        of_queue = self._backend.keys.of_queue
        lists = [(queue, of_queue(queue).history) for queue in await self._queues.names()]
        return await latest(self._backend, lists, clamp(limit), EntryFilter.of(where))

    async def task(
        self, task_id: str, queue: str | None = None, limit: int = 100, **where: Unpack[HistoryWhere]
    ) -> list[HistoryEntry]:
        """The attempts at one task, with tracebacks: of its record, which keeps the last 50 unsuccessful ones.

        When the record is gone, those that the queue's list still has, without tracebacks. Without ``queue`` all
        queues are asked, one command each.
        """
        check_name("task id", task_id)
        wanted = EntryFilter.of(where)
        queues = [check_name("queue", queue)] if queue is not None else await self._queues.names()
        stored = await self._backend.ask_all(
            *(("HMGET", self._backend.keys.of_queue(name).task(task_id), "attempts", "end") for name in queues)
        )
        found: dict[tuple[str, int, float], HistoryEntry] = {}
        for name, (attempts, end) in zip(queues, stored, strict=True):
            for entry in _entries_of(name, attempts or b"", end or b""):
                found.setdefault((name, entry.attempt, entry.at), entry)
        if not found:
            lists = [(name, self._backend.keys.of_queue(name).history) for name in queues]
            return await latest(self._backend, lists, clamp(limit), wanted.model_copy(update={"task_id": task_id}))
        entries = sorted(filter(wanted.allows, found.values()), key=lambda entry: entry.at, reverse=True)
        return entries[: clamp(limit)]

    # --- figures -------------------------------------------------------------------------------------

    async def stats(
        self,
        queue: str | None = None,
        *,
        group: str | None = None,
        worker: str | None = None,
        name: str | None = None,
        seconds: float | None = None,
        since: float | None = None,
        until: float | None = None,
        top: int = 10,
    ) -> HistoryStats:
        """The figures of the last ``seconds`` (an hour), or from ``since`` to ``until`` (now), in epoch seconds.

        Of a queue, of everything (no ``queue``), or of a ``group``, ``worker`` or task ``name`` in it; of a group the
        queue must be given. A range is widened to whole minutes, or hours if it begins longer than 2 days ago, or
        days if longer than 32; ``figures.since`` tells. Percentiles are within 5%. At most ``top`` (1 to 20) slowest
        names, errors and workers are told; of these candidates are those that took most time. Groups, workers and
        names past the limits of a day (``HistoryLimits``) have no figures of their own; they count in the queue's.

        For one queue and any range these are at most 24 calls of scripts, 20 short reads of errors, and 60 of the
        workers' loads. For everything, 4 calls for each queue and the same besides.

        Raises:
            InvalidOption: the range or the combination can't be.
        """
        scope = Scope.checked(queue, group, worker, name)
        span = await self._statistics.range(seconds, since, until)
        return await self._statistics.stats(await self._asked(scope), scope, span, max(1, min(top, 20)))

    async def series(
        self,
        queue: str | None = None,
        *,
        group: str | None = None,
        worker: str | None = None,
        name: str | None = None,
        seconds: float | None = None,
        since: float | None = None,
        until: float | None = None,
        resolution: Resolution | None = None,
    ) -> list[Figures]:
        """The figures of each minute, hour or day of a range, oldest first, for charts. What is asked for is said as
        for ``stats``.

        Without ``resolution`` points are minutes up to two days, hours up to 32 days, days beyond, or coarser where
        the finer counters are not kept any more. One call of a script for a queue, which reads a key for each hour of
        minutes, day of hours, or 32 days; for everything one for each queue. The points of a worker have its ``load``
        (CPU, memory, slots in use), by the minute for at least two days and by the hour for 32, for one more command
        for each day of minutes or 32 days of hours.

        Raises:
            InvalidOption: the range or the combination can't be, or there are more than 3,000 points.
        """
        scope = Scope.checked(queue, group, worker, name)
        span = await self._statistics.range(seconds, since, until)
        return await self._statistics.series(await self._asked(scope), scope, span, resolution)

    async def _asked(self, scope: Scope) -> list[str]:
        return [scope.queue] if scope.queue is not None else await self._queues.names()

    # --- forgetting ----------------------------------------------------------------------------------

    async def clear_queue(self, queue: str, *, dry_run: bool = False) -> int:
        """Forget all that is kept of a queue's past: lists, counters and errors, of its groups and workers too.
        Audited.

        How many keys there were. Done in bounded slices; what ends meanwhile may stay. As a ``dry_run`` they are only
        counted, here and by the other ``clear`` calls.
        """
        return await self._clearing.queue(check_name("queue", queue), dry_run=dry_run)

    async def clear_group(self, queue: str, group: str, *, dry_run: bool = False) -> int:
        """Forget the list and the counters of a group. Audited. How many keys there were."""
        check_name("queue", queue)
        check_name("group", group, may_be_empty=True)
        return await self._clearing.member(queue, "g", group, dry_run=dry_run)

    async def clear_worker(self, worker: str, *, dry_run: bool = False) -> int:
        """Forget the lists, counters and load of a worker, in all queues that know it. Audited in each.

        How many keys there were.
        """
        names = await self._queues.names()
        return await self._clearing.worker(check_name("worker", worker), names, dry_run=dry_run)

    async def clear_task(self, queue: str, task_id: str, *, dry_run: bool = False) -> int:
        """Forget the attempts at a task: those in its record and in the lists. Audited.

        How many attempts there were. Counters are sums and stay. Done in slices of 1,000 entries; lists of the usual
        lengths are one, of which there is one entry in the audit.
        """
        check_name("queue", queue)
        return await self._clearing.task(queue, check_name("task id", task_id), dry_run=dry_run)


def _entries_of(queue: str, attempts: bytes, end: bytes) -> Iterator[HistoryEntry]:
    """The entries of a record. Its end is no attempt if no worker had the task."""
    for line in [*attempts.split(b"\n"), end]:
        entry = entry_of(queue, line) if line else None
        if entry is not None and entry.worker:
            yield entry
