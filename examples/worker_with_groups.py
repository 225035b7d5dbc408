"""A worker with groups and schedules: customers who share it fairly, and tasks that come at set times.

Run it with ``cleo worker examples.worker_with_groups:cleo`` and enqueue from elsewhere, or look at it for a few seconds
with ``python examples/worker_with_groups.py``. It uses the server that ``CLEO_REDIS_URL`` names, or one of its own.
"""

from __future__ import annotations

import asyncio
import os

from cleo_core import Cleo, Cron, Every, GroupStrategy

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "embedded://"), namespace="example-groups")
running: dict[str, int] = {}
most: dict[str, int] = {}


@cleo.task(queue="imports", timeout=60)
async def import_page(customer: str, page: int) -> int:
    """Import one page of a customer's data; note how many of them run at once."""
    running[customer] = running.get(customer, 0) + 1
    most[customer] = max(most.get(customer, 0), running[customer])
    await asyncio.sleep(0.02)
    running[customer] -= 1
    return page


@cleo.task(queue="clock", schedule=Every(1))
async def tick() -> None:
    """Come each second, whichever of the workers has time."""
    print("tick")


@cleo.task(queue="clock", schedule=Cron("30 2 * * *", tz="Europe/Berlin"))
async def nightly_report() -> None:
    """Come each night at half past two in Berlin, once also when the clocks change."""


async def set_up_groups() -> None:
    """One customer may run two at once, the other has twice the weight; all of them take turns."""
    await cleo.groups.set_strategy("imports", GroupStrategy.ROUND_ROBIN)
    await cleo.groups.configure("imports", "small", concurrency=2)
    await cleo.groups.configure("imports", "big", weight=2)


async def main() -> None:
    """Import the pages of two customers while the clock ticks."""
    async with cleo:
        await set_up_groups()
        handles = [
            await import_page.options(group=customer).enqueue(customer, page)
            for customer in ("small", "big")
            for page in range(20)
        ]
        coming = await cleo.groups.preview("imports", limit=6)
        print("next:", " ".join(task.group for task in coming))
        async with cleo.worker(queues=["imports", "clock"], concurrency=10):
            for handle in handles:
                await handle.result(timeout=30)
            await asyncio.sleep(2.5)
        print(f"at most {most['small']} of small at once, more of big: {most['big'] > 2}")
        for schedule in (await cleo.schedules.list("clock")).items:
            print("scheduled:", schedule.id)


if __name__ == "__main__":
    asyncio.run(main())
