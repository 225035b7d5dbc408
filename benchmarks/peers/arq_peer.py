"""arq under the common workload."""

# pyright: basic, reportMissingImports=false
# arq is installed in its own virtual environment only, where a type checker does not look.

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import uvloop
from arq.connections import ArqRedis, RedisSettings, create_pool

from benchmarks.peers.common import CONCURRENCY, Peer, enqueue_concurrently, main, mark, redis_url

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

QUIET = {"version": 1, "disable_existing_loggers": False, "loggers": {"arq": {"level": "WARNING"}}}
"""arq logs two lines a job at INFO; the other libraries log none."""


async def stamp(_context: dict[str, Any], slot: int) -> None:
    mark(slot)


class WorkerSettings:
    functions: ClassVar = [stamp]
    redis_settings = RedisSettings.from_dsn(redis_url())
    max_jobs = CONCURRENCY


class Producer:
    redis: ArqRedis

    @asynccontextmanager
    async def session(self) -> AsyncIterator[None]:
        self.redis = await create_pool(WorkerSettings.redis_settings)
        yield
        await self.redis.aclose()

    async def enqueue(self, slot: int) -> None:
        await self.redis.enqueue_job("stamp", slot)

    async def bulk(self, slots: range) -> None:
        await enqueue_concurrently(self.enqueue, slots)


if __name__ == "__main__":
    producer = Producer()
    main(
        Peer(
            distribution="arq",
            session=producer.session,
            enqueue=producer.enqueue,
            bulk=producer.bulk,
            bulk_how=f"no bulk call, {CONCURRENCY} enqueues at once",
            worker=(
                "arq",
                "benchmarks.peers.arq_peer.WorkerSettings",
                "--custom-log-dict",
                "benchmarks.peers.arq_peer.QUIET",
            ),
            settings=f"uvloop, max_jobs={CONCURRENCY}, results kept (default), poll every 0.5 s (default)",
        )
    )
