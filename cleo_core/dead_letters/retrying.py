"""Retries of many dead letters: in slices, carried on by whoever holds the run, kept on the server."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from math import isfinite
from typing import Any, NamedTuple

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.dead_letters.filters import Wanted
from cleo_core.errors import InvalidOption, RetryNotFound, WrongState
from cleo_core.models import RetryRun, RetryState, StopReason
from cleo_core.names import check_name

LOOK = 1_000
SLICE = 250
MAX_FIRST = 1_000
MAX_RATE = 10_000.0
_ID = re.compile(r"[0-9a-f]{12}")


class Stage(NamedTuple):
    """How carefully: how many first, how many a second then, and at which failure rate to stop."""

    first: int
    rate: float
    threshold: float

    @classmethod
    def checked(cls, first: int, rate: float, threshold: float) -> Stage:
        """A stage of what a caller gave.

        Raises:
            InvalidOption: a number out of its range.
        """
        if not 1 <= first <= MAX_FIRST:
            raise InvalidOption(f"A staged retry begins with 1 to {MAX_FIRST:,} letters, not {first!r}.")
        if not (isfinite(rate) and 0 < rate <= MAX_RATE):
            raise InvalidOption(f"The rate is more than 0 and at most {MAX_RATE:,.0f} letters a second, not {rate!r}.")
        if not 0 < threshold <= 1:
            raise InvalidOption(f"The failure rate at which to stop is more than 0 and at most 1, not {threshold!r}.")
        return cls(first, rate, threshold)


class Retrying:
    """A retry of many dead letters. ``await`` it for its end, or iterate over its steps; each gives a ``RetryRun``.

    Whoever stops iterating leaves the run on the server as it is; ``dead_letters.resume_retry`` carries it on.
    """

    def __init__(self, backend: Backend, queue: str, begin: Callable[[], Awaitable[RetryRun]]) -> None:
        self._backend = backend
        self._queue = queue
        self._begin = begin

    def __await__(self) -> Generator[Any, None, RetryRun]:
        """Carry the run on to its end and give the last report."""
        return self._finish().__await__()

    def __aiter__(self) -> AsyncIterator[RetryRun]:
        """Carry the run on step by step. The first report comes before the first step."""
        return self._steps()

    async def _finish(self) -> RetryRun:
        last = await self._begin()
        async for step in self._steps_of(last):
            last = step
        return last

    async def _steps(self) -> AsyncIterator[RetryRun]:
        run = await self._begin()
        yield run
        async for step in self._steps_of(run):
            yield step

    async def _steps_of(self, run: RetryRun) -> AsyncIterator[RetryRun]:
        while run.state is RetryState.RUNNING:
            scripts = await self._backend.scripts()
            answer = await scripts.retry_step(self._queue, self._backend.actor, run.id, LOOK, SLICE)
            if answer is None:
                raise _gone(self._queue, run.id)
            now, told, pause = answer
            run = _run_of(self._queue, now, told)
            yield run
            if run.state is RetryState.RUNNING:
                await asyncio.sleep(pause)


class Retries:
    """The retries of many dead letters of each queue."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def start(self, queue: str, wanted: Wanted, stage: Stage | None) -> Retrying:
        """A run that begins when it is awaited or iterated over."""
        check_name("queue", queue)

        async def begin() -> RetryRun:
            scripts = await self._backend.scripts()
            said = {**wanted.rest, **({"fingerprint": wanted.fingerprint} if wanted.fingerprint else {})}
            now, told = await scripts.begin_retry(
                queue,
                self._backend.actor,
                uuid.uuid4().hex[:12],
                wanted.fingerprint,
                wanted.written,
                json.dumps(said, ensure_ascii=False),
                stage,
            )
            return _run_of(queue, now, told)

        return Retrying(self._backend, queue, begin)

    def resume(self, queue: str, run: str) -> Retrying:
        """A run that was stopped, or whose process died, carried on."""
        check_name("queue", queue)

        async def begin() -> RetryRun:
            resumed = await self._steer(queue, run, "resume")
            if resumed.state is RetryState.DONE:
                raise WrongState(f"The retry {run} of {queue} is done: it retried {resumed.retried:,} letters.")
            return resumed

        return Retrying(self._backend, queue, begin)

    async def stop(self, queue: str, run: str) -> RetryRun:
        """Stop a run before its next step, wherever it is carried on."""
        return await self._steer(check_name("queue", queue), run, "stop")

    async def list(self, queue: str, limit: int) -> list[RetryRun]:
        """The runs of a queue, those that went on last first."""
        scripts = await self._backend.scripts()
        now, runs = await scripts.retries(check_name("queue", queue), limit)
        return [_run_of(queue, now, told) for told in runs]

    async def _steer(self, queue: str, run: str, action: str) -> RetryRun:
        if not _ID.fullmatch(run):
            raise _gone(queue, run)
        scripts = await self._backend.scripts()
        answer = await scripts.steer_retry(queue, self._backend.actor, run, action)
        if answer is None:
            raise _gone(queue, run)
        return _run_of(queue, *answer)


def _gone(queue: str, run: str) -> RetryNotFound:
    return RetryNotFound(
        f"There is no retry {run!r:.40} of {queue}. It is kept for a week after its last step; "
        "dead_letters.retries() lists those that there are."
    )


def _run_of(queue: str, now_ms: int, told: list[Any]) -> RetryRun:
    run_id, values, unjudged = told
    state, why, _, _, first, rate, threshold, total, looked, retried, good, bad, recent, started, step, by = (
        value.decode(errors="replace") for value in values[:16]
    )
    return RetryRun(
        id=run_id.decode(),
        queue=queue,
        state=RetryState(state),
        stopped_by=StopReason(why) if state == "stopped" else None,
        total=int(total),
        looked=int(looked),
        retried=int(retried),
        succeeded=int(good),
        failed=int(bad),
        unjudged=unjudged,
        failure_rate=recent.count("0") / len(recent) if recent else None,
        first=int(first) if first else None,
        rate=float(rate) if rate else None,
        stop_at_failure_rate=float(threshold) if threshold else None,
        started_at=int(started) / 1000,
        at=now_ms / 1000,
        idle=max(0.0, (now_ms - int(step)) / 1000),
        by=from_json(by).get("os", ""),
    )
