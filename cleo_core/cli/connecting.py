"""From the options of a command to its ``Cleo``, and from its errors to its exit code."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cleo_core.cli.exits import ExitCode, NotThere, code_of
from cleo_core.cli.output import Output
from cleo_core.errors import CleoError

if TYPE_CHECKING:
    from cleo_core.app import Cleo

URL_VARIABLE = "CLEO_REDIS_URL"
NAMESPACE_VARIABLE = "CLEO_NAMESPACE"
DEFAULT_URL = "redis://localhost:6379/0"
DEFAULT_NAMESPACE = "cleo"
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """Which server and which namespace the command line names, if it names any."""

    url: str | None = None
    namespace: str | None = None

    def or_else(self, other: Place) -> Place:
        """What is not named here is as the other has it."""
        return Place(self.url or other.url, self.namespace or other.namespace)

    @classmethod
    def of_environment(cls) -> Place:
        """What the environment says, or else the defaults."""
        return cls(os.environ.get(URL_VARIABLE) or DEFAULT_URL, os.environ.get(NAMESPACE_VARIABLE) or DEFAULT_NAMESPACE)

    def cleo(self) -> Cleo:
        """A ``Cleo`` for it. The engine is imported only now, because that takes longer than all else."""
        from cleo_core.app import Cleo  # noqa: PLC0415

        whole = self.or_else(Place.of_environment())
        return Cleo(whole.url, namespace=whole.namespace or DEFAULT_NAMESPACE)


@dataclass(frozen=True, slots=True)
class Run:
    """What a command works with: the ``Cleo``, and where to write."""

    cleo: Cleo
    out: Output

    async def known_queue(self, queue: str, *, new: bool = False) -> str:
        """The queue's name, if there is such a queue or it may be a new one.

        Raises:
            NotThere: there is none; the message names those that are like it.
        """
        if new or await self.cleo.queues.exists(queue):
            return queue
        raise NotThere(await self._no_queue(queue))

    async def _no_queue(self, queue: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415

        where = f"There is no queue {queue!r} in the namespace {self.cleo.namespace!r} on {self.cleo.address}."
        names = await self.cleo.queues.names()
        if not names:
            return f"{where} It has no queues at all; check --url and --namespace."
        if near := get_close_matches(queue, names, 3):
            return f"{where} Did you mean {' or '.join(near)}?"
        return f"{where} `cleo queues list` shows those that there are."


def run_command(
    place: Place, output: Output, function: Callable[..., Awaitable[None]], arguments: dict[str, Any]
) -> ExitCode:
    """Run a command's coroutine to its end; errors become a sentence on standard error and an exit code."""

    async def whole() -> None:
        _end_on_interrupt()
        async with place.cleo() as cleo:
            await function(Run(cleo, output), **arguments)

    try:
        asyncio.run(whole())
        sys.stdout.flush()
    except CleoError as error:
        return complain(error)
    except BrokenPipeError:
        return leave_quietly()
    except asyncio.CancelledError:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _end_on_interrupt() -> None:
    """Let Ctrl-C cancel what runs; if that doesn't end it soon, end the process."""
    loop, running = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if running is not None:
            running.cancel()
        loop.call_later(PATIENCE, os._exit, ExitCode.INTERRUPTED)

    # Outside of the main thread signals are somebody else's.
    with suppress(ValueError, RuntimeError):
        loop.add_signal_handler(signal.SIGINT, interrupt)


def complain(error: CleoError) -> ExitCode:
    """Say what was wrong; returns the exit code."""
    try:
        sys.stdout.flush()
        sys.stderr.write(f"cleo: {error}\n")
    except BrokenPipeError:
        leave_quietly()
    return code_of(error)


def leave_quietly() -> ExitCode:
    """Whoever read the output is gone, as in ``cleo ... | head``: nothing more is written, nor complained of."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    return ExitCode.BROKEN_PIPE
