"""Groups, strategies, errors and dead letters: a service whose methods are tasks, and customers who take turns.

Run it with ``python examples/advanced.py``. It uses the server that ``CLEO_REDIS_URL`` names, or one of its own.
"""

from __future__ import annotations

import asyncio
import os

from cleo_core import Backoff, Cleo, GroupStrategy, TaskContext, TaskFailed, retry_with_backoff

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "embedded://"), namespace="example-advanced")
order: list[str] = []


@cleo.queue_class(queue="notifications", max_retries=3, backoff=Backoff.fixed(0.05), timeout=300)
class NotificationService:
    """Each public method is a task."""

    async def send_push(self, customer: str, message: str) -> str:
        """Push a message."""
        order.append(customer)
        return f"pushed {message!r}"

    async def send_sms(self, customer: str, message: str) -> str:
        """Send a text message."""
        order.append(customer)
        return f"texted {message!r}"


@cleo.task(queue="reliable", max_retries=3, backoff=Backoff.exponential(0.05, maximum=1.0))
async def might_fail(ctx: TaskContext) -> str:
    """Fail twice, then succeed."""
    if ctx.attempt < 3:
        raise ConnectionError("Oops!")
    return f"worked in attempt {ctx.attempt}"


@cleo.task(queue="reliable", max_retries=0)
async def always_fails() -> None:
    """Show what becomes of a task that can't succeed."""
    raise ValueError("This can never work")


async def show_strategies() -> None:
    """One customer has sent twice as much; under each strategy the turns are different."""
    for strategy in (GroupStrategy.ROUND_ROBIN, GroupStrategy.FIFO, GroupStrategy.PRIORITY):
        await cleo.groups.set_strategy("notifications", strategy)
        await cleo.groups.set_priority("notifications", "small", 10)
        push = cleo.tasks.get("NotificationService.send_push").options(group="big")
        sms = cleo.tasks.get("NotificationService.send_sms").options(group="small")
        handles = [await push.enqueue("big", f"news {n}") for n in range(4)]
        handles += [await sms.enqueue("small", f"code {n}") for n in range(2)]
        order.clear()
        async with cleo.worker(queues=["notifications"], concurrency=1, prefetch=0):
            for handle in handles:
                await handle.result(timeout=10)
        print(f"{strategy.value}: {' '.join(order)}")


async def show_errors() -> None:
    """A task that recovers, one that becomes a dead letter, and how that is looked at and tried again."""
    async with cleo.worker(queues=["reliable"]):
        print(await (await might_fail.enqueue()).result(timeout=10))
        handle = await always_fails.enqueue()
        try:
            await handle.result(timeout=10)
        except TaskFailed as failure:
            print(failure.error)
        (letter,) = (await cleo.dead_letters.list("reliable")).items
        record = await cleo.queues.get_task("reliable", letter.id)
        print(f"a dead letter after {len(record.attempts)} attempt: {record.attempts[0].error_type}")
        await cleo.dead_letters.discard("reliable", [letter.id])


async def show_backoff() -> None:
    """Retries without a queue."""
    tries = 0

    async def unreliable() -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("not yet")
        return f"done after {tries} tries"

    print(await retry_with_backoff(unreliable, retries=3, base=0.01))


async def main() -> None:
    """Show them all, and a lock: while it is held, no task of its group runs."""
    async with cleo:
        await show_strategies()
        await show_errors()
        await show_backoff()
        async with cleo.locks.group("notifications", "big"):
            await cleo.queues.add(
                "notifications", "NotificationService.send_push", {"customer": "big", "message": "later"}, group="big"
            )
            print("locked:", [task.id for task in await cleo.groups.preview("notifications")])


if __name__ == "__main__":
    asyncio.run(main())
