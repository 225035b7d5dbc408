"""The tasks that a worker holds: those that run, and those that wait for a slot."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from cleo_core.errors import ServerError
from cleo_core.scripts import Claimed, Settled
from cleo_core.tasks.batch import BatchTask
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.execution import Execution
from cleo_core.worker.gathering import Gathering
from cleo_core.worker.line import Line

LOG = logging.getLogger("cleo.worker")


class Slots:
    """Runs up to ``concurrency`` tasks at once; what ended is put into its line, and ``stir`` is called.

    A task that was lost with its workers until one more loss would bury it is a suspect. Of suspects one runs at a
    time, and only after ``begin`` put it on the record, so that a task which kills its workers is told apart from
    those that merely ran beside it.

    A call of a batched handler takes one slot, whatever the number of its tasks. All of them count as held, so a worker
    doesn't claim more because of batches.
    """

    def __init__(
        self,
        execution: Execution,
        concurrency: int,
        begin: Callable[[str, Claimed], Awaitable[bool]],
        stir: Callable[[], None],
    ) -> None:
        self._execution = execution
        self._concurrency = concurrency
        self._begin = begin
        self._stir = stir
        self._queued: deque[tuple[Line, Delivery]] = deque()
        self._suspects: deque[tuple[Line, Delivery]] = deque()
        self._suspect_runs = False
        self._gathering = Gathering(concurrency, self.fill)
        self._running: set[Delivery] = set()
        self._calls = 0
        # What a task sets in its context is not seen by the one that is started when it ends.
        self._context = contextvars.copy_context()
        self._closed = False
        self.failed = 0

    @property
    def running(self) -> int:
        """How many tasks run."""
        return len(self._running)

    @property
    def held(self) -> int:
        """How many tasks run or wait for a slot."""
        return len(self._running) + len(self._queued) + len(self._suspects) + self._gathering.size

    # --- in ------------------------------------------------------------------------------------------

    def accept(self, line: Line, claimed: Claimed, group_options: bytes = b"") -> None:
        """Take a claimed task, to be run when there is a slot; ``group_options`` hold where its own say nothing."""
        delivery = Delivery(claimed, line.queue, group_options)
        before = line.held.get(claimed.id)
        if before is not None:
            self.abandon(before)  # It was taken from this worker and has come back to it under another fence.
        line.held[claimed.id] = delivery
        try:
            refused = self._execution.prepare(delivery)
        except Exception:
            # Those that were claimed with it are run; this one is taken back when its lease has run out.
            LOG.exception("Task %s could not be prepared.", delivery.id)
            del line.held[claimed.id]
            return
        if refused is not None:
            delivery.ended = True
            self.failed += 1
            line.finished.append(refused)
        elif delivery.suspect:
            self._suspects.append((line, delivery))
        elif isinstance(delivery.task, BatchTask):
            self._gathering.add(line, delivery, delivery.task)
        else:
            self._queued.append((line, delivery))

    def fill(self) -> None:
        """Start what waits, as far as there are slots."""
        if self._closed:
            return
        while self._suspects and not self._suspect_runs and self._calls < self._concurrency:
            line, delivery = self._suspects.popleft()
            self._suspect_runs = not delivery.lost
            if isinstance(delivery.task, BatchTask):
                self._start_batch(line, [delivery])
            else:
                self._start(line, delivery)
        while self._gathering.ready and self._calls < self._concurrency:
            self._start_batch(*self._gathering.ready.popleft())
        while self._queued and self._calls < self._concurrency:
            self._start(*self._queued.popleft())

    # --- running -------------------------------------------------------------------------------------

    def _start(self, line: Line, delivery: Delivery) -> None:
        if not delivery.lost:
            self._calls += 1
            self._running.add(delivery)
            delivery.runner = asyncio.get_running_loop().create_task(
                self._run(line, delivery), context=self._context.copy()
            )

    async def _run(self, line: Line, delivery: Delivery) -> None:
        delivery.entered = True
        try:
            settled = None
            if delivery.unwanted:
                settled = self._execution.stopped(delivery)
            elif not delivery.at_risk or await self._begun(line, delivery):
                settled = await self._execution.run(delivery)
        except asyncio.CancelledError:
            settled = self._execution.stopped(delivery)
        self._calls -= 1
        self._end(line, delivery, settled)
        self._go_on()

    def _start_batch(self, line: Line, deliveries: list[Delivery]) -> None:
        wanted = [delivery for delivery in deliveries if not delivery.lost]
        if not wanted:
            return
        self._calls += 1
        self._running.update(wanted)
        runner = asyncio.get_running_loop().create_task(self._run_batch(line, wanted), context=self._context.copy())
        for delivery in wanted:
            delivery.runner, delivery.mates = runner, wanted

    async def _run_batch(self, line: Line, deliveries: list[Delivery]) -> None:
        """Run many tasks by one call; each of them ends on its own."""
        begun: list[Delivery] = []
        ends: dict[Delivery, Settled | None] = {}
        for delivery in deliveries:
            delivery.entered = True
        try:
            for delivery in deliveries:
                if delivery.unwanted:
                    ends[delivery] = self._execution.stopped(delivery)
                elif not delivery.at_risk or await self._begun(line, delivery):
                    begun.append(delivery)
            if begun:
                ends.update(zip(begun, await self._execution.run_batch(begun), strict=True))
        except asyncio.CancelledError:
            ends = {delivery: self._execution.stopped(delivery) for delivery in deliveries if not delivery.ended}
        self._calls -= 1
        for delivery in deliveries:
            self._end(line, delivery, ends.get(delivery))
        self._go_on()

    def _end(self, line: Line, delivery: Delivery, settled: Settled | None) -> None:
        self._running.discard(delivery)
        if delivery.suspect:
            self._suspect_runs = False
        if settled is not None:
            if settled.outcome != "completed":
                self.failed += 1
                LOG.info(
                    "%s %s ended as %s.", delivery.claimed.name.decode(errors="replace"), delivery.id, settled.outcome
                )
            delivery.ended = True
            line.finished.append(settled)

    def _go_on(self) -> None:
        if self._queued or self._suspects or self._gathering.ready:
            self.fill()
        self._stir()

    async def _begun(self, line: Line, delivery: Delivery) -> bool:
        try:
            return await self._begin(line.queue, delivery.claimed)
        except ServerError as error:
            LOG.warning("Task %s could not be begun and is handed back. %s", delivery.id, error)
            line.finished.append(delivery.unrun("returned"))
            return False

    # --- out -----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Start nothing more; what runs goes on."""
        self._closed = True

    def abandon(self, delivery: Delivery) -> None:
        """Stop a task whose lease is lost, and forget how it ends."""
        LOG.warning("The lease on task %s was lost; what it does from now on does not count.", delivery.id)
        delivery.lost = True
        delivery.ask_to_stop()

    def cancel(self, line: Line, delivery: Delivery) -> None:
        """Stop a task because somebody asked for it; one that has not begun ends at once."""
        delivery.cancel_asked = True
        delivery.ask_to_stop()
        for waiting in (self._queued, self._suspects):
            if (line, delivery) in waiting:
                waiting.remove((line, delivery))
                line.finished.append(delivery.unrun("cancelled"))
                self._stir()
        if self._gathering.take_out(delivery):
            line.finished.append(delivery.unrun("cancelled"))
            self._stir()

    def hand_back_waiting(self) -> None:
        """Give up what has not begun, uncharged."""
        for line, delivery in [*self._queued, *self._suspects, *self._gathering.take_all()]:
            if not delivery.lost:
                line.finished.append(delivery.unrun("returned"))
        self._queued.clear()
        self._suspects.clear()

    async def interrupt(self, within: float) -> None:
        """Stop what runs and wait for it, at most ``within`` seconds; it is handed back, uncharged."""
        await asyncio.sleep(0)  # What was started a moment ago takes its first step; see ``Delivery.entered``.
        runners = {delivery.runner for delivery in self._running if delivery.runner is not None}
        if not runners:
            return
        LOG.warning("%d tasks did not end within the grace period and are handed back.", len(self._running))
        for runner in runners:
            runner.cancel()
        await asyncio.wait(runners, timeout=within)
