"""What workers take of their machines: a sample with every heartbeat, kept by minute and by hour.

A worker is the only one that writes its own samples, so it adds them up itself and writes the sum of the minute and
of the hour over and over; a beat that fails loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json, to_json

from cleo_core.backend import Backend
from cleo_core.history_counters import Range, Unit
from cleo_core.keys import Keys
from cleo_core.models import WorkerInfo, WorkerLoad

Write = Callable[..., Awaitable[Any]]
DAY = 86_400


@dataclass(slots=True)
class _Sum:
    """Samples of some time, added up."""

    number: int = -1
    samples: int = 0
    cpu: float = 0.0
    cpu_peak: float = 0.0
    memory: float = 0.0
    memory_peak: float = 0.0
    used: float = 0.0
    loop_lag: float = 0.0

    def note(self, number: int, info: WorkerInfo) -> None:
        """Add a sample of the minute or hour of that number; another number starts anew."""
        if number != self.number:
            self.__init__(number)
        self.samples += 1
        self.cpu += info.cpu
        self.cpu_peak = max(self.cpu_peak, info.cpu)
        self.memory += info.memory
        self.memory_peak = max(self.memory_peak, info.memory)
        self.used += min(1.0, info.active / info.concurrency)
        self.loop_lag = max(self.loop_lag, info.loop_lag)

    @property
    def text(self) -> bytes:
        values = (self.cpu, self.cpu_peak, self.memory, self.memory_peak, self.used, self.loop_lag)
        return to_json([self.samples, *(round(value, 3) for value in values)])

    def add(self, data: bytes) -> None:
        """Add stored samples; what can't be read counts as nothing."""
        try:
            samples, cpu, cpu_peak, memory, memory_peak, used, loop_lag = map(float, from_json(data))
        except (ValueError, TypeError):
            return
        self.samples += int(samples)
        self.cpu += cpu
        self.cpu_peak = max(self.cpu_peak, cpu_peak)
        self.memory += memory
        self.memory_peak = max(self.memory_peak, memory_peak)
        self.used += used
        self.loop_lag = max(self.loop_lag, loop_lag)


class LoadSampler:
    """The samples of one worker."""

    def __init__(self, keys: Keys, worker: str) -> None:
        self._keys = keys
        self._worker = worker
        self._minute = _Sum()
        self._hour = _Sum()

    async def note(self, info: WorkerInfo, write: Write) -> None:
        """Take what a heartbeat tells as a sample, and write it down by ``write(command, key, ...)``."""
        minute = int(info.beat_at // 60)
        self._minute.note(minute, info)
        self._hour.note(minute // Unit.HOUR, info)
        day = minute // Unit.DAY
        await self._write(write, self._keys.minute_load(self._worker, day), self._minute, (day + 3) * DAY)
        ends = (day // 32 + 2) * 32 * DAY
        await self._write(write, self._keys.hour_load(self._worker, day // 32), self._hour, ends)

    async def _write(self, write: Write, key: str, samples: _Sum, ends: int) -> None:
        await write("HSET", key, samples.number, samples.text)
        await write("EXPIREAT", key, ends)


async def read_loads(backend: Backend, workers: Sequence[str], span: Range) -> list[WorkerLoad]:
    """The load of workers in a range, without those of which there is no sample in it.

    By the minute within the last two days, else by the hour: at most three commands a worker for ranges up to 64
    days.
    """
    by_minute = span.now - span.since <= 2 * DAY
    keys = backend.keys
    blocks = {day if by_minute else day // 32 for day in span.days}
    first, end = (span.first, span.end) if by_minute else (span.first // 60, -(-span.end // 60))
    loads: list[WorkerLoad] = []
    for worker in workers:
        key_of = keys.minute_load if by_minute else keys.hour_load
        total = _Sum()
        for flat in await backend.ask_all(*(("HGETALL", key_of(worker, block)) for block in sorted(blocks))):
            for number, data in zip(flat[::2], flat[1::2], strict=True):
                if number.isdigit() and first <= int(number) < end:
                    total.add(data)
        if total.samples > 0:
            loads.append(_load_of(worker, total))
    return loads


def _load_of(worker: str, total: _Sum) -> WorkerLoad:
    return WorkerLoad(
        worker=worker,
        samples=total.samples,
        cpu=total.cpu / total.samples,
        cpu_peak=total.cpu_peak,
        memory=total.memory / total.samples,
        memory_peak=total.memory_peak,
        utilisation=total.used / total.samples,
        loop_lag=total.loop_lag,
    )
