"""A short history to look back on, and waiting for what is said of it."""

from __future__ import annotations

import asyncio
from typing import Any

from cleo_core import Backoff, Cleo, TaskHandle, TaskState
from tests.console.driving import Console
from tests.waiting import until


async def work(cleo: Cleo) -> None:
    """Four tasks in two queues; one fails twice and is dead then."""

    @cleo.task(queue="emails", max_retries=1, backoff=Backoff.fixed(0))
    async def send(to: str) -> None:
        if to == "nobody":
            raise LookupError(f"no mailbox {to} after 17 tries")

    @cleo.task(queue="images")
    async def resize(width: int) -> None:
        await asyncio.sleep(width / 1000)

    async with cleo.worker(queues=["emails", "images"], worker_id="w1", heartbeat=0.2):
        handles: list[TaskHandle[Any]] = [
            await send.options(group="acme").enqueue("ann"),
            await send.options(group="globex").enqueue("bob"),
            await send.options(group="acme").enqueue("nobody"),
            await resize.enqueue(17),
        ]

        async def ended() -> bool:
            return all([await handle.status() in {TaskState.COMPLETED, TaskState.DEAD} for handle in handles])

        await until(ended)


async def look(running: Console, *texts: str) -> str:
    """Go to the history, once it is known of what there is one."""
    await until(lambda: running.app.snapshot and running.app.snapshot.queues)
    await running.press("9")
    return await running.see(*texts)
