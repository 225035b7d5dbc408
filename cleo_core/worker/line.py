"""One queue as a worker sees it: what it holds of it, what is finished, and whether there may be more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from cleo_core.errors import InvalidOption
from cleo_core.names import check_name
from cleo_core.scripts import Settled
from cleo_core.worker.delivery import Delivery

# What one call carries at most: of results, and of bytes that they have; a larger one goes alone.
MAX_SETTLED = 1_000
MAX_BYTES = 2_097_152


@dataclass(slots=True, eq=False)
class Line:
    """A served queue. ``held`` is read by the heartbeat's thread too, and only ever copied there in one step.

    ``adrift`` says that the answer to a call was lost: what it claimed is leased to this worker, which doesn't know
    of it.
    """

    queue: str
    weight: int = 1
    held: dict[bytes, Delivery] = field(default_factory=dict[bytes, Delivery])
    finished: list[Settled] = field(default_factory=list[Settled])
    ready: bool = True
    adrift: bool = False
    calling: int = 0
    virtual_time: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Line:
        """A line from ``name`` or ``name:weight``, as the command line has it.

        Raises:
            InvalidName: the name can't be a queue's.
            InvalidOption: the weight is not from 1 to 1000.
        """
        name, colon, weight = text.rpartition(":")
        if not colon or not (weight.isascii() and weight.isdigit()):
            return cls(check_name("queue", text))
        if not 1 <= int(weight) <= 1000:
            raise InvalidOption(
                f"The queue {text!r} has the weight {weight}; it must be a whole number from 1 to 1000."
            )
        return cls(check_name("queue", name), int(weight))

    def take_finished(self) -> list[Settled]:
        """What has finished since the last call, as far as one call may carry it."""
        size = count = 0
        for settled in self.finished[:MAX_SETTLED]:
            size += len(settled.value)
            if size > MAX_BYTES and count:
                break
            count += 1
        finished, self.finished = self.finished[:count], self.finished[count:]
        return finished


class Pace:
    """How many tasks to claim ahead: as many as finish during one call, so that the worker never waits for the server.

    Long tasks finish rarely, so of them none is claimed ahead and another worker may have it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rate = 0.0
        self._flight = 0.0
        self._last = time.perf_counter()

    def called(self, finished: int, flight: float) -> None:
        """Note a call that settled ``finished`` tasks and took ``flight`` seconds."""
        now = time.perf_counter()
        period = max(now - self._last, 1e-6)
        self._last = now
        self._rate += 0.3 * (finished / period - self._rate)
        self._flight += 0.3 * (flight - self._flight)

    @property
    def ahead(self) -> int:
        """How many tasks to hold beyond those that run."""
        return min(self._most, int(1.5 * self._rate * self._flight))


class Rota:
    """Whose turn it is to claim: by weight, or strictly in the order given.

    Weighted: each queue has a virtual time that advances by ``1 / weight`` for each task claimed, and the one that is
    furthest behind goes first (stride scheduling, Waldspurger and Weihl, 1995). A queue that had nothing for a while
    doesn't save up turns.
    """

    def __init__(self, lines: list[Line], *, strict: bool) -> None:
        self._lines = lines
        self._strict = strict
        self._now = 0.0

    def in_turn(self) -> list[Line]:
        """The queues in the order in which they may claim now."""
        if self._strict or len(self._lines) == 1:
            return self._lines
        return sorted(self._lines, key=lambda line: line.virtual_time)

    def claimed(self, line: Line, tasks: int) -> None:
        """Charge a queue for the tasks that were claimed from it."""
        if not tasks:
            return
        start = max(line.virtual_time, self._now)
        line.virtual_time = start + tasks / line.weight
        self._now = start
