"""Retries in stages that this console carries on, whatever is on screen, until they end or it lets go of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from cleo_core import Cleo
from cleo_core.errors import CleoError, ServerError
from cleo_core.models import RetryRun, RetryState
from cleo_tui.data.understanding import understood

PAUSE = 2.0
LOOK = 100


class Carrying:
    """The runs in hand. ``tell`` is given a sentence when one has stopped by itself or can't be carried on.

    A run whose carrier ends stays on the server as it is, to be carried on by anybody.
    """

    def __init__(self, cleo: Cleo, tell: Callable[[str], None], on_change: Callable[[], None]) -> None:
        self._cleo = cleo
        self._tell = tell
        self._on_change = on_change
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def carry(self, run: RetryRun, steps: AsyncIterator[RetryRun]) -> None:
        """Carry on a run that has begun."""
        if before := self._tasks.get(run.id):
            before.cancel()
        work = asyncio.get_running_loop().create_task(self._carry(run, steps), name="cleo-tui-carry")
        self._tasks[run.id] = work

    def carries(self, run_id: str) -> bool:
        """Whether this console carries the run on."""
        task = self._tasks.get(run_id)
        return task is not None and not task.done()

    def close(self) -> None:
        """Let go of all of them."""
        for task in self._tasks.values():
            task.cancel()

    async def _carry(self, begun: RetryRun, steps: AsyncIterator[RetryRun]) -> None:
        run = begun
        going: AsyncIterator[RetryRun] | None = steps
        try:
            while going is not None:
                try:
                    with understood():
                        async for step in going:
                            run = step
                            self._on_change()
                    going = None
                except ServerError:
                    await asyncio.sleep(PAUSE)
                    going = await self._again(run)
        except CleoError as error:
            self._tell(f"The retry of {run.queue} is not carried on here: {error}")
            return
        if run.state is RetryState.STOPPED and run.stopped_by == "failures":
            self._tell(f"The retry of {run.queue} stopped by itself: too many of the letters fail again.")

    async def _again(self, run: RetryRun) -> AsyncIterator[RetryRun] | None:
        """Take the run up again after the server was away, unless somebody has stopped it meanwhile."""
        while True:
            try:
                known = await self._cleo.dead_letters.retries(run.queue, limit=LOOK)
            except ServerError:
                await asyncio.sleep(PAUSE)
                continue
            now = next((one for one in known if one.id == run.id), None)
            if now is None or now.state is not RetryState.RUNNING:
                return None
            return aiter(self._cleo.dead_letters.resume_retry(run.queue, run.id))
