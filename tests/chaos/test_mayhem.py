"""Everything at once for two minutes: nothing is lost, and the counts add up."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from cleo_core import Backoff, Cleo, ServerError, TaskState
from tests.chaos.scenes import Producer, Stage, all_ended, assert_sound, kill
from tests.processes import WorkerProcess
from tests.raw import kill_connections
from tests.servers import Server
from tests.waiting import until

TASKS = """
cleo.configure(worker=WorkerSettings(lease=2, heartbeat=0.5, sweep=0.4))
@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    note_run(ctx, n)
    await asyncio.sleep(random.uniform(0, 0.2))
    if random.random() < 0.2:
        raise ValueError("bad luck")
    return n
"""
TOTAL = 5_000
SECONDS = 120.0


class Mayhem:
    """What can go wrong, and a way to do some of it by chance."""

    def __init__(self, stage: Stage, server: Server, cleo: Cleo) -> None:
        self._stage = stage
        self._server = server
        self._cleo = cleo
        self._workers: list[WorkerProcess] = []
        self.done: list[str] = []

    async def start_workers(self) -> None:
        """Two supervisors of two processes each."""
        for tasks in (TASKS, None):
            self._workers.append(await self._stage.start(self._server.url, tasks, "--concurrency", "20", processes=2))

    async def strike(self) -> None:
        """One misfortune."""
        deeds: list[Callable[[], Awaitable[None]]] = [
            self._kill_a_process, self._kill_a_process, self._kill_all_of_a_worker, self._kill_a_supervisor,
            self._freeze_a_process, self._cut_connections, self._cut_connections, self._kill_the_server,
        ]  # fmt: skip
        deed = random.choice(deeds)
        self.done.append(deed.__name__)
        await deed()

    async def _kill_a_process(self) -> None:
        children = random.choice(self._workers).children
        if children:
            kill(random.choice(children).pid)

    async def _kill_all_of_a_worker(self) -> None:
        victim = self._workers.pop(random.randrange(len(self._workers)))
        victim.kill_all()
        await self._replace()

    async def _kill_a_supervisor(self) -> None:
        victim = self._workers.pop(random.randrange(len(self._workers)))
        victim.process.kill()
        victim.process.wait()
        await self._replace()

    async def _replace(self) -> None:
        self._workers.append(await self._stage.start(self._server.url, None, "--concurrency", "20", processes=2))

    async def _freeze_a_process(self) -> None:
        children = random.choice(self._workers).children
        if not children:
            return
        pid = random.choice(children).pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(random.uniform(1, 4))
            os.kill(pid, signal.SIGCONT)

    async def _cut_connections(self) -> None:
        with suppress(ServerError):
            await kill_connections(self._cleo, random.choice(["normal", "pubsub"]))

    async def _kill_the_server(self) -> None:
        random.choice([self._server.kill, self._server.stop])()
        await asyncio.sleep(random.uniform(0, 1))
        self._server.start()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_two_minutes_of_kills_lose_nothing_and_leave_counts_that_add_up(
    stage: Stage, own_server: Server, own_cleo: Cleo
) -> None:
    mayhem = Mayhem(stage, own_server, own_cleo)
    await mayhem.start_workers()
    few_tries = {"max_retries": 2, "backoff": Backoff.fixed(0.2, jitter=True)}
    producer = Producer(own_cleo, TOTAL, pause=SECONDS / TOTAL, **few_tries)
    producing = asyncio.create_task(producer.run())
    until_then = time.monotonic() + SECONDS
    while time.monotonic() < until_then:
        await asyncio.sleep(random.uniform(0.5, 4))
        await mayhem.strike()
    await until(producing.done, within=120)
    await until(lambda: all_ended(own_cleo), within=120, what=f"an end of all after {mayhem.done}")
    stats = await assert_sound(own_cleo, enqueued=TOTAL, waiting=0, active=0, delayed=0, cancelled=0)
    assert stats.died == stats.dead
    ran = {run.n for run in stage.runs}
    ends = {TaskState.COMPLETED: 0, TaskState.DEAD: 0}
    for n, task_id in enumerate(producer.acknowledged):
        ends[await own_cleo.queues.handle("q", task_id).status()] += 1
        assert n in ran, f"{task_id} never ran"
    assert (ends[TaskState.COMPLETED], ends[TaskState.DEAD]) == (stats.completed, stats.dead)
    assert stats.completed > stats.dead > 0
