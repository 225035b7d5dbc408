"""What workers take of their machines, in the history."""

from __future__ import annotations

import time

from cleo_core import Cleo
from cleo_core.keys import Keys
from cleo_core.loads import LoadSampler
from cleo_core.models import WorkerInfo
from cleo_core.models.history import Resolution, WorkerLoad
from tests.pasts import run
from tests.raw import ask
from tests.waiting import until


async def _loads(cleo: Cleo, worker: str) -> list[WorkerLoad]:
    return (await cleo.history.stats(worker=worker)).workers


async def test_a_worker_at_work_leaves_samples(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    def burn() -> None:
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            pass

    async with cleo.worker(heartbeat=0.05, concurrency=2) as worker:
        await (await burn.enqueue()).result(timeout=30)
        await until(lambda: _several(cleo, worker.id))
    (load,) = await _loads(cleo, worker.id)
    assert load.worker == worker.id
    assert load.memory > 10_000_000
    assert load.memory_peak >= load.memory
    assert load.cpu_peak >= load.cpu >= 0
    assert 0 < load.utilisation <= 1
    of_queue = (await cleo.history.stats("q")).workers
    assert [load.worker for load in of_queue] == [worker.id]
    assert [load.worker for load in (await cleo.history.stats()).workers] == [worker.id]
    assert (await cleo.history.stats("q", name="burn")).workers == []


async def _several(cleo: Cleo, worker: str) -> bool:
    loads = await _loads(cleo, worker)
    return bool(loads) and loads[0].samples >= 5


async def test_a_worker_without_samples_has_no_load(cleo: Cleo) -> None:
    await run(cleo, [1.0], worker="ghost")
    assert (await cleo.history.stats("q")).workers == []
    assert await _loads(cleo, "never") == []


def _info(at: float, cpu: float, active: int) -> WorkerInfo:
    return WorkerInfo.model_validate(
        {
            **SAMPLE, "cpu": cpu, "active": active, "beat_at": at,
        }
    )  # fmt: skip


SAMPLE = {
    "id": "w", "host": "h", "pid": 1, "version": "1", "queues": ["q"], "tasks": [], "concurrency": 10,
    "processed": 0, "state": "running", "reason": "", "failed": 0, "memory": 1_000, "loop_lag": 0.5, "started_at": 0.0,
}  # fmt: skip


async def _write(cleo: Cleo, ages: list[float], cpu: float, active: int) -> None:
    seconds, _ = await ask(cleo, "TIME")
    sampler = LoadSampler(Keys(cleo.namespace), "w")
    for age in sorted(ages, reverse=True):
        await sampler.note(_info(int(seconds) - age, cpu, active), (await cleo.backend.scripts()).sample)


async def test_samples_of_a_range_are_summed_by_the_minute_or_the_hour(cleo: Cleo) -> None:
    await _write(cleo, [10, 15, 20, 4_000, 90_000, 10 * 86_400], 50.0, 5)
    (load,) = await _loads(cleo, "w")
    assert (load.samples, load.cpu, load.utilisation, load.memory, load.loop_lag) == (3, 50.0, 0.5, 1_000, 0.5)
    for seconds, samples in ((7_200, 4), (100_000, 5), (20 * 86_400, 6)):
        (load,) = (await cleo.history.stats(worker="w", seconds=seconds)).workers
        assert load.samples == samples


async def test_the_points_of_a_worker_have_its_load(cleo: Cleo) -> None:
    await _write(cleo, [10, 130, 4_000], 50.0, 5)
    await _write(cleo, [250], 80.0, 10)
    points = await cleo.history.series(worker="w", seconds=7_200)
    loads = [point.load for point in points if point.load is not None]
    assert [(load.worker, load.samples, load.cpu, load.utilisation) for load in loads] == [
        ("w", 1, 50.0, 0.5), ("w", 1, 80.0, 1.0), ("w", 1, 50.0, 0.5), ("w", 1, 50.0, 0.5)
    ]  # fmt: skip
    assert len(points) > 100
    of_queue = await cleo.history.series("q", seconds=7_200)
    assert all(point.load is None for point in of_queue)


async def test_longer_series_have_the_load_by_hours_and_days(cleo: Cleo) -> None:
    await _write(cleo, [10, 20 * 86_400, 20 * 86_400 + 3_600], 50.0, 5)
    for resolution, seconds, times in ((None, 25 * 86_400, 3), (Resolution.DAY, 300 * 86_400, 2)):
        points = await cleo.history.series(worker="w", seconds=seconds, resolution=resolution)
        loads = [point.load for point in points if point.load is not None]
        assert sum(load.samples for load in loads) == 3
        assert len(loads) in {times, times + 1}  # two of them may lie on both sides of midnight


async def test_samples_have_a_lifetime_and_garbage_among_them_is_passed_over(cleo: Cleo) -> None:
    await _write(cleo, [10], 50.0, 5)
    keys = await ask(cleo, "KEYS", f"{cleo.namespace}:load:*")
    assert len(keys) == 2
    for key in keys:
        assert await ask(cleo, "TTL", key) > 86_400
        (number,) = await ask(cleo, "HKEYS", key)
        await ask(cleo, "HSET", key, "nonsense", "x", number, "[1,2]")
    assert await _loads(cleo, "w") == []
    assert await cleo.history.clear_worker("w") == 2
    assert await ask(cleo, "KEYS", f"{cleo.namespace}:load:*") == []
