"""Workers: that they are there, what they can run, and what operators want of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from cleo_core.scripts.calls import Calls


class WorkerScripts(Calls):
    """The registry of workers and what is written beside it."""

    async def attend(self, queue: str, worker: str, stays_ms: int) -> bool:
        """Say that a worker is there for so long; whether it was not there before."""
        return await self._run("attend", queue, worker, stays_ms) == 1

    async def leave(self, queue: str, worker: str, why: str) -> bool:
        """Say that a worker is there no more; whether it was there."""
        return await self._run("leave", queue, worker, why) == 1

    async def publish(self, digest: str, ttl: int, signatures: Mapping[str, bytes]) -> None:
        """Enter a set of task signatures, which lives ``ttl`` seconds."""
        await self._run_on(self._keys.signatures(digest), "publish", ttl, *chain.from_iterable(signatures.items()))

    async def sample(self, key: str, number: int, sample: bytes, ends: int) -> None:
        """Write down a worker's load in a minute or hour; the whole key goes at ``ends`` (seconds since the epoch)."""
        await self._run_on(key, "sample", number, sample, ends)

    async def order(self, actor: str, action: str, worker: str, state: str, ttl: int) -> None:
        """Tell a worker which state is wanted; it finds the order for ``ttl`` seconds if it does not hear it."""
        await self._run_on(self._keys.audit, "order", actor, action, worker, state, ttl)
