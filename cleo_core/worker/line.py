"""One queue as a worker sees it: what it holds of it, what is finished, and whether there may be more."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from cleo_core.scripts import Settled
from cleo_core.worker.delivery import Delivery


@dataclass(slots=True, eq=False)
class Line:
    """A served queue. ``held`` is read by the heartbeat's thread too, and only ever copied there in one step."""

    queue: str
    weight: int = 1
    held: dict[bytes, Delivery] = field(default_factory=dict[bytes, Delivery])
    finished: list[Settled] = field(default_factory=list[Settled])
    ready: bool = True
    resent: bool = False
    credit: int = 0

    def take_finished(self) -> list[Settled]:
        """What has finished since the last call."""
        finished, self.finished = self.finished, []
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


def in_turn(lines: list[Line], *, strict: bool) -> list[Line]:
    """The order in which the queues may claim now: as listed, or by smooth weighted round robin.

    The algorithm is nginx's: each turn every queue gains its weight, the richest goes first and pays the sum.
    """
    if strict or len(lines) == 1:
        return lines
    for line in lines:
        line.credit += line.weight
    first = max(lines, key=lambda line: line.credit)
    first.credit -= sum(line.weight for line in lines)
    return [first, *sorted((line for line in lines if line is not first), key=lambda line: -line.credit)]
