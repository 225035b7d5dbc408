"""ArdiQ under the common workload."""

# pyright: basic, reportMissingImports=false
# ArdiQ is installed in its own virtual environment only, where a type checker does not look.

import asyncio
from contextlib import nullcontext

import uvloop
from ardiq import Ardiq

from benchmarks.peers.common import BULK_CALL_SIZE, CONCURRENCY, Peer, in_chunks, main, mark, redis_url

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

app = Ardiq(redis_url=redis_url(), concurrency=CONCURRENCY, prefetch=2 * CONCURRENCY)


@app.task(name="stamp")
async def stamp(slot: int) -> None:
    mark(slot)


async def enqueue(slot: int) -> None:
    await stamp.enqueue(slot)


async def bulk(slots: range) -> None:
    for chunk in in_chunks(slots, BULK_CALL_SIZE):
        await app.enqueue_many([stamp.prepare(slot) for slot in chunk])


if __name__ == "__main__":
    main(
        Peer(
            distribution="ardiq",
            session=nullcontext,
            enqueue=enqueue,
            bulk=bulk,
            bulk_how=f"enqueue_many, {BULK_CALL_SIZE} a call",
            worker=("ardiq", "run", "benchmarks.peers.ardiq_peer:app", "--quiet"),
            settings=f"uvloop, concurrency={CONCURRENCY}, prefetch={2 * CONCURRENCY}, results kept (default)",
        )
    )
