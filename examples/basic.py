"""The basics: declare a task, enqueue it, run a worker, and watch what happens.

Run it with ``python examples/basic.py``. It uses the server that ``CLEO_REDIS_URL`` names, or one of its own.
"""

from __future__ import annotations

import asyncio
import os

from pydantic import BaseModel

from cleo_core import Cleo, Event, ObserverEvent, TaskPriority, TaskState

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "embedded://"), namespace="example-basic")


class Email(BaseModel):
    """What to send, and to whom."""

    to: str
    subject: str


@cleo.task(queue="send-email", priority=TaskPriority.HIGH, max_retries=3, timeout=30)
async def send_email(email: Email) -> str:
    """Pretend to send an email."""
    return f"Sent {email.subject!r} to {email.to}"


def tell(task_id: str, state: TaskState | None, event: Event) -> None:
    """Say that a task has changed its state."""
    print(f"  {event.name} {task_id[-6:]} is {state.value if state else '?'}")


async def main() -> None:
    """Enqueue three emails and wait for them."""
    cleo.queues.on_task_event(ObserverEvent.STATUS_CHANGE, tell)
    async with cleo, cleo.worker(queues=["send-email"], concurrency=4):
        await cleo.events.ready()
        people = ["ada@example.com", "bob@example.com", "cyd@example.com"]
        handles = await send_email.enqueue_many([(Email(to=person, subject="Hello"),) for person in people])
        for handle in handles:
            print(await handle.result(timeout=10))
        stats = await cleo.queues.stats("send-email")
        print(f"{stats.completed} completed, {stats.dead} dead")


if __name__ == "__main__":
    asyncio.run(main())
