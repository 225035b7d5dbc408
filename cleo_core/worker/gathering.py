"""Tasks of batched handlers that wait for others of their kind."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from cleo_core.tasks.batch import BatchTask
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.line import Line

LOG = logging.getLogger("cleo.worker")
Kind = tuple[str, str, float | None]


@dataclass(slots=True, eq=False)
class _Group:
    line: Line
    timer: asyncio.TimerHandle
    deliveries: list[Delivery] = field(default_factory=list[Delivery])


class Gathering:
    """Gathers tasks of the same queue, name and timeout until there are enough, or the first has waited its time.

    A batch never has more tasks than the worker runs at once (``concurrency``), because no more would come. A task for
    which a failure would be the last of several runs alone: so it is not buried for what its neighbours did.
    """

    def __init__(self, concurrency: int, stir: Callable[[], None]) -> None:
        self._concurrency = concurrency
        self._stir = stir
        self._groups: dict[Kind, _Group] = {}
        self._warned: set[str] = set()
        self.ready: deque[tuple[Line, list[Delivery]]] = deque()

    @property
    def size(self) -> int:
        """How many tasks wait here, for others or for a slot."""
        gathered = sum(len(group.deliveries) for group in self._groups.values())
        return gathered + sum(len(deliveries) for _, deliveries in self.ready)

    def add(self, line: Line, delivery: Delivery, task: BatchTask) -> None:
        """Let a task wait for others; those that are enough stand in ``ready``."""
        assert delivery.options is not None
        if 0 < delivery.claimed.tries >= delivery.options.max_retries:
            self.ready.append((line, [delivery]))
            return
        kind = (line.queue, task.name, delivery.options.timeout)
        group = self._groups.get(kind)
        if group is None:
            timer = asyncio.get_running_loop().call_later(task.batching.wait, self._time_is_up, kind)
            group = self._groups[kind] = _Group(line, timer)
        group.deliveries.append(delivery)
        if len(group.deliveries) >= self._most(task):
            self._release(kind)

    def _most(self, task: BatchTask) -> int:
        if task.batching.size > self._concurrency and task.name not in self._warned:
            self._warned.add(task.name)
            LOG.warning(
                "%s has batches of %d, but this worker runs %d tasks at once, so they are no larger than that. "
                "Raise its concurrency.", task.name, task.batching.size, self._concurrency
            )  # fmt: skip
        return min(task.batching.size, self._concurrency)

    def _release(self, kind: Kind) -> None:
        group = self._groups.pop(kind)
        group.timer.cancel()
        self.ready.append((group.line, group.deliveries))

    def _time_is_up(self, kind: Kind) -> None:
        self._release(kind)
        self._stir()

    def take_out(self, delivery: Delivery) -> bool:
        """Let a task wait no more; whether it did."""
        for kind, group in self._groups.items():
            if delivery in group.deliveries:
                group.deliveries.remove(delivery)
                if not group.deliveries:
                    group.timer.cancel()
                    del self._groups[kind]
                return True
        for waiting in self.ready:
            if delivery in waiting[1]:
                waiting[1].remove(delivery)
                return True
        return False

    def take_all(self) -> list[tuple[Line, Delivery]]:
        """Let nothing wait any more."""
        for kind in list(self._groups):
            self._release(kind)
        taken = [(line, delivery) for line, deliveries in self.ready for delivery in deliveries]
        self.ready.clear()
        return taken
