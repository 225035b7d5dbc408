"""Servers that stop and die in mid-run: what was acknowledged is not lost."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo
from tests.chaos.scenes import Producer, Stage, assert_sound
from tests.servers import Server
from tests.waiting import until

TASKS = """
@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    await asyncio.sleep(0.02)
    return n
"""


async def _outages(stage: Stage, server: Server, cleo: Cleo, ending: str, count: int) -> None:
    worker = await stage.start(server.url, TASKS, "--concurrency", "20", processes=2)
    producer = Producer(cleo)
    producing = asyncio.create_task(producer.run())
    for _ in range(count):
        done, ran = len(producer.acknowledged), len(stage.runs)
        await until(lambda: len(producer.acknowledged) > done + 100 and len(stage.runs) > ran + 100)  # noqa: B023
        refused = producer.refused
        server.kill() if ending == "kill" else server.stop()
        await until(lambda: producer.refused > refused)  # noqa: B023
        server.start()
    done = len(producer.acknowledged)
    await until(lambda: len(producer.acknowledged) > done + 100)
    producer.enough = True
    await producing

    async def all_completed() -> bool:
        return (await cleo.queues.stats("q")).completed >= len(producer.acknowledged)

    await until(all_completed, within=60)
    total = len(producer.acknowledged)
    await assert_sound(cleo, enqueued=total, completed=total, waiting=0, active=0, failed=0, dead=0)
    assert {run.n for run in stage.runs} == set(range(total))
    results = (cleo.queues.handle("q", task_id).result(timeout=30) for task_id in producer.acknowledged)
    assert await asyncio.gather(*results) == list(range(total))
    assert worker.ready == 2  # No process died of it.


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_nothing_acknowledged_is_lost_when_the_server_goes_and_comes_back(
    stage: Stage, own_server: Server, own_cleo: Cleo, ending: str
) -> None:
    await _outages(stage, own_server, own_cleo, ending, 2)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_nothing_acknowledged_is_lost_over_many_ends_of_the_server(
    stage: Stage, own_server: Server, own_cleo: Cleo, ending: str
) -> None:
    await _outages(stage, own_server, own_cleo, ending, 15)
