"""taskiq with the Redis stream broker of taskiq-redis under the common workload."""

# pyright: basic, reportMissingImports=false
# taskiq is installed in its own virtual environment only, where a type checker does not look.

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from taskiq_redis import RedisStreamBroker

from benchmarks.peers.common import CONCURRENCY, Peer, enqueue_concurrently, main, mark, redis_url

broker = RedisStreamBroker(url=redis_url(), max_connection_pool_size=CONCURRENCY + 2)


@broker.task(task_name="stamp")
async def stamp(slot: int) -> None:
    mark(slot)


@asynccontextmanager
async def session() -> AsyncIterator[None]:
    await broker.startup()
    yield
    await broker.shutdown()


async def enqueue(slot: int) -> None:
    await stamp.kiq(slot)


async def bulk(slots: range) -> None:
    await enqueue_concurrently(enqueue, slots)


if __name__ == "__main__":
    main(
        Peer(
            distribution="taskiq-redis",
            session=session,
            enqueue=enqueue,
            bulk=bulk,
            bulk_how=f"no bulk call, {CONCURRENCY} enqueues at once",
            worker=(
                "taskiq",
                "worker",
                "benchmarks.peers.taskiq_peer:broker",
                "--workers=1",
                f"--max-async-tasks={CONCURRENCY}",
                "--log-level=WARNING",
            ),
            settings=f"uvloop, stream broker, max-async-tasks={CONCURRENCY}, no result backend (default)",
        )
    )
