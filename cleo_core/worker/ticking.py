"""Firing schedules: what each worker does for all, at the time when one is due."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from cleo_core.errors import ServerError
from cleo_core.scripts import DueSchedule, Scripts
from cleo_core.signing import Trust
from cleo_core.tasks.declared import Declarations
from cleo_core.when import read_when

LOG = logging.getLogger("cleo.worker")
SLICE = 50
PAUSE = 1.0
SET_ASIDE = 60_000
VOUCH = 60.0


class Ticking:
    """Enters the declared schedules of the worker's queues, then fires what is due, and says each minute that the
    declared ones still are.

    The server tells one worker of each queue when to fire (``lua/lib/tick_wait.lua``), with the answers to other calls;
    ``note`` passes that on. Which times are due and what comes next is worked out here, and ``fire.lua`` does it only
    if nobody has done so meanwhile.
    """

    def __init__(self, scripts: Scripts, worker: str, queues: Sequence[str], declared: Declarations) -> None:
        self._scripts = scripts
        self.worker = worker
        self._queues = queues
        self._declared = declared
        self._at: dict[str, float] = {}
        self._vouch_at = 0.0
        self._stirred = asyncio.Event()

    def note(self, queue: str, wait: float | None) -> None:
        """Fire the schedules of the queue in ``wait`` seconds (None: another worker does)."""
        if wait is None:
            return
        at = asyncio.get_running_loop().time() + wait + 0.001
        if at < self._at.get(queue, float("inf")) - 0.001:
            self._at[queue] = at
            self._stirred.set()

    async def run(self) -> None:
        """Work until cancelled."""
        loop = asyncio.get_running_loop()
        await self._declare()
        self._vouch_at = loop.time() + VOUCH
        while True:
            queue, at = min(self._at.items(), key=lambda item: item[1], default=("", float("inf")))
            if loop.time() >= self._vouch_at:
                await self._vouch()
                continue
            wait = min(at, self._vouch_at) - loop.time()
            if wait > 0:
                await self._rest(wait)
                continue
            self._at.pop(queue)
            try:
                await self.fire_due(queue)
            except ServerError as error:
                LOG.warning("Schedules of %s could not be fired; the worker tries again. %s", queue, error)
                self.note(queue, PAUSE)
            except Exception:
                LOG.exception("Schedules of %s could not be fired.", queue)
                self.note(queue, PAUSE)

    async def _rest(self, seconds: float) -> None:
        self._stirred.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._stirred.wait()
        except TimeoutError:
            return

    async def _declare(self) -> None:
        """Enter what is declared, however long the server can't."""
        while True:
            try:
                for queue in self._queues:
                    await self._declare_in(queue)
            except ServerError as error:
                LOG.warning("The declared schedules could not be entered; the worker tries again. %s", error)
                await asyncio.sleep(PAUSE)
            else:
                return

    async def _declare_in(self, queue: str) -> None:
        now = await self._scripts.time()
        declared = self._declared.of_queue(queue, now)
        entered, removed = await self._scripts.declare(queue, self.worker, self._declared.mine(), now, declared)
        if entered or removed:
            LOG.info("Of %s %d declared schedules were entered or changed, %d removed.", queue, entered, removed)

    async def _vouch(self) -> None:
        """Say that the code which declares the schedules is still there. What can't be said now is said in a minute."""
        self._vouch_at = asyncio.get_running_loop().time() + VOUCH
        try:
            for queue in self._queues:
                if ids := self._declared.ids_of(queue):
                    await self._scripts.vouch(queue, self.worker, ids)
        except ServerError as error:
            LOG.debug("It could not be said which schedules are declared. %s", error)

    async def fire_due(self, queue: str) -> None:
        """Fire what is due in a queue now."""
        while True:
            now, wait, rows = await self._scripts.due(queue, self.worker, SLICE)
            for row in rows:
                await self._fire(queue, row, now)
            if not rows:
                self.note(queue, wait)
                return

    async def _fire(self, queue: str, row: DueSchedule, now: int) -> None:
        schedule = row.id.decode(errors="replace")
        try:
            ticks = read_when(row.when).ticks(int(float(row.due)), now, int(row.anchor))
        except (ValueError, OverflowError):
            LOG.exception("The schedule %s of %s can't be understood and is set aside for a minute.", schedule, queue)
            await self._scripts.fire(queue, row, now + SET_ASIDE, 0, [])
            return
        tasks = [(tick, task_id_of(schedule, tick)) for tick in ticks.run]
        stored = await self._scripts.fire(queue, row, ticks.next, ticks.skipped, tasks)
        if stored >= 0 and ticks.skipped:
            LOG.warning("The schedule %s of %s skipped %d times that were missed.", schedule, queue, ticks.skipped)


def warn_of_unsigned(declared: Declarations, trust: Trust | None) -> None:
    """Say at a worker's start that it would refuse what it schedules itself."""
    if trust is not None and trust.required and declared.unsigned:
        LOG.warning(
            "This worker requires signatures but signs nothing itself, so it would refuse the scheduled tasks of %s. "
            "Give its Cleo a signing key that it trusts.",
            ", ".join(declared.unsigned[:5]),
        )


def task_id_of(schedule: str, tick: int) -> str:
    """The id of a tick's task: the schedule and the time in UTC, so that no time is run twice."""
    text = datetime.fromtimestamp(tick / 1000, UTC).isoformat(timespec="milliseconds" if tick % 1000 else "seconds")
    return f"{schedule}@{text.replace('+00:00', 'Z')}"
