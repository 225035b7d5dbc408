"""That a worker is there, and what it can run: its entries in the registries, renewed by each heartbeat."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_core.backend import Backend
from cleo_core.models import WorkerInfo, WorkerState
from cleo_core.scripts import Scripts
from cleo_core.tasks.published import SignatureSet
from cleo_core.wire import Wire

REGISTRY_TTL = 60


class Presence:
    """The entries of one worker. For ``stays`` seconds after a heartbeat it counts as there."""

    def __init__(
        self, backend: Backend, worker: str, queues: Sequence[str], signatures: SignatureSet, *, stays: float
    ) -> None:
        self._keys = backend.keys
        self._worker = worker
        self._queues = queues
        self._signatures = signatures
        self._stays_ms = round(stays * 1000)
        self._entered = False

    async def order(self, wire: Wire) -> WorkerState | None:
        """The state that an operator wants the worker in, or None. What was said to an earlier worker of the same id
        is forgotten.
        """
        if not self._entered:
            await wire.ask("DEL", self._keys.order(self._worker))
            self._entered = True
            return None
        return await self._wanted(wire)

    async def was_ordered_to_end(self, wire: Wire) -> bool:
        """Whether the worker, which is gone, had been told to end."""
        wanted = await self._wanted(wire)
        return wanted is not None and wanted.is_last

    async def _wanted(self, wire: Wire) -> WorkerState | None:
        wanted = await wire.ask("GET", self._keys.order(self._worker))
        return WorkerState.of(wanted)

    async def renew(self, wire: Wire, scripts: Scripts, info: WorkerInfo) -> None:
        """Enter the worker into the registries, or stay in them."""
        keys = self._keys
        beat = round(info.beat_at * 1000)
        oldest = beat - REGISTRY_TTL * 1000
        for queue in self._queues:
            await scripts.write_anyway("ZADD", keys.queues, 0, queue)
            await scripts.attend(queue, self._worker, self._stays_ms)
        await scripts.write_anyway("SET", keys.worker(self._worker), info.model_dump_json(), "EX", REGISTRY_TTL)
        await scripts.write_anyway("ZADD", keys.workers, beat, self._worker)
        await wire.ask("ZREMRANGEBYSCORE", keys.workers, "-inf", oldest)
        await self._publish(wire, scripts, beat, oldest)

    async def _publish(self, wire: Wire, scripts: Scripts, beat: int, oldest: int) -> None:
        """The signatures are written by the first worker that has them; its likes only keep them alive."""
        keys, digest = self._keys, self._signatures.digest
        if not await wire.ask("EXPIRE", keys.signatures(digest), REGISTRY_TTL):
            await scripts.publish(digest, REGISTRY_TTL, self._signatures.signatures)
        await scripts.write_anyway("ZADD", keys.signature_sets, beat, digest)
        await wire.ask("ZREMRANGEBYSCORE", keys.signature_sets, "-inf", oldest)

    async def leave(self, wire: Wire, scripts: Scripts, why: str) -> None:
        """Take the worker out of the registries and tell that it left. Raises ``ServerError`` if that can't be."""
        await wire.ask("ZREM", self._keys.workers, self._worker)
        await wire.ask("DEL", self._keys.worker(self._worker))
        for queue in self._queues:
            await scripts.leave(queue, self._worker, why)
