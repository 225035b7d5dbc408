"""The trash: discarded dead letters, which can be brought back for a while."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

from cleo_core.backend import Backend
from cleo_core.dead_letters.letters import discard_of
from cleo_core.errors import DiscardNotFound
from cleo_core.models import BulkReport, Discard, DiscardReport
from cleo_core.names import check_name
from cleo_core.queues import report_of, slices

SLICE = 500
_ID = re.compile(r"[0-9a-f]{12}")
_WHY = {
    "expired": "It has expired meanwhile.",
    "taken": "There is a new task of that id; the letter stays in the trash for its time.",
}


class Trash:
    """The trash of each queue."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def discard(self, queue: str, task_ids: Sequence[str], into: str | None) -> DiscardReport:
        """Move dead letters into the trash, all under one id."""
        check_name("queue", queue)
        if into is not None:
            self._check(queue, into)
        discard = into or uuid.uuid4().hex[:12]
        kept_ms = round(self._backend.limits.trash_retention * 1000)
        answers: list[str] = []
        scripts = await self._backend.scripts()
        for ids in slices(task_ids):
            answers += await scripts.discard(queue, self._backend.actor, discard, kept_ms, ids)
        report = report_of(task_ids, answers, {"discarded"}, "discarded")
        return DiscardReport(done=report.done, failures=report.failures, discard=discard)

    async def discards(self, queue: str, limit: int) -> list[Discard]:
        """What can be brought back, the latest first."""
        scripts = await self._backend.scripts()
        return [discard_of(queue, raw) for raw in await scripts.trash(check_name("queue", queue), limit)]

    async def undo(self, queue: str, discard: str) -> BulkReport:
        """Bring back what a discard took, slice after slice."""
        self._check(queue, discard)
        scripts = await self._backend.scripts()
        done, offset, failures = 0, 0, dict[str, str]()
        while offset >= 0:
            came, after, refused = await scripts.undo(queue, self._backend.actor, discard, offset, SLICE)
            if after == -2 and not (done or failures):
                raise self._gone(queue, discard)
            done, offset = done + came, after
            for task_id, why in zip(refused[::2], refused[1::2], strict=True):
                if len(failures) < 100:
                    failures[task_id.decode(errors="replace")] = _WHY[why.decode()]
        return BulkReport(done=done, failures=failures)

    async def forget(self, queue: str, discard: str) -> int:
        """Empty a discard for good, slice after slice."""
        self._check(queue, discard)
        scripts = await self._backend.scripts()
        total, left = 0, 1
        while left > 0:
            done, left = await scripts.forget(queue, self._backend.actor, discard, SLICE)
            total += done
        if left < 0 and not total:
            raise self._gone(queue, discard)
        return total

    def _check(self, queue: str, discard: str) -> None:
        check_name("queue", queue)
        if not _ID.fullmatch(discard):
            raise self._gone(queue, discard)

    def _gone(self, queue: str, discard: str) -> DiscardNotFound:
        kept = self._backend.limits.trash_retention
        return DiscardNotFound(
            f"There is no discard {discard!r:.40} in the trash of {queue}. It was undone, or it is gone for good: "
            f"the trash is kept for {kept / 60:g} minutes. dead_letters.trash() lists what can be brought back."
        )
