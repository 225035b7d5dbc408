"""Names that a command can be completed with and that no snapshot holds: groups, workers, task names.

A look-up is bounded in number and time, one runs at a time, and nothing waits for it: what is known is offered at once,
and the rest when it has come.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from cleo_core import Cleo
from cleo_core.errors import CleoError
from cleo_tui.data.understanding import understood

MOST = 50
PATIENCE = 1.0
FRESH = 5.0
KEPT = 64


class Kind(Enum):
    """What is looked up."""

    GROUPS = auto()
    WORKERS = auto()
    TASK_NAMES = auto()


@dataclass(frozen=True, slots=True)
class Ask:
    """Stands among the words of a completion for names that have to be looked up; groups are those of ``queue``."""

    kind: Kind
    queue: str = ""


class Lookups:
    """Looks names up, remembers them for a few seconds, and tells ``on_change`` when some have come."""

    def __init__(self, cleo: Cleo, on_change: Callable[[], None]) -> None:
        self._cleo = cleo
        self._on_change = on_change
        self._found: dict[tuple[Ask, str], tuple[float, Sequence[str]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._wanted: tuple[Ask, str] | None = None

    def names(self, ask: Ask, start: str) -> Sequence[str]:
        """The names that begin with ``start``, as far as they are known; those that aren't are looked up."""
        # Only groups are searched on the server; the others are few enough to be had whole.
        key = (ask, start if ask.kind is Kind.GROUPS else "")
        at, names = self._found.get(key, (float("-inf"), ()))
        if time.monotonic() - at > FRESH:
            self._look_up(key)
        return [name for name in names if name.startswith(start) and " " not in name]

    def _look_up(self, key: tuple[Ask, str]) -> None:
        if self._wanted == key and self._task is not None and not self._task.done():
            return
        self.close()
        self._wanted = key
        self._task = asyncio.get_running_loop().create_task(self._fetch(key), name="cleo-tui-names")

    async def _fetch(self, key: tuple[Ask, str]) -> None:
        ask, start = key
        names: Sequence[str] = ()
        try:
            async with asyncio.timeout(PATIENCE):
                with understood():
                    names = await self._ask(ask, start)
        except (CleoError, TimeoutError):
            # Then there is nothing to offer; what is typed is understood all the same.
            names = ()
        if len(self._found) >= KEPT:
            self._found.clear()
        self._found[key] = (time.monotonic(), names)
        self._on_change()

    async def _ask(self, ask: Ask, start: str) -> Sequence[str]:
        if ask.kind is Kind.GROUPS:
            groups = self._cleo.groups
            page = await (groups.find(ask.queue, start, limit=MOST) if start else groups.list(ask.queue, limit=MOST))
            return [group.group for group in page.items if group.group]
        workers = await self._cleo.workers.list()
        if ask.kind is Kind.WORKERS:
            return sorted(worker.id for worker in workers)
        return sorted({name for worker in workers for name in worker.tasks})

    def close(self) -> None:
        """Look nothing up any more."""
        if self._task is not None:
            self._task.cancel()
