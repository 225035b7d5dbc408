"""What workers take of their machines: a sample with every heartbeat, kept by minute and by hour.

A worker is the only one that writes its own samples, so it adds them up itself and writes the sum of the minute and
of the hour over and over; a beat that fails loses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from pydantic_core import from_json, to_json

from cleo_core.backend import Backend
from cleo_core.history_counters import Range, Unit
from cleo_core.keys import Keys
from cleo_core.models import WorkerInfo, WorkerLoad

# Key, number of the minute or hour, the sample, and when the key goes.
Write = Callable[[str, int, bytes, int], Awaitable[None]]
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
        """Take what a heartbeat tells as a sample, and write it down."""
        minute = int(info.beat_at // 60)
        self._minute.note(minute, info)
        self._hour.note(minute // Unit.HOUR, info)
        day = minute // Unit.DAY
        minutes, hours = self._keys.minute_load(self._worker, day), self._keys.hour_load(self._worker, day // 32)
        await write(minutes, self._minute.number, self._minute.text, (day + 3) * DAY)
        ends = (day // 32 + 2) * 32 * DAY
        await write(hours, self._hour.number, self._hour.text, ends)


async def read_loads(backend: Backend, workers: Sequence[str], span: Range) -> list[WorkerLoad]:
    """The load of workers in a range, without those of which there is no sample in it.

    By the minute within the last two days, else by the hour: at most three commands a worker for ranges up to 64
    days.
    """
    unit = Unit.MINUTE if span.now - span.since <= 2 * DAY else Unit.HOUR
    loads: list[WorkerLoad] = []
    for worker in workers:
        total = _Sum()
        for _, data in await _stored(backend, worker, span, unit):
            total.add(data)
        if total.samples > 0:
            loads.append(_load_of(worker, total))
    return loads


async def read_load_points(backend: Backend, worker: str, span: Range, unit: Unit) -> dict[int, WorkerLoad]:
    """The load of a worker in each ``unit`` of a range, by the minute that it begins with; none without a sample.

    One command for each day of minutes, or 32 days of hours.
    """
    sums: dict[int, _Sum] = defaultdict(_Sum)
    for minute, data in await _stored(backend, worker, span, Unit.MINUTE if unit is Unit.MINUTE else Unit.HOUR):
        sums[minute // unit * unit].add(data)
    return {minute: _load_of(worker, total) for minute, total in sums.items() if total.samples > 0}


async def _stored(backend: Backend, worker: str, span: Range, unit: Unit) -> list[tuple[int, bytes]]:
    """What is stored of a worker's minutes or hours in a range, each with the minute that it begins with."""
    key_of, size = (
        (backend.keys.minute_load, Unit.DAY) if unit is Unit.MINUTE else (backend.keys.hour_load, 32 * Unit.DAY // unit)
    )
    numbers = range(span.first // unit, -(-span.end // unit))
    blocks = [(block, list(same)) for block, same in groupby(numbers, key=lambda number: number // size)]
    answers = await backend.ask_all(*(("HMGET", key_of(worker, block), *inside) for block, inside in blocks))
    found = zip(chain.from_iterable(inside for _, inside in blocks), chain.from_iterable(answers), strict=True)
    return [(number * unit, data) for number, data in found if data is not None]


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
