"""Running one claimed task, from its stored form to how it ended."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from cleo_core.errors import CleoError, InvalidInput, TaskCancelled, TaskTimeout, UnknownTask
from cleo_core.fingerprints import kind_of
from cleo_core.headers import split_head
from cleo_core.scripts import Claimed, Settled
from cleo_core.settings import Limits
from cleo_core.signing import Trust
from cleo_core.tasks.batch import BatchTask
from cleo_core.tasks.context import TaskContext, running_task
from cleo_core.tasks.options import read_head
from cleo_core.tasks.registry import AnyTask, Registry
from cleo_core.tasks.signature import check_payload, explain
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.processes import ProcessAnswer, Processes, RemoteError, call_by_name, place_of
from cleo_core.worker.texts import clean, message_of, trace_of

LOG = logging.getLogger("cleo.worker")


class Refused(CleoError):
    """A message that can't be run by this worker, whatever it holds."""


class Execution:
    """Decodes, calls and judges. What it gives back is ready to be settled; it never raises."""

    def __init__(
        self,
        registry: Registry,
        limits: Limits,
        worker_id: str,
        threads: int,
        say: Callable[[Delivery, float, str, str | None], None],
    ) -> None:
        self._registry = registry
        self._limits = limits
        self._worker_id = worker_id
        self._say = say
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="cleo-task")
        self._processes = Processes(os.cpu_count() or 1)
        # One waits here for a thread or a process, not in the executor's queue: there its clock would run already.
        self._free = {"thread": asyncio.Semaphore(threads), "process": asyncio.Semaphore(self._processes.size)}
        # Whose tasks may run; None: nobody asks.
        self.trust: Trust | None = None
        self._names: dict[bytes, AnyTask] = {}

    def prepare(self, delivery: Delivery) -> Settled | None:
        """Read the message; returns its end at once if it can't be run here."""
        claimed = delivery.claimed
        try:
            if self.trust is not None:
                why = self.trust.refusal(
                    claimed.id, claimed.name, delivery.queue, claimed.group, claimed.arguments, claimed.head
                )
                if why:
                    return self._refuse(claimed, why)
            task = self._task_of(claimed)
            delivery.task = task
            delivery.options = read_head(claimed.head, delivery.group_options)
            delivery.arguments = task.signature.decode(claimed.arguments)
            if task.signature.takes_context:
                delivery.context = self._context_of(delivery, task)
        except ValidationError as error:
            return self._refuse(claimed, self._why(claimed, error))
        except UnknownTask as error:
            return self._refuse(claimed, str(error))
        except Exception as error:
            return self._refuse(claimed, f"It can't be read: {type(error).__name__}: {message_of(error)}")
        return None

    async def run(self, delivery: Delivery) -> Settled | None:
        """Run a prepared delivery; None if its lease was lost, because then nothing of it counts."""
        task, options = delivery.task, delivery.options
        assert task is not None
        assert options is not None
        running_task.set((delivery.queue, delivery.claimed.group.decode(errors="replace"), delivery.id))
        try:
            if task.is_async:
                delivery.began = time.perf_counter_ns()
            if task.is_async and options.timeout is None:
                result = await task.invoke(delivery.arguments or {}, delivery.context)
            elif task.is_async:
                call = task.invoke(delivery.arguments or {}, delivery.context)
                result = await self._bounded(task, call, options.timeout)
            else:
                result = await self._elsewhere(task, [delivery], options.timeout)
            value = b"null" if result is None else self._encode(task, result)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and self._was_told_to_stop(delivery):
                return self.stopped(delivery)
            return self._failed(delivery, error)
        return self._completed(delivery, value)

    async def run_batch(self, deliveries: Sequence[Delivery]) -> list[Settled | None]:
        """Run prepared deliveries of one batched handler by one call; how each of them ended."""
        first = deliveries[0]
        task = first.task
        assert isinstance(task, BatchTask)
        assert first.options is not None
        try:
            if task.is_async:
                _begin(deliveries)
                answer = await self._bounded(task, _batch_call(task, deliveries), first.options.timeout)
            else:
                answer = await self._elsewhere(task, deliveries, first.options.timeout)
            results = task.spread(answer, len(deliveries))
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and all(map(self._was_told_to_stop, deliveries)):
                return [self.stopped(delivery) for delivery in deliveries]
            return [self._failed(delivery, error) for delivery in deliveries]
        return [self._judged(task, delivery, result) for delivery, result in zip(deliveries, results, strict=True)]

    def _judged(self, task: AnyTask, delivery: Delivery, result: object) -> Settled | None:
        """The end of one task of a batch, by what the handler returned for it."""
        if delivery.lost:
            return None
        if isinstance(result, BaseException):
            return self._failed(delivery, result)
        try:
            value = b"null" if result is None else self._encode(task, result)
        except Refused as error:
            return self._failed(delivery, error)
        return self._completed(delivery, value)

    # --- calling -------------------------------------------------------------------------------------

    async def _bounded(self, task: AnyTask, call: Awaitable[Any], timeout: float | None) -> Any:
        scope = asyncio.timeout(timeout)
        try:
            async with scope:
                return await call
        except TimeoutError:
            if scope.expired():
                raise TaskTimeout(f"{task.name} ran longer than its timeout of {timeout:g} s.") from None
            raise

    async def _elsewhere(self, task: AnyTask, deliveries: Sequence[Delivery], timeout: float | None) -> Any:
        """Run a plain function in a thread or process when one is free; its clock starts then.

        It can't be stopped, so its slot is held until it returns.
        """
        async with self._free[task.executor]:
            if all(delivery.unwanted for delivery in deliveries):
                raise asyncio.CancelledError
            _begin(deliveries)
            future = self._submit(task, deliveries)
            done, _ = await asyncio.wait([future], timeout=timeout)
            if done:
                return self._unpack(task, future)
            for delivery in deliveries:
                if delivery.context is not None:
                    delivery.context.mark_cancelled()
            LOG.warning("%s %s outlived its timeout; its thread is held until it returns.", task.name, deliveries[0].id)
            await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise TaskTimeout(
            f"{task.name} ran longer than its timeout of {timeout:g} s, and could not be stopped before its end."
        )

    def _unpack(self, task: AnyTask, future: asyncio.Future[Any]) -> Any:
        """What the function gave or raised; from a process it comes as text, because not every error can be sent."""
        if task.executor == "thread":
            return future.result()
        try:
            answer = cast("ProcessAnswer", future.result())
        except BrokenProcessPool:
            raise RemoteError("WorkerProcessDied", "The process that ran the task died.", "") from None
        if answer.error_type:
            raise RemoteError(answer.error_type, answer.message, answer.traceback)
        return from_json(answer.value)

    def _submit(self, task: AnyTask, deliveries: Sequence[Delivery]) -> asyncio.Future[Any]:
        if task.executor == "process":
            arguments = deliveries[0].claimed.arguments
            return self._processes.submit(
                partial(call_by_name, *place_of(task), arguments, self._limits.traceback_chars)
            )
        call = partial(_call_in_thread, contextvars.copy_context(), task, deliveries)
        return asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _encode(self, task: AnyTask, result: Any) -> bytes:
        try:
            data = to_json(result, inf_nan_mode="constants")
            check_payload(data, f"The result of {task.name!r}", self._limits.payload_bytes)
        except (PydanticSerializationError, InvalidInput) as error:
            raise Refused(f"The task ran, but its result can't be kept: {error}") from error
        return data

    # --- judging -------------------------------------------------------------------------------------

    def _was_told_to_stop(self, delivery: Delivery) -> bool:
        """Whether the worker cancelled the task; a task may also raise ``CancelledError`` itself, and then it
        failed.
        """
        told = delivery.runner is not None and delivery.runner.cancelling() > 0
        return told or delivery.lost or delivery.cancel_asked

    def _settled(self, delivery: Delivery, outcome: str, value: bytes, number: int) -> Settled:
        claimed = delivery.claimed
        run_us = (time.perf_counter_ns() - delivery.began) // 1000 if delivery.began else 0
        return Settled(claimed.id, claimed.receipt, claimed.group, outcome, run_us, value, number)

    def _completed(self, delivery: Delivery, value: bytes) -> Settled:
        assert delivery.options is not None
        retention = delivery.options.retention
        kept = self._limits.retention if retention is None else retention
        return self._settled(delivery, "completed", value, kept)

    def stopped(self, delivery: Delivery) -> Settled | None:
        """The end of a task that was cancelled from outside; None if its lease is lost."""
        if delivery.lost:
            return None
        if delivery.cancel_asked:
            return self._settled(delivery, "cancelled", b"", 0)
        return self._settled(delivery, "returned", b"", 0)

    def _failed(self, delivery: Delivery, error: BaseException) -> Settled | None:
        delivery.error = error
        if delivery.lost:
            return None
        if delivery.cancel_asked and isinstance(error, TaskCancelled):
            return self._settled(delivery, "cancelled", b"", 0)
        options = delivery.options
        assert options is not None
        outcome = (
            "refused" if isinstance(error, Refused) else "timed_out" if isinstance(error, TaskTimeout) else "failed"
        )
        value = error.described(outcome) if isinstance(error, RemoteError) else self._describe(error, outcome)
        failures = delivery.claimed.tries + 1
        if outcome == "refused" or failures > options.max_retries:
            return self._settled(delivery, "dead", value, 0)
        return self._settled(delivery, "retry", value, round(options.backoff.delay(failures) * 1000))

    def _describe(self, error: BaseException, outcome: str) -> bytes:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals.get("__name__", "").startswith("cleo_core."):
            trace = trace.tb_next
        kept = trace_of(error, trace)[-self._limits.traceback_chars :] if self._limits.traceback_chars else ""
        name, message = type(error).__name__, message_of(error)
        return to_json([name, message, clean(kept), outcome, *kind_of(name, message)])

    def _refuse(self, claimed: Claimed, why: str) -> Settled:
        LOG.error(
            "%s %s can't be run here and goes to the dead letters. %s",
            claimed.name.decode(errors="replace"),
            claimed.id.decode(errors="replace"),
            why,
        )
        text = clean(why)[:2000]
        value = to_json(["Refused", text, "", "refused", *kind_of("Refused", text)])
        return Settled(claimed.id, claimed.receipt, claimed.group, "dead", 0, value, 0)

    def _why(self, claimed: Claimed, error: ValidationError) -> str:
        try:
            version = cast("dict[str, Any]", from_json(claimed.head)).get("v")
        except (ValueError, AttributeError):
            return "Its head is no JSON object, so it was not written by Cleo."
        if version != 1:
            return f"It has version {version!r} of the format; this worker knows version 1. Upgrade the worker."
        name = claimed.name.decode(errors="replace")
        return f"Its arguments don't fit the task {name!r} as this worker knows it: {explain(error)}"

    def _task_of(self, claimed: Claimed) -> AnyTask:
        task = self._names.get(claimed.name)
        if task is None:
            task = self._names[claimed.name] = self._registry.get(claimed.name.decode(errors="replace"))
        return task

    def _context_of(self, delivery: Delivery, task: AnyTask) -> TaskContext:
        claimed = delivery.claimed
        return TaskContext(
            task_id=delivery.id,
            name=task.name,
            queue=delivery.queue,
            group=claimed.group.decode(),
            worker=self._worker_id,
            attempt=claimed.tries + 1,
            say=partial(self._say, delivery),
            headers=split_head(claimed.head)[1],
        )

    def close(self) -> None:
        """Let the threads and processes go; those that still run are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._processes.close()


def _begin(deliveries: Sequence[Delivery]) -> None:
    now = time.perf_counter_ns()
    for delivery in deliveries:
        delivery.began = now


def _batch_call(task: BatchTask, deliveries: Sequence[Delivery]) -> Any:
    contexts = [delivery.context for delivery in deliveries if delivery.context is not None]
    return task.invoke_many([delivery.arguments or {} for delivery in deliveries], contexts)


def _call_in_thread(context: contextvars.Context, task: AnyTask, deliveries: Sequence[Delivery]) -> Any:
    try:
        if isinstance(task, BatchTask):
            return context.run(_batch_call, task, deliveries)
        return context.run(task.invoke, deliveries[0].arguments or {}, deliveries[0].context)
    except StopIteration as error:
        # A future can't hold it: the loop would wait for ever.
        raise RuntimeError(f"{task.name} raised StopIteration") from error
