"""Cleo with tasks that do nothing and carry 100 bytes: for bulk enqueue, and for what a million of them take.

Its worker keeps no record of what has run. A million records of an hour would fill the server and say nothing of the
worker, which is what is watched. How a waiting task is stored does not depend on it.
"""

from __future__ import annotations

from benchmarks.peers.common import BULK_CALL_SIZE, QUEUE, Peer, in_chunks, main, redis_url
from cleo_core import Cleo, Limits

PAYLOAD_BYTES = 100

cleo = Cleo(redis_url(), limits=Limits(retention=0))

_PAYLOAD = "x" * PAYLOAD_BYTES


@cleo.task(queue=QUEUE)
async def carry(payload: str) -> None:
    """Do nothing."""


async def enqueue(_slot: int) -> None:
    await carry.enqueue(_PAYLOAD)


async def bulk(slots: range) -> None:
    for chunk in in_chunks(slots, BULK_CALL_SIZE):
        await carry.enqueue_many([(_PAYLOAD,) for _ in chunk])


if __name__ == "__main__":
    main(
        Peer(
            distribution="cleo-tasks",
            session=lambda: cleo,
            enqueue=enqueue,
            bulk=bulk,
            bulk_how=f"enqueue_many, {BULK_CALL_SIZE} a call, {PAYLOAD_BYTES} bytes each",
            worker=("cleo_core.cli.main", "worker", "benchmarks.payload_tasks:cleo"),
            settings="retention=0",
        )
    )
