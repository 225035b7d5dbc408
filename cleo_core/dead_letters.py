"""Dead letters: tasks that failed for good, kept whole until somebody decides."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_core.backend import Backend
from cleo_core.models import BulkReport, TaskPage, TaskState
from cleo_core.names import check_name
from cleo_core.queues import QueueManager, report_of, slices


class DeadLetters:
    """The dead letters of a namespace's queues."""

    def __init__(self, backend: Backend, queues: QueueManager) -> None:
        self._backend = backend
        self._queues = queues

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100, around: str | None = None) -> TaskPage:
        """A window onto the dead letters of a queue, the latest first."""
        return await self._queues.tasks(queue, TaskState.DEAD, offset=offset, limit=limit, around=around)

    async def retry(self, queue: str, task_ids: Sequence[str]) -> BulkReport:
        """Put dead letters back into their queue. Their attempts are kept, their retries counted anew. Audited.

        At most 1,000 a call are worked in one step on the server; more are cut into such steps.
        """
        answers: list[str] = []
        scripts = await self._backend.scripts()
        for ids in slices(task_ids):
            answers += await scripts.retry(check_name("queue", queue), self._backend.actor, ids)
        return report_of(task_ids, answers, {"waiting"}, "retried")

    async def discard(self, queue: str, task_ids: Sequence[str]) -> BulkReport:
        """Forget dead letters for good. Audited. Cut into steps as ``retry`` is."""
        answers: list[str] = []
        scripts = await self._backend.scripts()
        for ids in slices(task_ids):
            answers += await scripts.remove(check_name("queue", queue), self._backend.actor, "discard", "dead", ids)
        return report_of(task_ids, answers, {"removed"}, "discarded")
