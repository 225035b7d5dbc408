"""Progress and log lines of running tasks, gathered from any thread and sent a few times a second."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic_core import to_json

from cleo_core.errors import ServerError
from cleo_core.scripts import Report, Scripts
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.texts import clean

LOG = logging.getLogger("cleo.worker")
INTERVAL = 0.2
# What is kept of a task's lines, as on the server (report.lua); there a line takes this much beside its text.
MAX_LINES = 16_384
BESIDE_TEXT = 19
# What one call carries at most: of reports, and of the lines in them.
MAX_REPORTS = 500
MAX_BYTES = 524_288


@dataclass(slots=True)
class _Said:
    """What a task said: of progress the latest, of log lines the last."""

    fraction: float = -1.0
    text: str = ""
    lines: deque[str] = field(default_factory=deque[str])
    size: int = 0

    def add(self, line: str) -> None:
        self.lines.append(line)
        self.size += len(line) + BESIDE_TEXT
        while self.size > MAX_LINES:
            self.size -= len(self.lines.popleft()) + BESIDE_TEXT

    def follow(self, earlier: _Said) -> None:
        """Come after what was said before."""
        lines, self.lines, self.size = [*earlier.lines, *self.lines], deque(), 0
        for line in lines:
            self.add(line)
        if self.fraction < 0:
            self.fraction, self.text = earlier.fraction, earlier.text

    def report_of(self, delivery: Delivery) -> Report:
        logs = to_json([clean(line) for line in self.lines]) if self.lines else b""
        return Report(delivery.claimed.id, delivery.claimed.receipt, self.fraction, clean(self.text), logs)


class Reports:
    """What tasks said since the last sending. However much they say, of each only so much is kept as the server keeps;
    what is said of a task that has been settled counts for nothing.
    """

    def __init__(self) -> None:
        self._said: dict[Delivery, _Said] = {}
        self._lock = threading.Lock()
        self._sending = asyncio.Lock()

    def say(self, delivery: Delivery, fraction: float, text: str, line: str | None) -> None:
        """Note what a task said; safe in any thread."""
        with self._lock:
            said = self._said.get(delivery)
            if said is None:
                said = self._said[delivery] = _Said()
            if line is None:
                said.fraction, said.text = fraction, text
            else:
                said.add(line)

    @property
    def pending(self) -> bool:
        """Whether something waits to be sent, or is on its way."""
        return bool(self._said) or self._sending.locked()

    async def send(self, scripts: Scripts) -> None:
        """Send what was said, in calls of a bounded size, when what is on its way has arrived.

        Raises ``ServerError`` if the server can't take it; what did not arrive is then sent again later.
        """
        async with self._sending:
            with self._lock:
                said, self._said = self._said, {}
            try:
                for queue, deliveries in _batches(said):
                    await scripts.report(queue, [said[delivery].report_of(delivery) for delivery in deliveries])
                    for delivery in deliveries:
                        del said[delivery]
            finally:
                self._put_back(said)

    async def tell(self, scripts: Scripts) -> None:
        """Send what was said, if anything was. Nothing else has to fail because that does: it is sent again later."""
        if self.pending:
            try:
                await self.send(scripts)
            except ServerError as error:
                LOG.debug("What tasks said is sent later. %s", error)
            except Exception:
                LOG.exception("What tasks said could not be sent.")

    async def tell_on(self, scripts: Scripts) -> None:
        """Send what is said, a few times a second."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.tell(scripts)

    def _put_back(self, unsent: dict[Delivery, _Said]) -> None:
        with self._lock:
            for delivery, earlier in unsent.items():
                if delivery.lost or delivery.settled:
                    self._said.pop(delivery, None)
                elif delivery in self._said:
                    self._said[delivery].follow(earlier)
                else:
                    self._said[delivery] = earlier


def _batches(said: dict[Delivery, _Said]) -> Iterator[tuple[str, list[Delivery]]]:
    """The deliveries of each queue, cut by number and size."""
    by_queue: dict[str, list[Delivery]] = {}
    for delivery in said:
        by_queue.setdefault(delivery.queue, []).append(delivery)
    for queue, deliveries in by_queue.items():
        batch, size = list[Delivery](), 0
        for delivery in deliveries:
            size += said[delivery].size
            if batch and (len(batch) == MAX_REPORTS or size > MAX_BYTES):
                yield queue, batch
                batch, size = [], said[delivery].size
            batch.append(delivery)
        yield queue, batch
