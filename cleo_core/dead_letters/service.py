"""The service ``cleo.dead_letters``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from cleo_core.backend import Backend
from cleo_core.dead_letters.filters import DeadLetterFilter, wanted
from cleo_core.dead_letters.letters import kind_of_letters, letter_of, letter_record_of
from cleo_core.dead_letters.trash import Trash
from cleo_core.errors import TaskNotFound
from cleo_core.models import (
    BulkReport,
    DeadLetter,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    Discard,
    DiscardReport,
)
from cleo_core.names import check_name
from cleo_core.queues import clamp, report_of, slices

LOOK = 1_000
MAX_LOOK = 100_000


class DeadLetters:
    """The dead letters of a namespace's queues. Every call raises ``ServerError`` when the server can't be used."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._trash = Trash(backend)

    # --- a look --------------------------------------------------------------------------------------

    async def kinds(self, queue: str, *, offset: int = 0, limit: int = 100) -> DeadLetterKinds:
        """The dead letters of a queue by the kind of their error, at most ``limit`` kinds (up to 1,000), those with
        the most letters first.
        """
        first = max(0, offset)
        scripts = await self._backend.scripts()
        now, total, raw = await scripts.dead_kinds(check_name("queue", queue), first, clamp(limit))
        items = [kind_of_letters(kind) for kind in raw]
        return DeadLetterKinds(queue=queue, offset=first, total=total, items=items, at=now / 1000)

    async def list(
        self,
        queue: str,
        *,
        offset: int = 0,
        limit: int = 100,
        around: str | None = None,
        look: int = 5_000,
        **filters: Unpack[DeadLetterFilter],
    ) -> DeadLetterPage:
        """A window onto the dead letters of a queue, the latest first: at most ``limit`` (up to 1,000) from
        ``offset``, or with ``around`` in the middle.

        A fingerprint finds its letters by an index. Other filters are held against one letter after the other, at
        most ``look`` of them (up to 100,000) in steps of 1,000 on the server; the page says how many were looked at
        and where to go on.

        Raises:
            InvalidOption: a filter that can't be.
        """
        check_name("queue", queue)
        asked = wanted(filters)
        size = clamp(limit)
        most = max(1, min(look, MAX_LOOK)) if asked.rest else size
        scripts = await self._backend.scripts()
        items: list[DeadLetter] = []
        begin, looked, total, now = max(0, offset), 0, 0, 0
        while looked < most and len(items) < size:
            now, total, at, seen, raw = await scripts.dead_from_last(
                queue,
                asked.fingerprint,
                asked.written,
                min(LOOK, most - looked),
                size - len(items),
                begin + looked,
                "" if looked else around or "",
            )
            begin = at if not looked else begin
            looked += seen
            items += [letter for letter in (letter_of(queue, row) for row in raw) if letter is not None]
            if begin + looked >= total or not seen:
                break
        end = begin + looked
        return DeadLetterPage(
            queue=queue,
            offset=begin,
            total=total,
            items=items,
            looked=looked,
            next_offset=end if end < total else None,
            at=now / 1000,
        )

    async def get(self, queue: str, task_id: str) -> DeadLetterRecord:
        """Everything that is kept of a dead letter.

        Raises:
            TaskNotFound: there is no dead letter of that id (any more).
        """
        scripts = await self._backend.scripts()
        raw = await scripts.record(check_name("queue", queue), task_id)
        record = letter_record_of(queue, task_id, raw)
        if record is None:
            raise TaskNotFound(
                f"There is no dead letter {task_id} in {queue}. It was retried, discarded, or it has expired."
            )
        return record

    # --- back into the queue -------------------------------------------------------------------------

    async def retry(self, queue: str, task_ids: Sequence[str]) -> BulkReport:
        """Put dead letters back into their queue. Their attempts are kept, their retries counted anew. Audited.

        At most 1,000 a call are worked in one step on the server; more are cut into such steps.
        """
        answers: list[str] = []
        scripts = await self._backend.scripts()
        for ids in slices(task_ids):
            answers += await scripts.retry(check_name("queue", queue), self._backend.actor, ids)
        return report_of(task_ids, answers, {"waiting"}, "retried")

    # --- the trash -----------------------------------------------------------------------------------

    async def discard(self, queue: str, task_ids: Sequence[str]) -> DiscardReport:
        """Move dead letters into the trash. Audited. Cut into steps as ``retry`` is.

        For 10 minutes (``Limits.trash_retention``) ``undo`` brings them back by the ``discard`` of the report; then
        they are gone for good.
        """
        return await self._trash.discard(queue, task_ids)

    async def trash(self, queue: str, *, limit: int = 100) -> list[Discard]:
        """What was discarded and can still be brought back, the latest first, at most ``limit`` discards (up to
        1,000).
        """
        return await self._trash.discards(queue, clamp(limit))

    async def undo(self, queue: str, discard: str) -> BulkReport:
        """Bring back exactly what a discard took, in steps of 500 on the server. Audited.

        What expired meanwhile stays away. A letter whose id was given to a new task since is not brought back, but
        stays in the trash for its time. If the call is cut off, calling again brings back the rest.

        Raises:
            DiscardNotFound: it is not in the trash any more.
        """
        return await self._trash.undo(queue, discard)

    async def forget(self, queue: str, discard: str) -> int:
        """Empty a discard out of the trash at once, for good, to free its memory; how many letters it held. Audited.

        Raises:
            DiscardNotFound: it is not in the trash any more.
        """
        return await self._trash.forget(queue, discard)
