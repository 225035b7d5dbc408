"""Forgetting the past of a queue, a group, a worker or a task, in bounded slices."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_core.backend import Backend
from cleo_core.history_counters import Counters
from cleo_core.history_extent import KINDS, Extent

DAY = 86_400
SLICE = 100
LINES = 1_000
NO_SPAN = (1, 0, 1, 0, 1, 0, 1, 0)


class Clearing:
    """Drops what is kept of the past. Each call of a script drops a slice; the first one is audited.

    As a dry run, each call only counts what it would drop.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._counters = Counters(backend)

    async def member(self, queue: str, kind: str, name: str, *, dry_run: bool) -> int:
        """Forget a group (``g``) or a worker (``w``) of a queue."""
        if dry_run:
            return await Extent(self._backend, queue, await self._span()).member(kind, name)
        action = f"clear history of {'group' if kind == 'g' else 'worker'}"
        return await self._clear(queue, action, name, await self._span(), [f":{kind}:{name}"])

    async def worker(self, worker: str, queues: list[str], *, dry_run: bool) -> int:
        """Forget a worker in the queues that know it, and its load."""
        of_queue = self._backend.keys.of_queue
        known = await self._backend.ask_all(*(("ZSCORE", of_queue(queue).histories, f"w:{worker}") for queue in queues))
        gone = 0
        for queue, score in zip(queues, known, strict=True):
            if score is not None:
                gone += await self.member(queue, "w", worker, dry_run=dry_run)
        today = int(await self._counters.now() // DAY)
        keys = self._backend.keys
        loads = [keys.minute_load(worker, day) for day in range(today - 4, today + 1)]
        loads += [keys.hour_load(worker, block) for block in range(today // 32 - 3, today // 32 + 1)]
        return gone + await self._backend.ask("EXISTS" if dry_run else "UNLINK", *loads)

    async def queue(self, queue: str, *, dry_run: bool) -> int:
        """Forget everything of a queue's past."""
        of_queue = self._backend.keys.of_queue(queue)
        span = await self._span()
        if dry_run:
            return await Extent(self._backend, queue, span).whole()
        gone = await self._clear(queue, "clear history", "", span, ["", *(f":{kind}+" for kind in KINDS)])
        while members := await self._backend.ask("ZRANGE", of_queue.histories, 0, SLICE - 1):
            gone += await self._clear(queue, "", "", NO_SPAN, [f":{_text(member)}" for member in members])
        for day in range(span[6], span[7] + 1):
            for kind in KINDS:
                gone += await self._day(queue, day, kind)
        return gone

    async def task(self, queue: str, task_id: str, *, dry_run: bool) -> int:
        """Forget the attempts at a task."""
        if dry_run:
            return await Extent(self._backend, queue, NO_SPAN).task(task_id)
        scripts = await self._backend.scripts()
        gone, place = 0, b""
        while True:
            some, place = await scripts.clear_task_history(queue, self._backend.actor, task_id, LINES, place)
            gone += some
            if not place:
                return gone

    async def _day(self, queue: str, day: int, kind: str) -> int:
        """Forget the counters of all groups, workers or task names that had their own on a day."""
        gone = 0
        times = self._backend.keys.of_queue(queue).times(day, kind)
        span = (day * 24, day * 24 + 23, day, day, day // 32, day // 32, day, day)
        while members := await self._backend.ask("ZRANGE", times, 0, SLICE - 1):
            gone += await self._clear(queue, "", "", span, [f":{kind}:{_text(member)}" for member in members])
        return gone

    async def _clear(self, queue: str, action: str, target: str, span: Sequence[int], suffixes: list[str]) -> int:
        scripts = await self._backend.scripts()
        actor = self._backend.actor
        gone, errors = await scripts.clear_history(queue, actor, action, target, span, suffixes)
        while errors and suffixes[0] == "":
            more, errors = await scripts.clear_history(queue, actor, "", "", NO_SPAN, [""])
            gone += more
        return gone

    async def _span(self) -> tuple[int, ...]:
        """The hours, days, blocks of 32 days, and days again of which something may be kept, by the settings."""
        limits = self._backend.limits.history
        now = int(await self._counters.now())
        hours = (now - limits.minutes) // 3_600 - 1, now // 3_600
        days = (now - limits.hours) // DAY - 1, now // DAY
        blocks = (now - limits.days) // (32 * DAY) - 1, now // (32 * DAY)
        return (*hours, *days, *blocks, blocks[0] * 32, now // DAY)


def _text(member: bytes) -> str:
    return member.decode("utf-8", "surrogateescape")
