"""Many tasks through several processes: each runs once."""

from __future__ import annotations

import asyncio

from cleo_core import Cleo
from tests.chaos.scenes import Stage, assert_sound
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

TOTAL = 20_000
TASKS = """
from redis.asyncio import Redis as AsyncRedis
counts = AsyncRedis.from_url(os.environ["TEST_URL"])
@cleo.task(queue="q")
async def count(n: int) -> None:
    await counts.zincrby("counts:" + os.environ["TEST_NAMESPACE"], 1, n)
"""


async def test_each_of_twenty_thousand_tasks_runs_and_is_counted_exactly_once(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    @cleo.task(queue="q", retention=0)
    async def count(n: int) -> None:
        await asyncio.sleep(n)

    await count.enqueue_many([(n,) for n in range(TOTAL // 2)])
    await stage.start(server.url, TASKS, processes=2)
    await count.enqueue_many([(n,) for n in range(TOTAL // 2, TOTAL)])

    async def all_completed() -> bool:
        return (await cleo.queues.stats("q")).completed >= TOTAL

    await until(all_completed, within=90)
    counts = f"counts:{cleo.namespace}"
    assert await ask(cleo, "ZCARD", counts) == TOTAL
    assert await ask(cleo, "ZCOUNT", counts, 1, 1) == TOTAL
    await assert_sound(
        cleo, enqueued=TOTAL, completed=TOTAL, waiting=0, active=0, failed=0, retried=0, lost=0, dead=0, kept=0
    )
