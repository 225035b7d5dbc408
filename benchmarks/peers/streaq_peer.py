"""streaQ under the common workload."""

# pyright: basic, reportMissingImports=false
# streaQ is installed in its own virtual environment only, where a type checker does not look.

from streaq import Worker

from benchmarks.peers.common import BULK_CALL_SIZE, CONCURRENCY, Peer, in_chunks, main, mark, redis_url

worker = Worker(redis_url=redis_url(), concurrency=CONCURRENCY, anyio_kwargs={"use_uvloop": True})


@worker.task(silent=True)
async def stamp(slot: int) -> None:
    mark(slot)


async def enqueue(slot: int) -> None:
    await stamp.enqueue(slot)


async def bulk(slots: range) -> None:
    for chunk in in_chunks(slots, BULK_CALL_SIZE):
        await worker.enqueue_many([stamp.enqueue(slot) for slot in chunk])


if __name__ == "__main__":
    main(
        Peer(
            distribution="streaq",
            session=lambda: worker,
            enqueue=enqueue,
            bulk=bulk,
            bulk_how=f"enqueue_many, {BULK_CALL_SIZE} a call",
            worker=("streaq", "run", "benchmarks.peers.streaq_peer:worker"),
            settings=f"uvloop, concurrency={CONCURRENCY}, results kept (default), task log off",
        )
    )
