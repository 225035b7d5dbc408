"""The workers that are at work, as their heartbeats tell."""

from __future__ import annotations

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.connection import acting_on
from cleo_core.models import WorkerInfo

ALIVE = 30.0


class Workers:
    """The registry of workers."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, *, limit: int = 500) -> list[WorkerInfo]:
        """The workers whose last heartbeat is less than 30 s old, the latest first."""
        keys = self._backend.keys
        client = await self._backend.client()
        with acting_on(self._backend.resolved):
            seconds, _ = await client.time()
            ids = await client.zrange(
                keys.workers, "+inf", (int(seconds) - ALIVE) * 1000, desc=True, byscore=True, offset=0, num=limit
            )
            if not ids:
                return []
            async with client.pipeline(transaction=False) as pipe:
                for worker in ids:
                    pipe.get(keys.worker(worker.decode()))
                rows = await pipe.execute()
        return [WorkerInfo.model_validate(from_json(row)) for row in rows if row]

    async def count(self) -> int:
        """How many workers are alive."""
        client = await self._backend.client()
        with acting_on(self._backend.resolved):
            seconds, _ = await client.time()
            return await client.zcount(self._backend.keys.workers, (int(seconds) - ALIVE) * 1000, "+inf")
