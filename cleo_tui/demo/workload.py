"""The demo's tasks: what a small shop does in the background, with the failures that such work has."""

from __future__ import annotations

import asyncio
import os
import random
import time

from pydantic import BaseModel

from cleo_core import Backoff, Cleo, Cron, Every, TaskContext, TaskPriority

NAMESPACE = "demo"
QUEUES = ("emails", "payments", "media", "webhooks", "reports")
TENANTS = ("acme", "globex", "initech", "umbrella", "hooli", "stark")

cleo = Cleo(os.environ.get("CLEO_DEMO_URL", "embedded://"), namespace=NAMESPACE)


class Order(BaseModel):
    """An order of the shop."""

    number: int
    customer: str
    total: float


@cleo.task(queue="emails", max_retries=3, backoff=Backoff.exponential(0.5, maximum=10), timeout=30)
async def send_receipt(order: Order) -> str:
    """Now and then the mail server is not there."""
    await asyncio.sleep(random.lognormvariate(-3.0, 0.6))
    if random.random() < 0.04:
        raise ConnectionError("smtp.example.com:587 refused the connection")
    return f"receipt {order.number} sent to {order.customer}"


@cleo.task(queue="emails", priority=TaskPriority.LOW, max_retries=1, backoff=Backoff.fixed(2.0))
async def send_newsletter(address: str, issue: int) -> None:
    """Some addresses have never been right."""
    await asyncio.sleep(random.uniform(0.01, 0.05))
    if "@" not in address:
        raise ValueError(f"{address!r} is no e-mail address")


@cleo.task(queue="payments", priority=TaskPriority.HIGH, max_retries=2, backoff=Backoff.exponential(1.0, maximum=20))
async def capture_payment(order: Order) -> dict[str, float]:
    """The bank is slow, and sometimes says no."""
    await asyncio.sleep(random.lognormvariate(-1.6, 0.5))
    if random.random() < 0.03:
        raise RuntimeError(f"card declined for order {order.number}: insufficient funds")
    return {"captured": order.total}


@cleo.task(queue="media", max_retries=1, timeout=60)
async def encode_video(ctx: TaskContext, video: str, seconds: int) -> str:
    """Takes its time and says how far it is."""
    steps = 20
    for step in range(steps):
        await asyncio.sleep(seconds / steps)
        ctx.progress((step + 1) / steps, f"frame {(step + 1) * 120:,}")
        if step % 5 == 0:
            ctx.log(f"encoded {step * 5}% of {video}")
    return f"{video}.webm"


@cleo.task(queue="media", max_retries=0)
def make_thumbnail(image: str) -> str:
    """A plain function: it runs in a thread."""
    time.sleep(random.uniform(0.02, 0.15))
    if random.random() < 0.02:
        raise OSError(f"{image}: cannot identify image file")
    return f"{image}.thumb.png"


@cleo.task(queue="webhooks", max_retries=4, backoff=Backoff.exponential(1.0, maximum=60), timeout=2)
async def call_webhook(url: str, order: int) -> int:
    """Other people's servers answer late or not at all."""
    await asyncio.sleep(random.expovariate(4.0) if random.random() < 0.97 else 5.0)
    if random.random() < 0.05:
        raise ConnectionResetError(f"{url} closed the connection")
    return 200


@cleo.task(queue="reports", timeout=300)
async def build_report(ctx: TaskContext, month: str) -> str:
    """Rare and long."""
    for day in range(30):
        await asyncio.sleep(0.6)
        ctx.progress((day + 1) / 30, f"{month}-{day + 1:02}")
    return f"report-{month}.pdf"


@cleo.task(queue="reports", schedule=Every(15.0))
async def check_stock() -> int:
    """Scheduled, four times a minute."""
    await asyncio.sleep(random.uniform(0.05, 0.2))
    return random.randint(0, 40)


@cleo.task(queue="reports", max_retries=0, schedule=Cron("*/2 * * * *", tz="Europe/Oslo"))
async def sum_up_sales() -> None:
    """Scheduled every other minute; now and then the figures are not there yet."""
    await asyncio.sleep(random.uniform(0.2, 1.0))
    if random.random() < 0.25:
        raise LookupError("the figures of the last two minutes are not there yet")


@cleo.task(queue="reports", schedule=Cron("30 3 * * 1-5", tz="America/New_York"))
async def close_the_books() -> None:
    """Scheduled on working days, at night."""
    await asyncio.sleep(2.0)


@cleo.task(queue="reports", max_retries=0)
async def reconcile_accounts(ctx: TaskContext) -> None:
    """Mostly quick, but once in a while it waits for an answer that does not come: stuck, and no timeout ends it."""
    await asyncio.sleep(random.uniform(0.1, 0.3))
    if random.random() < 0.5:
        ctx.log("waiting for the ledger")
        await asyncio.sleep(180)


@cleo.task(queue="reports", max_retries=0)
async def import_spreadsheet(path: str) -> None:
    """The poison: this file takes down every worker that opens it."""
    await asyncio.sleep(0.5)
    os._exit(139)
