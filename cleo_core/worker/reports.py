"""Progress and log lines of running tasks, gathered from any thread and sent a few times a second."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pydantic_core import to_json

from cleo_core.scripts import Report, Scripts
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.texts import clean

INTERVAL = 0.2


@dataclass(slots=True)
class _Said:
    fraction: float = -1.0
    text: str = ""
    logs: list[str] = field(default_factory=list[str])


class Reports:
    """What tasks said since the last sending: of progress the latest, of log lines all."""

    def __init__(self) -> None:
        self._said: deque[tuple[Delivery, float, str, str | None]] = deque()

    def say(self, delivery: Delivery, fraction: float, text: str, line: str | None) -> None:
        """Note what a task said; safe in any thread."""
        self._said.append((delivery, fraction, text, line))

    @property
    def pending(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._said)

    async def send(self, scripts: Scripts) -> None:
        """Send what was said. Raises ``ServerError`` if the server can't take it; it is then sent again later."""
        gathered: dict[Delivery, _Said] = {}
        taken = [self._said.popleft() for _ in range(len(self._said))]
        for delivery, fraction, text, line in taken:
            said = gathered.setdefault(delivery, _Said())
            if line is None:
                said.fraction, said.text = fraction, clean(text)
            else:
                said.logs.append(clean(line))
        by_queue: dict[str, list[Report]] = {}
        for delivery, said in gathered.items():
            logs = to_json(said.logs) if said.logs else b""
            report = Report(delivery.claimed.id, delivery.claimed.receipt, said.fraction, said.text, logs)
            by_queue.setdefault(delivery.queue, []).append(report)
        try:
            for queue, reports in by_queue.items():
                await scripts.report(queue, reports)
        except Exception:
            self._said.extendleft(reversed(taken))
            raise
