"""What happened: the attempts of the past, by task, queue, group and worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from typing_extensions import Unpack

from cleo_core.backend import Backend
from cleo_core.errors import CleoError
from cleo_core.history_entries import EntryFilter, HistoryWhere, entry_of, latest
from cleo_core.models import HistoryEntry
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


def _entries_of(queue: str, attempts: bytes, end: bytes) -> Iterator[HistoryEntry]:
    """The entries of a record. Its end is no attempt if no worker had the task."""
    for line in [*attempts.split(b"\n"), end]:
        entry = entry_of(queue, line) if line else None
        if entry is not None and entry.worker:
            yield entry
