"""Task history: what ran where and how it went, by worker, task, queue and group, and the figures of it all.

Run it with ``python examples/task_history.py``. It uses the server that ``CLEO_REDIS_URL`` names, or one of its own.
"""

from __future__ import annotations

import asyncio
import os

from cleo_core import Backoff, Cleo, TaskContext
from cleo_core.models import HistoryEntry, Outcome

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "embedded://"), namespace="example-history")


@cleo.task(queue="email-queue", group="notifications", max_retries=1, backoff=Backoff.fixed(0))
async def send_email(ctx: TaskContext, number: int) -> str:
    """Succeed at once, in the second attempt, or never."""
    await asyncio.sleep(0.002 * number)
    if number % 5 == 4:
        raise ConnectionError(f"mailbox {number} is away")
    if number % 5 == 3 and ctx.attempt == 1:
        raise TimeoutError("try again")
    return f"sent {number}"


def tell(what: str, entries: list[HistoryEntry]) -> None:
    """Print how many attempts there are, and the latest."""
    latest = entries[0]
    print(f"{what}: {len(entries)} attempts, the latest {latest.outcome.value} in {latest.run * 1000:.0f} ms")


async def main() -> None:
    """Run twenty tasks and look back at them."""
    async with cleo:
        handles = await send_email.enqueue_many([(n,) for n in range(20)])
        async with cleo.worker(queues=["email-queue"], concurrency=4) as worker:
            await asyncio.gather(*(handle.result(timeout=30) for handle in handles), return_exceptions=True)
        history = cleo.history
        tell("worker", await history.worker(worker.id, limit=50))
        tell("queue", await history.queue("email-queue", limit=100))
        tell("group", await history.group("email-queue", "notifications", limit=75))
        tell("everything", await history.everything(limit=200))
        for entry in reversed(await history.task(handles[3].id, limit=25)):
            print(f"task 3, attempt {entry.attempt}: {entry.outcome.value} {entry.error}".rstrip())

        stats = await history.stats("email-queue")
        figures = stats.figures
        print(f"success rate {figures.success_rate:.0%} of {figures.attempts} attempts, {figures.died} dead letters")
        print(f"run time: average {figures.run_average:.3f} s, half within {figures.run.p50:.3f} s")
        for error in stats.errors:
            print(f"{error.count} times {error.pattern}")
        for load in stats.workers:
            print(f"a worker took {load.memory / 2**20:.0f} MiB, {load.cpu:.0f}% of a core")
        failures = await history.queue("email-queue", outcome=Outcome.FAILED, error="mailbox 4 ")
        print(f"mailbox 4 failed {len(failures)} times")


if __name__ == "__main__":
    asyncio.run(main())
