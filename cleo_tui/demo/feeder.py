"""The demo's customers: a process that enqueues without end, in waves, until it is told to stop.

``python -m cleo_tui.demo.feeder 100`` makes 100 orders a second in place of the usual ones.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import signal
import sys
from itertools import count

from cleo_core.errors import ServerError
from cleo_tui.demo.arrangement import arrange, keep_books
from cleo_tui.demo.workload import (
    TENANTS,
    Order,
    build_report,
    call_webhook,
    capture_payment,
    cleo,
    encode_video,
    import_spreadsheet,
    make_thumbnail,
    reconcile_accounts,
    send_newsletter,
    send_receipt,
)

LOG = logging.getLogger("cleo.demo")
ORDERS_A_SECOND = 12.0
NEWSLETTER = 400


async def place_order(number: int) -> None:
    """What one order sets off."""
    tenant = random.choice(TENANTS)
    order = Order(
        number=number, customer=f"customer{number % 977}@{tenant}.example", total=round(random.uniform(5, 400), 2)
    )
    await capture_payment.options(group=tenant).enqueue(order)
    await send_receipt.options(group=tenant).enqueue(order)
    if number % 2 == 0:
        await call_webhook.options(group=tenant).enqueue(f"https://{tenant}.example/hooks/order", number)
    if number % 3 == 0:
        await make_thumbnail.enqueue(f"product-{number % 211}.jpg")
    if number % 40 == 0:
        await encode_video.options(group=tenant).enqueue(f"{tenant}-{number}.mov", random.randint(4, 15))
    if number % 300 == 20:
        await reconcile_accounts.enqueue()
    if number % 60 == 0:
        await send_receipt.options(group=tenant, delay=random.uniform(20, 120)).enqueue(order)


async def send_out_newsletter(issue: int) -> None:
    """A batch of mail at once, with a few addresses that can't be right."""
    addresses = [f"reader{n}@example.com" if n % 90 else f"reader{n} at example.com" for n in range(NEWSLETTER)]
    await send_newsletter.enqueue_many([(address, issue) for address in addresses])


async def feed(orders: float) -> None:
    """Place so many orders a second until the process is told to stop; a server that is away is waited for."""
    for number in count(1):
        try:
            await place_order(number)
            if number % 900 == 300:
                await send_out_newsletter(number // 900 + 1)
            if number % 500 == 50:
                await build_report.enqueue(f"2026-{number // 500 % 12 + 1:02}")
            if number == 150:
                await import_spreadsheet.options(task_id="q3-figures").enqueue("uploads/q3-figures.xlsx")
        except ServerError as error:
            LOG.warning("%s", error)
            await asyncio.sleep(1.0)
        wave = 1.0 + 0.6 * math.sin(number / 220)
        await asyncio.sleep(random.expovariate(orders * wave))


async def _feed_and_keep_books(orders: float) -> None:
    await _arrange_once_it_can_be()
    async with asyncio.TaskGroup() as group:
        group.create_task(feed(orders), name="demo-feed")
        group.create_task(keep_books(), name="demo-books")


async def _arrange_once_it_can_be() -> None:
    while True:
        try:
            await arrange()
        except ServerError as error:
            LOG.warning("%s", error)
            await asyncio.sleep(1.0)
        else:
            return


async def _main(orders: float) -> None:
    feeding = asyncio.create_task(_feed_and_keep_books(orders))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, feeding.cancel)
    try:
        await feeding
    except asyncio.CancelledError:
        await cleo.close()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr)
    asyncio.run(_main(float(sys.argv[1]) if len(sys.argv) > 1 else ORDERS_A_SECOND))
