"""Dramatiq with its Redis broker under the common workload."""

# pyright: basic, reportMissingImports=false
# Dramatiq is installed in its own virtual environment only, where a type checker does not look.

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers.common import CONCURRENCY, Peer, enqueue_concurrently, main, mark, redis_url

broker = RedisBroker(url=redis_url())
dramatiq.set_broker(broker)

WORKER_THREADS = 8
"""Dramatiq's default and advice: its tasks are synchronous, and more threads only fight over the interpreter lock."""


@dramatiq.actor
def stamp(slot: int) -> None:
    mark(slot)


@asynccontextmanager
async def session() -> AsyncIterator[None]:
    yield
    broker.close()


async def enqueue(slot: int) -> None:
    stamp.send(slot)


async def bulk(slots: range) -> None:
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        await enqueue_concurrently(lambda slot: loop.run_in_executor(threads, stamp.send, slot), slots)


if __name__ == "__main__":
    main(
        Peer(
            distribution="dramatiq",
            session=session,
            enqueue=enqueue,
            bulk=bulk,
            bulk_how=f"no bulk call, {CONCURRENCY} enqueues at once, in threads",
            worker=(
                "dramatiq",
                "benchmarks.peers.dramatiq_peer",
                "--processes=1",
                f"--threads={WORKER_THREADS}",
            ),
            settings=f"synchronous tasks, {WORKER_THREADS} threads (default), no results (default)",
        )
    )
