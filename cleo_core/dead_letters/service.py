"""The service ``cleo.dead_letters``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Unpack

from cleo_core.backend import Backend
from cleo_core.dead_letters.editing import Editor
from cleo_core.dead_letters.export import lines
from cleo_core.dead_letters.filters import DeadLetterFilter, wanted
from cleo_core.dead_letters.letters import kind_of_letters, letter_of, letter_record_of, parts_of
from cleo_core.dead_letters.retrying import Retries, Retrying, Stage
from cleo_core.dead_letters.trash import Trash
from cleo_core.errors import TaskNotFound
from cleo_core.models import (
    ArgumentsCheck,
    BulkReport,
    DeadLetter,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    Discard,
    DiscardReport,
    RetryRun,
)
from cleo_core.names import check_name
from cleo_core.queues import clamp, report_of, slices
from cleo_core.scripts.retries import LetterParts
from cleo_core.tasks.registry import Registry
from cleo_core.workers import Workers

LOOK = 1_000
MAX_LOOK = 100_000
MAX_PARTS = 60


class DeadLetters:
    """The dead letters of a namespace's queues. Every call raises ``ServerError`` when the server can't be used."""

    def __init__(self, backend: Backend, registry: Registry, workers: Workers) -> None:
        self._backend = backend
        self._editor = Editor(backend, registry, workers)
        self._trash = Trash(backend)
        self._retries = Retries(backend)

    # --- a look --------------------------------------------------------------------------------------

    async def kinds(
        self, queue: str, *, offset: int = 0, limit: int = 100, parts: int = 0, span: float = 86_400.0
    ) -> DeadLetterKinds:
        """The dead letters of a queue by the kind of their error, at most ``limit`` kinds (up to 1,000), those with
        the most letters first.

        With ``parts`` (up to 60) the last ``span`` seconds are cut into so many, and the first 50 kinds that are listed
        say how many of their letters died in each. That is told by when letters expire, so it holds for letters that
        are kept as long as the last of their kind.
        """
        first, cut = max(0, offset), max(0, min(parts, MAX_PARTS))
        scripts = await self._backend.scripts()
        now, total, raw = await scripts.dead_kinds(
            check_name("queue", queue), first, clamp(limit), cut, max(1, round(span * 1000 / max(1, cut)))
        )
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
        most ``look`` of them (up to 100,000) in steps of at most 1,000 on the server; the page says how many were
        looked at and where to go on.

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
        return (await self._read(queue, task_id))[0]

    async def _read(self, queue: str, task_id: str) -> tuple[DeadLetterRecord, LetterParts]:
        scripts = await self._backend.scripts()
        raw = await scripts.record(check_name("queue", queue), task_id)
        record = letter_record_of(queue, task_id, raw)
        if record is None:
            raise TaskNotFound(
                f"There is no dead letter {task_id} in {queue}. It was retried, discarded, or it has expired."
            )
        return record, parts_of(raw)

    def export(self, queue: str, **filters: Unpack[DeadLetterFilter]) -> AsyncIterator[str]:
        """The dead letters that match as lines of JSON (each a ``DeadLetterRecord``), those that expire first at the
        beginning. A few are in memory at a time, however many there are.

        Raises:
            InvalidOption: a filter that can't be.
        """
        return lines(self._backend, check_name("queue", queue), wanted(filters))

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

    async def edit_and_retry(self, queue: str, task_id: str, arguments: Mapping[str, Any]) -> ArgumentsCheck:
        """Put a dead letter back with other arguments, given by name; what they were checked by. Audited.

        The arguments are checked before anything is changed: by the task's signature if it is declared on this
        ``Cleo``, else by the JSON schema that a live worker has published of it, if there is one. With the signing key
        of this ``Cleo``, if it has one, the task is signed anew.

        Raises:
            TaskNotFound: there is no dead letter of that id (any more).
            InvalidArguments, PayloadTooLarge: the arguments are refused; the letter stays as it is.
            SigningKeyNeeded: the task is signed, and this ``Cleo`` has no signing key.
            WrongState: it was retried meanwhile.
        """
        letter, parts = await self._read(queue, task_id)
        return await self._editor.retry(letter, parts, arguments)

    def retry_all(self, queue: str, **filters: Unpack[DeadLetterFilter]) -> Retrying:
        """Retry all dead letters that match, in steps of at most 250 on the server. Audited.

        ``await`` it, or iterate over its steps with ``async for``; either gives ``RetryRun`` reports. Those that are
        dead when it begins are meant: what fails again meanwhile is not retried again. How far it is is kept on the
        server, so after a crash ``resume_retry`` carries it on, and no letter is retried twice.

        Raises:
            InvalidOption: a filter that can't be.
        """
        return self._retries.start(queue, wanted(filters), None)

    def retry_staged(
        self,
        queue: str,
        *,
        first: int = 10,
        rate: float = 20.0,
        stop_at_failure_rate: float = 0.5,
        **filters: Unpack[DeadLetterFilter],
    ) -> Retrying:
        """Retry dead letters with care: the ``first`` few (up to 1,000), and when each of them has been tried, the
        others at a ``rate`` (a second, up to 10,000).

        A retried task is judged by its first attempt. As soon as of the last 100 judged, but no fewer than ``first``,
        the share that failed is ``stop_at_failure_rate`` (up to 1) or more, the run stops by itself. No more than
        1,000 tasks are unjudged at once, so a queue that nobody works on is not filled. It is used, kept and carried
        on as ``retry_all`` is. Audited.

        Raises:
            InvalidOption: a filter or a number that can't be.
        """
        return self._retries.start(queue, wanted(filters), Stage.checked(first, rate, stop_at_failure_rate))

    async def retries(self, queue: str, *, limit: int = 20) -> list[RetryRun]:
        """The retries of many dead letters of the last week, those that went on last first, at most ``limit`` (up to
        100).
        """
        return await self._retries.list(queue, max(1, min(limit, 100)))

    async def stop_retry(self, queue: str, run: str) -> RetryRun:
        """Stop a retry of many dead letters before its next step, whichever process carries it on. Audited.

        Raises:
            RetryNotFound: there is none of that id.
        """
        return await self._retries.stop(queue, run)

    def resume_retry(self, queue: str, run: str) -> Retrying:
        """Carry on a retry of many dead letters that was stopped, or whose process died. Audited.

        A staged one that was stopped begins with a first few again. To be used as ``retry_all`` is.

        Raises:
            RetryNotFound: there is none of that id.
            WrongState: it is done.
        """
        return self._retries.resume(queue, run)

    # --- the trash -----------------------------------------------------------------------------------

    async def discard(self, queue: str, task_ids: Sequence[str], *, into: str | None = None) -> DiscardReport:
        """Move dead letters into the trash. Audited. Cut into steps as ``retry`` is.

        For 10 minutes (``Limits.trash_retention``) ``undo`` brings them back by the ``discard`` of the report; then
        they are gone for good. ``into`` is the ``discard`` of a call before, to make one discard of several calls;
        its letters go when those of the first call go.

        Raises:
            DiscardNotFound: ``into`` can't be the id of a discard.
        """
        return await self._trash.discard(queue, task_ids, into)

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
