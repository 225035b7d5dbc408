"""``cleo metrics`` as a server that Prometheus scrapes."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from cleo_core import Cleo
from tests.cli.running import Console
from tests.servers import Server
from tests.waiting import until


@asynccontextmanager
async def serving(console: Console, *words: str) -> AsyncGenerator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of a running ``cleo metrics``, and its process."""
    process = console.start("metrics", "--port", "0", *words)
    try:
        assert process.stderr is not None
        said = (await asyncio.to_thread(process.stderr.readline)).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+/metrics", said)
        assert found, said
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


async def scrape(address: str) -> dict[str, float]:
    """What is told, by name and labels."""

    def read() -> str:
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            return answer.read().decode()

    text = await asyncio.to_thread(read)
    samples = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


async def test_each_scrape_tells_how_it_is_by_then(console: Console, cleo: Cleo) -> None:
    @cleo.task(queue="emails", max_retries=0)
    async def send(number: int) -> None:
        if number < 0:
            raise ValueError(number)

    await send.enqueue_many([(1,), (2,), (-1,)])
    async with serving(console) as (address, process):
        before = await scrape(address)
        assert before["cleo_up"] == 1
        assert before['cleo_queue_waiting{queue="emails"}'] == 3
        async with cleo.worker(["emails"]):
            await until(lambda: _drained(cleo))
        after = await scrape(address)
        assert after['cleo_queue_waiting{queue="emails"}'] == 0
        assert after['cleo_queue_completed_total{queue="emails"}'] == 2
        assert after['cleo_queue_died_total{queue="emails"}'] == 1
        # Several at once, as two Prometheus servers would.
        together = await asyncio.gather(*(scrape(address) for _ in range(5)))
        assert all(told["cleo_up"] == 1 for told in together)
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 30) == 130


async def _drained(cleo: Cleo) -> bool:
    stats = await cleo.queues.stats("emails")
    return (stats.completed, stats.dead) == (2, 1)


async def test_a_server_that_is_gone_is_told_and_so_is_that_it_is_back(own_server: Server, namespace: str) -> None:
    console = Console(own_server.url, namespace)
    async with Cleo(own_server.url, namespace=namespace) as cleo:
        await cleo.queues.add("emails", "send")
    async with serving(console, "--patience", "10") as (address, _):
        assert (await scrape(address))["cleo_up"] == 1
        own_server.kill()
        assert (await scrape(address))["cleo_up"] == 0
        await asyncio.to_thread(own_server.start)

        async def is_back() -> bool:
            told = await scrape(address)
            return told["cleo_up"] == 1 and told['cleo_queue_waiting{queue="emails"}'] == 1

        await until(is_back)
