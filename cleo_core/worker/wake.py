"""Waiting for work without polling: an idle worker blocks on the server, and always with a bound."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
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
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closed = False
        self._silent = False
        self._ending: set[asyncio.Task[None]] = set()

    def watch(self, line: Line, next_due: float | None) -> None:
        """Let the line rest until there is a token, ``next_due`` seconds are over, or the bound is reached.

        What is due has a timer here: the server looks at the time of its waits only ten times a second. The wait itself
        goes on meanwhile and serves the next rest too.
        """
        if self._closed or self._silent:
            return
        line.ready = False
        if next_due is not None:
            timer = asyncio.get_running_loop().call_later(next_due + 0.001, self._end_rest, line)
            self._end_timer(line.queue)
            self._timers[line.queue] = timer
        if line.queue not in self._waits:
            bound = max(self._longest * random.uniform(0.8, 1.0), 0.01)
            self._waits[line.queue] = asyncio.create_task(self._wait(line, bound), name=f"cleo-wake-{line.queue}")

    def silence(self, lines: Sequence[Line], *, silent: bool) -> None:
        """Wait no more for tokens that others could use, or begin to look again."""
        self._silent = silent
        if silent:
            for queue in list(self._timers):
                self._end_timer(queue)
            for wait in self._waits.values():
                self._ending.add(wait)
                wait.add_done_callback(self._ending.discard)
                wait.cancel()
            self._waits.clear()
        for line in lines:
            line.ready = True

    def _end_rest(self, line: Line) -> None:
        self._end_timer(line.queue)
        line.ready = True
        self._stir()

    def _end_timer(self, queue: str) -> None:
        timer = self._timers.pop(queue, None)
        if timer is not None:
            timer.cancel()

    async def _wait(self, line: Line, seconds: float) -> None:
        wire = self._wires.get(line.queue)
        if wire is None:
            wire = self._wires[line.queue] = Wire(self._backend.resolved)
        try:
            await wire.call("BLPOP", self._backend.keys.of_queue(line.queue).wake, f"{seconds:.3f}")
        except (RedisError, OSError):
            # The call that follows meets the same trouble, tells of it and backs off.
            await asyncio.sleep(random.uniform(0.05, 0.2))
        except asyncio.CancelledError:
            # The server still waits on this connection and would give it a token.
            if self._wires.get(line.queue) is wire:
                del self._wires[line.queue]
            await wire.close()
            raise
        finally:
            if self._waits.get(line.queue) is asyncio.current_task():
                del self._waits[line.queue]
                self._end_rest(line)

    async def close(self) -> None:
        """Stop waiting. A token that was taken meanwhile costs others at most one bounded wait."""
        self._closed = True
        for queue in list(self._timers):
            self._end_timer(queue)
        waits = [*self._waits.values(), *self._ending]
        for wait in waits:
            wait.cancel()
        for wait in waits:
            with suppress(asyncio.CancelledError):
                await wait
        for wire in list(self._wires.values()):
            await wire.close()
