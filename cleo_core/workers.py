"""The workers that are at work, as their heartbeats tell."""

from __future__ import annotations

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.models import WorkerInfo

ALIVE = 30.0


class Workers:
    """The registry of workers."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def list(self, *, limit: int = 500) -> list[WorkerInfo]:
        """The workers whose last heartbeat is less than 30 s old, the latest first, at most ``limit``."""
        keys = self._backend.keys
        ids = await self._backend.ask(
            "ZRANGE", keys.workers, "+inf", await self._since(), "BYSCORE", "REV", "LIMIT", 0, max(1, limit)
        )
        rows: list[bytes | None] = (
            await self._backend.ask("MGET", *(keys.worker(worker.decode()) for worker in ids)) if ids else []
        )
        return [WorkerInfo.model_validate(from_json(row)) for row in rows if row]

    async def count(self) -> int:
        """How many workers are alive."""
        return await self._backend.ask("ZCOUNT", self._backend.keys.workers, await self._since(), "+inf")

    async def _since(self) -> int:
        """The oldest heartbeat that counts as alive, by the server's clock (ms)."""
        seconds, _ = await self._backend.ask("TIME")
        return round((int(seconds) - ALIVE) * 1000)
