"""The demo's rules: which tenants of the shop get more, which are held back, and who locks a tenant now and then."""

from __future__ import annotations

import asyncio
import random

from cleo_core import GroupStrategy
from cleo_core.errors import LockLost, LockTimeout, ServerError
from cleo_tui.demo.workload import cleo, send_newsletter

# Its mail is never sent, so that there is something to resume.
HELD_BACK = "umbrella-newsletter"
HELD_BACK_TASKS = 40
BOOKKEEPING = "hooli"


async def arrange() -> None:
    """Give the queues their rules; once they hold, it changes nothing to give them again."""
    groups = cleo.groups
    # A tenant gets two orders a second on average, so in a wave this one falls behind and catches up after it.
    await groups.configure("emails", "globex", rate_limit="5/2s")
    await groups.configure("emails", HELD_BACK, paused=True)
    await send_newsletter.options(group=HELD_BACK).enqueue_many(
        [(f"reader{number}@umbrella.example", 0) for number in range(HELD_BACK_TASKS)]
    )
    await groups.configure("payments", "acme", weight=3)
    await groups.configure("payments", "globex", weight=2)
    await groups.configure("payments", "initech", concurrency=1)
    await groups.set_defaults("media", concurrency=1)
    await groups.configure("media", "", concurrency=6)
    await groups.set_strategy("webhooks", GroupStrategy.PRIORITY)
    await groups.configure("webhooks", "acme", priority=10)
    await groups.configure("webhooks", "stark", priority=-5, rate_limit="2/s burst 4")


async def keep_books() -> None:
    """Lock one tenant's payments now and then, as a job does that must have them to itself; without end."""
    while True:
        await asyncio.sleep(random.uniform(10, 20))
        lock = cleo.locks.group("payments", BOOKKEEPING, ttl=10, wait=20, owner="bookkeeping@batch-2")
        try:
            async with lock:
                await asyncio.sleep(random.uniform(6, 12))
        except (LockLost, LockTimeout, ServerError):
            # Released by force in the console, or the server is away: the next time comes.
            continue
