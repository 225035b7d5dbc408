"""The server's clock set back, or a replica taking over whose clock is behind: nothing waits for as long as that.

No clock can be set for a test; what was noted is put an hour ahead instead, which is the same to all who look.
"""

from __future__ import annotations

from cleo_core import Cleo, TaskState
from cleo_core.reasons import RateLimited
from tests.ghosts import claim_and_die
from tests.raw import ask, keys_of
from tests.waiting import until

AHEAD_MS = 3_600_000


async def _ahead(cleo: Cleo, key: str, field: str) -> None:
    seconds, _ = await ask(cleo, "TIME")
    await ask(cleo, "HSET", key, field, int(seconds) * 1000 + AHEAD_MS)


async def test_tasks_of_a_worker_that_died_are_taken_back(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> int:
        return 7

    handle = await work.enqueue()
    await claim_and_die(cleo, "q")
    await _ahead(cleo, keys_of(cleo, "q").queue, "swept")
    async with cleo.worker(["q"], sweep=0.1, idle_wait=0.5):
        assert await handle.result(timeout=30) == 7


async def test_a_queue_with_a_rate_limit_goes_on(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> int:
        return 7

    await cleo.queues.set_rate_limit("q", "100/s")
    await _ahead(cleo, keys_of(cleo, "q").queue, "tat")
    handle = await work.enqueue()
    told = [each for each in (await cleo.explain(handle.id)).reasons if isinstance(each, RateLimited)]
    assert all(each.free_in <= 1 for each in told)
    async with cleo.worker(["q"], idle_wait=0.5):
        assert await handle.result(timeout=30) == 7


async def test_groups_that_wait_for_a_time_are_judged_anew_after_a_change_under_way(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> int:
        return 7

    await cleo.groups.configure("q", "acme", rate_limit="100/s")
    handle = await work.options(group="acme").enqueue()
    keys = keys_of(cleo, "q")
    await _ahead(cleo, f"{keys.prefix}group:acme", "tat")
    seconds, _ = await ask(cleo, "TIME")
    await ask(cleo, "ZREM", f"{keys.prefix}ring", "acme")
    await ask(cleo, "ZADD", f"{keys.prefix}throttled", int(seconds) * 1000 + AHEAD_MS, "acme")
    await ask(cleo, "ZADD", f"{keys.prefix}ring:before", 0, "other")
    await _ahead(cleo, keys.queue, "swept")
    assert await handle.status() is TaskState.WAITING
    async with cleo.worker(["q"], sweep=0.1, idle_wait=0.5):
        assert await handle.result(timeout=30) == 7

    async def is_swept() -> bool:
        return int(await ask(cleo, "HGET", keys.queue, "swept")) < int(seconds) * 1000 + AHEAD_MS

    await until(is_swept)
