"""Waiting for work without polling: an idle worker blocks on the server, and always with a bound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from redis.exceptions import RedisError

from cleo_core.backend import Backend
from cleo_core.wire import Wire
from cleo_core.worker.line import Line


class Wake:
    """Blocks on the wake list of queues that had nothing, one connection a queue, and tells when to look again."""

    def __init__(self, backend: Backend, longest: float, stir: Callable[[], None]) -> None:
        self._backend = backend
        # An answer must come before the connection would be given up.
        self._longest = min(longest, backend.resolved.timeout / 2)
        self._stir = stir
        self._wires: dict[str, Wire] = {}
        self._waits: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    def watch(self, line: Line, next_due: float | None) -> None:
        """Let the line rest until there is a token, a delayed task falls due, or the bound is reached."""
        if self._closed or line.queue in self._waits:
            return
        line.ready = False
        bound = self._longest * random.uniform(0.8, 1.0)
        if next_due is not None:
            bound = min(bound, next_due + 0.002)
        self._waits[line.queue] = asyncio.create_task(
            self._wait(line, max(bound, 0.01)), name=f"cleo-wake-{line.queue}"
        )

    async def _wait(self, line: Line, seconds: float) -> None:
        wire = self._wires.get(line.queue)
        if wire is None:
            wire = self._wires[line.queue] = Wire(self._backend.resolved)
        try:
            await wire.call("BLPOP", self._backend.keys.of_queue(line.queue).wake, f"{seconds:.3f}")
        except (RedisError, OSError):
            # The call that follows meets the same trouble, tells of it and backs off.
            await asyncio.sleep(random.uniform(0.05, 0.2))
        finally:
            self._waits.pop(line.queue, None)
            line.ready = True
            self._stir()

    async def close(self) -> None:
        """Stop waiting. A token that was taken meanwhile costs others at most one bounded wait."""
        self._closed = True
        waits = list(self._waits.values())
        for wait in waits:
            wait.cancel()
        for wait in waits:
            with suppress(asyncio.CancelledError):
                await wait
        for wire in self._wires.values():
            await wire.close()
