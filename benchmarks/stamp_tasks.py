"""Cleo under the workload that it shares with its peers: a task that takes an integer and notes the time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.peers.common import BULK_CALL_SIZE, CONCURRENCY, QUEUE, Peer, in_chunks, main, mark, redis_url
from cleo_core import Cleo

cleo = Cleo(redis_url())


@cleo.task(queue=QUEUE)
async def stamp(slot: int) -> None:
    mark(slot)


@asynccontextmanager
async def session() -> AsyncGenerator[None]:
    async with cleo:
        await cleo.ping()
        yield


async def bulk(slots: range) -> None:
    for chunk in in_chunks(slots, BULK_CALL_SIZE):
        await stamp.enqueue_many([(slot,) for slot in chunk])


if __name__ == "__main__":
    main(
        Peer(
            distribution="cleo-tasks",
            session=session,
            enqueue=stamp.enqueue,
            bulk=bulk,
            bulk_how=f"enqueue_many, {BULK_CALL_SIZE} a call",
            worker=("cleo_core.cli.main", "worker", "benchmarks.stamp_tasks:cleo"),
            settings=f"uvloop, concurrency={CONCURRENCY} (default), all else as it is by default: history, counters,"
            " events, leases, results kept an hour",
        )
    )
