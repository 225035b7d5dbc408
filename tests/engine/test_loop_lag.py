"""What a worker says of its event loop: that it answers at once, or that some code holds it up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from cleo_core import Cleo
from tests.servers import Server
from tests.waiting import until


async def test_an_idle_worker_says_that_its_loop_answers_at_once(cleo: Cleo) -> None:
    async with cleo.worker(["emails"], heartbeat=0.05) as worker:
        started = await _beat_of(cleo, worker.id, 0.0)
        await _beat_of(cleo, worker.id, started + 1.0)
        await until(lambda: _lag_is(cleo, worker.id, lambda lag: lag < 0.5))


async def _beat_of(cleo: Cleo, worker: str, after: float) -> float:
    """Wait for a heartbeat after that moment, and say when it was."""
    beats: list[float] = []

    async def beat() -> bool:
        beats[:] = [info.beat_at for info in await cleo.workers.list() if info.id == worker and info.beat_at > after]
        return bool(beats)

    await until(beat)
    return beats[0]


async def test_a_worker_whose_loop_is_held_up_says_so_and_stays_alive(
    cleo: Cleo, server: Server, namespace: str
) -> None:
    held_up, go_on = threading.Event(), threading.Event()
    since: list[float] = []

    async def work() -> None:
        async with Cleo(server.url, namespace=namespace) as other:

            @other.task(queue="emails")
            async def hold_up() -> None:
                since.append(time.monotonic())
                held_up.set()
                go_on.wait(60)

            async with other.worker(["emails"], heartbeat=0.05, worker_id="blocked"):
                handle = await hold_up.enqueue()
                await asyncio.wait_for(handle.result(), 60)

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    try:
        await until(held_up.is_set)
        await until(lambda: _lag_is(cleo, "blocked", lambda lag: lag > 0.5))
        assert time.monotonic() - since[0] >= 0.4
        assert (await cleo.workers.get("blocked")).active == 1
    finally:
        go_on.set()
        await asyncio.to_thread(thread.join)


async def _lag_is(cleo: Cleo, worker: str, wanted: Callable[[float], bool]) -> bool:
    return wanted((await cleo.workers.get(worker)).loop_lag)
