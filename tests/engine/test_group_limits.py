"""Limits of groups and queues while real workers run: how many at once, how many in a time, and paused."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import pytest

from cleo_core import Cleo, Task, TaskHandle, TaskState
from cleo_core.models import GroupStanding
from tests.ghosts import GHOST, claim_and_die
from tests.waiting import SOON, until


class Watch:
    """A task ``work(n)`` that notes, from within, how many of its group run; it ends when told to."""

    def __init__(self, cleo: Cleo, *, held: bool = False) -> None:
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.started: list[int] = []
        self.gate = asyncio.Event()
        if not held:
            self.gate.set()
        self.work = self._declare(cleo)

    def _declare(self, cleo: Cleo) -> Task[[str, int], object, int]:
        @cleo.task(queue="q")
        async def work(group: str, n: int) -> int:
            self.running[group] += 1
            self.most[group] = max(self.most[group], self.running[group])
            self.started.append(n)
            await asyncio.sleep(0.005)
            await self.gate.wait()
            self.running[group] -= 1
            return n

        return work

    async def enqueue(self, group: str, numbers: Sequence[int]) -> list[TaskHandle[int]]:
        return await self.work.options(group=group).enqueue_many([(group, n) for n in numbers])

    def runs(self, group: str, count: int) -> Callable[[], bool]:
        return lambda: self.running[group] == count


async def _results(handles: Sequence[TaskHandle[int]]) -> list[int]:
    return [await handle.result(timeout=30) for handle in handles]


async def _states(handles: Sequence[TaskHandle[int]]) -> Counter[TaskState]:
    return Counter([await handle.status() for handle in handles])


# --- how many at once ----------------------------------------------------------------------------


async def test_of_a_group_no_more_run_at_once_than_its_limit_and_others_go_on(cleo: Cleo) -> None:
    watch = Watch(cleo)
    await cleo.groups.configure("q", "few", concurrency=3)
    few = await watch.enqueue("few", range(60))
    many = await watch.enqueue("many", range(60))
    async with cleo.worker(concurrency=20), cleo.worker(concurrency=20):
        assert await _results(few + many) == [*range(60), *range(60)]
    assert watch.most["few"] == 3
    assert watch.most["many"] > 3
    info = await cleo.groups.get("q", "few")
    assert (info.active, info.waiting, info.standing) == (0, 0, GroupStanding.IDLE)


async def test_a_group_at_its_limit_stops_nobody_else(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.configure("q", "slow", concurrency=2)
    async with cleo.worker(concurrency=5):
        slow = await watch.enqueue("slow", range(500))
        await until(watch.runs("slow", 2))

        @cleo.task(queue="q", group="quick")
        def quick(n: int) -> int:
            return n

        assert await _results(await quick.enqueue_many([(n,) for n in range(50)])) == list(range(50))
        assert (await cleo.groups.get("q", "slow")).standing is GroupStanding.AT_LIMIT
        assert watch.running["slow"] == 2
        await cleo.queues.cancel("q", [handle.id for handle in slow[2:]])
        watch.gate.set()
        assert await _results(slow[:2]) == [0, 1]


async def test_a_default_of_one_runs_each_group_strictly_one_at_a_time_in_order(cleo: Cleo) -> None:
    """The steps of each video follow one another; the videos run side by side."""
    watch = Watch(cleo)
    await cleo.groups.set_defaults("q", concurrency=1)
    videos = [f"video-{n}" for n in range(5)]
    handles = [handle for n in range(8) for video in videos for handle in await watch.enqueue(video, [n])]
    ended: dict[str, list[int]] = {video: [] for video in videos}
    for handle in handles:
        record = await cleo.queues.get_task("q", handle.id)
        assert record.group in videos
    async with cleo.worker(concurrency=8), cleo.worker(concurrency=8):
        await _results(handles)
    for video in videos:
        records = [await cleo.queues.get_task("q", handle.id) for handle in handles]
        mine = [record for record in records if record.group == video]
        ended[video] = [n for _, n in sorted((record.finished_at or 0, n) for n, record in enumerate(mine))]
        # The next began when the one before had ended.
        for before, after in pairwise(mine):
            assert (after.claimed_at or 0) >= (before.finished_at or 0)
    assert ended == {video: list(range(8)) for video in videos}
    assert watch.most == Counter(videos)


async def test_a_groups_own_limit_wins_over_the_default(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.set_defaults("q", concurrency=1)
    await cleo.groups.configure("q", "own", concurrency=4)
    async with cleo.worker():
        handles = [*await watch.enqueue("own", range(8)), *await watch.enqueue("other", range(8))]
        await until(watch.runs("own", 4))
        await until(watch.runs("other", 1))
        watch.gate.set()
        await _results(handles)
    assert watch.most == Counter(own=4, other=1)


async def test_a_limit_that_is_raised_lets_more_start_at_once(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.configure("q", "g", concurrency=1)
    async with cleo.worker(idle_wait=60, sweep=60):
        handles = await watch.enqueue("g", range(10))
        await until(watch.runs("g", 1))
        await cleo.groups.configure("q", "g", concurrency=4)
        await until(watch.runs("g", 4))
        watch.gate.set()
        await _results(handles)
    assert watch.most["g"] == 4


async def test_a_limit_that_is_removed_lets_all_start_at_once(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.configure("q", "g", concurrency=1)
    async with cleo.worker(idle_wait=60, sweep=60):
        handles = await watch.enqueue("g", range(10))
        await until(watch.runs("g", 1))
        await cleo.groups.configure("q", "g", concurrency=None)
        await until(watch.runs("g", 10))
        watch.gate.set()
        await _results(handles)


@pytest.mark.parametrize(("limit", "together"), [(4, 4), (None, 10)])
async def test_a_default_that_is_raised_or_removed_lets_more_of_every_group_start_at_once(
    cleo: Cleo, limit: int | None, together: int
) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.set_defaults("q", concurrency=1)
    async with cleo.worker(idle_wait=60, sweep=60):
        handles = [*await watch.enqueue("a", range(10)), *await watch.enqueue("b", range(10))]
        await until(watch.runs("a", 1))
        await until(watch.runs("b", 1))
        await cleo.groups.set_defaults("q", concurrency=limit)
        await until(watch.runs("a", together))
        await until(watch.runs("b", together))
        watch.gate.set()
        await _results(handles)


async def test_a_limit_that_is_lowered_stops_none_that_run_and_holds_for_those_that_follow(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.configure("q", "g", concurrency=5)
    async with cleo.worker(concurrency=20):
        handles = await watch.enqueue("g", range(20))
        await until(watch.runs("g", 5))
        await cleo.groups.configure("q", "g", concurrency=2)
        assert watch.running["g"] == 5
        assert (await cleo.groups.get("q", "g")).standing is GroupStanding.AT_LIMIT
        watch.most.clear()
        later = len(watch.started)
        watch.gate.set()
        await _results(handles)
    assert later == 5
    assert watch.most["g"] == 2


async def test_a_task_of_a_dead_worker_holds_its_slot_until_the_server_took_it_back(cleo: Cleo) -> None:
    watch = Watch(cleo)
    await cleo.groups.configure("q", "g", concurrency=1)
    handles = await watch.enqueue("g", range(3))
    assert len(await claim_and_die(cleo, "q", 3, lease=60)) == 1
    async with cleo.worker(sweep=0.05):
        other = await watch.enqueue("other", [9])
        await _results(other)
        assert watch.running["g"] == 0
        assert await _states(handles) == Counter({TaskState.ACTIVE: 1, TaskState.WAITING: 2})
        scripts = await cleo.backend.scripts()
        assert await scripts.release("q", GHOST, (60, 60), "died") == 1
        assert await _results(handles) == [0, 1, 2]
    assert watch.started == [9, 0, 1, 2]


async def test_a_task_that_fails_times_out_or_is_cancelled_gives_its_slot_back(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g", max_retries=0, timeout=0.05)
    async def bad(how: str) -> None:
        if how == "fail":
            raise ValueError(how)
        await asyncio.Event().wait()

    watch = Watch(cleo)
    await cleo.groups.configure("q", "g", concurrency=1)
    async with cleo.worker():
        await bad.enqueue("fail")
        await bad.enqueue("hang")
        stuck = await bad.options(timeout=60).enqueue("hang")
        (last,) = await watch.enqueue("g", [7])
        await until(lambda: _is_active(cleo, stuck.id))
        assert await last.status() is TaskState.WAITING
        await stuck.cancel()
        assert await last.result(timeout=30) == 7


async def _is_active(cleo: Cleo, task_id: str) -> bool:
    return await cleo.queues.handle("q", task_id).status() is TaskState.ACTIVE


# --- paused --------------------------------------------------------------------------------------


async def test_a_paused_group_starts_nothing_until_it_is_resumed(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    async with cleo.worker(idle_wait=60, sweep=60):
        handles = await watch.enqueue("g", range(2))
        await until(watch.runs("g", 2))
        assert await cleo.groups.pause("q", "g") is True
        assert await cleo.groups.pause("q", "g") is False
        late = await watch.enqueue("g", range(2, 5))
        watch.gate.set()
        # What runs goes on, and so do the others.
        assert await _results(handles) == [0, 1]
        assert await _results(await watch.enqueue("other", [9])) == [9]
        assert await _states(late) == Counter({TaskState.WAITING: 3})
        assert (await cleo.groups.get("q", "g")).standing is GroupStanding.PAUSED
        assert await cleo.groups.resume("q", "g") is True
        resumed = time.monotonic()
        assert await cleo.groups.resume("q", "g") is False
        assert await _results(late) == [2, 3, 4]
        assert time.monotonic() - resumed < SOON


async def test_a_group_can_be_paused_before_it_has_tasks(cleo: Cleo) -> None:
    watch = Watch(cleo)
    await cleo.groups.pause("q", "g")
    async with cleo.worker():
        (handle,) = await watch.enqueue("g", [1])
        await _results(await watch.enqueue("other", [2]))
        assert await handle.status() is TaskState.WAITING
        await cleo.groups.resume("q", "g")
        assert await handle.result(timeout=30) == 1


# --- how many in a time --------------------------------------------------------------------------


async def _calls(cleo: Cleo) -> int:
    """How many scripts all clients of the server have called."""
    told = await cleo.backend.ask("INFO", "commandstats")
    lines = [line for line in told.decode().splitlines() if line.startswith(("cmdstat_evalsha:", "cmdstat_eval:"))]
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines)


async def test_a_group_under_a_rate_limit_starts_on_time_with_an_idle_worker(own_cleo: Cleo) -> None:
    watch = Watch(own_cleo)
    await own_cleo.groups.configure("q", "g", rate_limit="5/s")
    async with own_cleo.worker(idle_wait=60, sweep=60):
        await _results(await watch.enqueue("warm", [0]))
        before = await _calls(own_cleo)
        handles = await watch.enqueue("g", range(10))
        await _results(handles)
        calls = await _calls(own_cleo) - before
    times = await _claims(own_cleo, handles)
    gaps = [after - first for first, after in pairwise(times)]
    assert 1.75 < times[-1] - times[0] < 1.75 + SOON
    # Each follows the one before when the limit lets it, neither sooner nor much later. One that starts late on a busy
    # machine is followed by one in time.
    assert median(gaps) > 0.1
    assert max(gaps) < SOON
    # One call to start each, one to settle it, what looks for the result every other second, and a heartbeat: no
    # busy loop.
    assert calls < 80


async def test_a_rate_limit_of_the_queue_holds_for_all_its_groups_together(own_cleo: Cleo) -> None:
    watch = Watch(own_cleo)
    await own_cleo.queues.set_rate_limit("q", "10/s burst 2")
    async with own_cleo.worker(idle_wait=60, sweep=60), own_cleo.worker(idle_wait=60, sweep=60):
        await until(lambda: _two_workers(own_cleo))
        before = await _calls(own_cleo)
        handles = [*await watch.enqueue("a", range(6)), *await watch.enqueue("b", range(6))]
        await _results(handles)
        calls = await _calls(own_cleo) - before
    times = await _claims(own_cleo, handles)
    assert 0.9 < times[-1] - times[0] < 0.9 + SOON
    # In any stretch of t seconds at most burst + 10 t of them.
    for i, first in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= 2 + 10 * (times[j] - first) + 0.5
    assert calls < 120


async def _claims(cleo: Cleo, handles: Sequence[TaskHandle[int]]) -> list[float]:
    """When the tasks were claimed, by the server's clock, the first one first."""
    records = [await cleo.queues.get_task("q", handle.id) for handle in handles]
    return sorted(record.enqueued_at + record.attempts[-1].wait for record in records)


async def _two_workers(cleo: Cleo) -> bool:
    return await cleo.workers.count() == 2


async def test_a_burst_goes_at_once_after_a_pause(cleo: Cleo) -> None:
    watch = Watch(cleo, held=True)
    await cleo.groups.configure("q", "g", rate_limit="1/60s burst 3")
    async with cleo.worker():
        handles = await watch.enqueue("g", range(5))
        await until(watch.runs("g", 3))
        info = await cleo.groups.get("q", "g")
        assert info.standing is GroupStanding.THROTTLED
        assert info.throttled_until is not None
        seconds, _ = await cleo.backend.ask("TIME")
        assert 30 < info.throttled_until - int(seconds) <= 61
        watch.gate.set()
        assert await _results(handles[:3]) == [0, 1, 2]
        assert await _states(handles[3:]) == Counter({TaskState.WAITING: 2})
        # Without its limit it goes on at once.
        await cleo.groups.configure("q", "g", rate_limit=None)
        assert await _results(handles[3:]) == [3, 4]


async def test_a_rate_limit_of_the_queue_that_is_lifted_lets_an_idle_worker_go_on_at_once(cleo: Cleo) -> None:
    watch = Watch(cleo)
    await cleo.queues.set_rate_limit("q", "1/60s")
    async with cleo.worker(idle_wait=60, sweep=60):
        handles = await watch.enqueue("g", range(5))
        await handles[0].result(timeout=30)
        assert await _states(handles[1:]) == Counter({TaskState.WAITING: 4})
        await cleo.queues.set_rate_limit("q", None)
        lifted = time.monotonic()
        assert await _results(handles) == [0, 1, 2, 3, 4]
        assert time.monotonic() - lifted < SOON


async def test_a_default_rate_limit_holds_for_each_group_by_itself(cleo: Cleo) -> None:
    watch = Watch(cleo)
    await cleo.groups.set_defaults("q", rate_limit="1/60s")
    async with cleo.worker():
        handles = [*await watch.enqueue("a", [0, 1]), *await watch.enqueue("b", [0, 1])]
        await until(lambda: _completed(cleo, 2))
        assert await _states(handles) == Counter({TaskState.COMPLETED: 2, TaskState.WAITING: 2})
        await cleo.groups.set_defaults("q", rate_limit=None)
        await _results(handles)


async def _completed(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).completed == count
