"""Running tasks with middleware around them. A worker without middleware uses ``Execution`` itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from cleo_core.errors import WorkerLost
from cleo_core.headers import split_head
from cleo_core.middleware import Hooks, RunEnd, TaskRun, Verdict
from cleo_core.records import read_line
from cleo_core.scripts import Poisoned, Settled
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.execution import Execution, Refused
from cleo_core.worker.line import Line

LOG = logging.getLogger("cleo.middleware")
VERDICTS = {
    "completed": Verdict.COMPLETED,
    "retry": Verdict.RETRIED,
    "dead": Verdict.DEAD,
    "cancelled": Verdict.CANCELLED,
    "returned": Verdict.RETURNED,
}


class HookedExecution(Execution):
    """An ``Execution`` that calls middleware before and after each run. None of it can lose a task."""

    def __init__(self, hooks: Hooks, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._hooks = hooks

    def prepare(self, delivery: Delivery) -> Settled | None:
        """As ``Execution.prepare``; what can't be run is told as a dead letter when the server has taken it."""
        refused = super().prepare(delivery)
        if refused is not None:
            delivery.run = self._run_of(delivery)
            delivery.end = RunEnd(Verdict.DEAD, 0.0, Refused("It can't be run here; see its dead letter."))
        return refused

    async def run(self, delivery: Delivery) -> Settled | None:
        """As ``Execution.run``, with middleware around it."""
        if not await self._before(delivery, 1, 0):
            settled = self._refused(delivery)
        else:
            settled = await super().run(delivery)
        await self._after(delivery, settled)
        return settled

    async def run_batch(self, deliveries: Sequence[Delivery]) -> list[Settled | None]:
        """As ``Execution.run_batch``, with middleware around each task; one that it refuses is not in the call."""
        size = len(deliveries)
        ran = [one for place, one in enumerate(deliveries) if await self._before(one, size, place)]
        runner = deliveries[0].runner
        if runner is not None and runner.cancelling():
            ends = {one: self.stopped(one) for one in ran}
        else:
            ends = dict(zip(ran, await super().run_batch(ran), strict=True)) if ran else {}
        for delivery in reversed(deliveries):
            if delivery not in ends:
                ends[delivery] = self._refused(delivery)
            await self._after(delivery, ends[delivery])
        return [ends[delivery] for delivery in deliveries]

    async def _before(self, delivery: Delivery, size: int, place: int) -> bool:
        run = delivery.run = self._run_of(delivery, size, place)
        try:
            await self._hooks.before_run(run)
        except (asyncio.CancelledError, Exception) as error:
            delivery.error = error
            return False
        return True

    def _refused(self, delivery: Delivery) -> Settled | None:
        """The end of an attempt that a middleware refused, or that was stopped while it was asked."""
        error = delivery.error
        assert error is not None
        if isinstance(error, asyncio.CancelledError) and self._was_told_to_stop(delivery):
            return self.stopped(delivery)
        return self._failed(delivery, error)

    async def _after(self, delivery: Delivery, settled: Settled | None) -> None:
        run = delivery.run
        assert run is not None
        end = delivery.end = _end_of(delivery, settled)
        try:
            await self._hooks.after_run(run, end)
        except asyncio.CancelledError:
            LOG.warning("What follows the run of %s was cut short; its result stands.", run.id)

    def _run_of(self, delivery: Delivery, size: int = 1, place: int = 0) -> TaskRun:
        claimed = delivery.claimed
        return TaskRun(
            id=delivery.id,
            name=claimed.name.decode(errors="replace"),
            queue=delivery.queue,
            group=claimed.group.decode(errors="replace"),
            worker=self._worker_id,
            attempt=claimed.tries + 1,
            wait=read_line(claimed.receipt + b"]")[6] / 1000,
            headers=split_head(claimed.head)[1],
            arguments=delivery.arguments or {},
            batch_size=size,
            batch_place=place,
        )


def _end_of(delivery: Delivery, settled: Settled | None) -> RunEnd:
    if settled is None:
        return RunEnd(Verdict.LOST, 0.0, delivery.error)
    verdict = VERDICTS[settled.outcome]
    retry_in = settled.number / 1000 if verdict is Verdict.RETRIED else None
    error = delivery.error if verdict in {Verdict.RETRIED, Verdict.DEAD} else None
    return RunEnd(verdict, settled.run_us / 1e6, error, retry_in)


def _lost_run(queue: str, task: Poisoned) -> TaskRun:
    """The last attempt at a task, in the worker that was lost with it."""
    task_id, name, group, _, attempt, worker, wait = read_line(task.receipt + b"]")
    return TaskRun(
        id=task_id,
        name=name,
        queue=queue,
        group=group,
        worker=worker,
        attempt=attempt,
        wait=wait / 1000,
        headers=split_head(task.head)[1],
        arguments={},
    )


def execution_with(hooks: Hooks, *arguments: Any) -> Execution:
    """How a worker runs its tasks: with middleware around them if there is any, else as if there were no such thing."""
    return HookedExecution(hooks, *arguments) if hooks else Execution(*arguments)


class Told:
    """Tells middleware of retries and dead letters that the server has taken, beside the worker's own work."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, line: Line, settled: Sequence[Settled], stale: Sequence[bytes]) -> None:
        """Tell of those among the settled, while the line still holds them; ``stale`` are those that were refused."""
        for task in settled:
            delivery = line.held.get(task.id)
            if task.id in stale or delivery is None or delivery.claimed.receipt != task.receipt:
                continue
            run, end = delivery.run, delivery.end
            if run is not None and end is not None and end.verdict in {Verdict.RETRIED, Verdict.DEAD}:
                self._tell(run, end)

    def tell_poison(self, queue: str, poisoned: Sequence[Poisoned]) -> None:
        """Tell of tasks that a sweep of this worker quarantined, if there is middleware."""
        if not self._hooks:
            return
        for task in poisoned:
            error = WorkerLost(task.reason.decode(errors="replace"))
            self._tell(_lost_run(queue, task), RunEnd(Verdict.DEAD, 0.0, error))

    def _tell(self, run: TaskRun, end: RunEnd) -> None:
        telling = asyncio.create_task(self._hooks.settled(run, end), name="cleo-middleware")
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def finish(self, within: float) -> None:
        """Wait for what is being told, at most ``within`` seconds."""
        if self._telling:
            _, late = await asyncio.wait(self._telling, timeout=within)
            for telling in late:
                LOG.warning("Middleware took longer than %.0f s at the worker's end and was cut short.", within)
                telling.cancel()
