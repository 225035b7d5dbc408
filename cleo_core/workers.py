"""The workers that are at work, as their heartbeats tell; what they can run, and what they are told to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption, WorkerNotFound, WrongState
from cleo_core.models import (
    RecoveryReport,
    StuckKind,
    StuckPage,
    StuckTask,
    TaskSignature,
    WorkerInfo,
    WorkerState,
)
from cleo_core.names import check_name
from cleo_core.queues import clamp
from cleo_core.stuck import FORSAKEN, add, find, recover, recover_all

ALIVE = 30.0
ORDER_TTL = 3_600
MAX_SETS = 100
SLICE = 500


class Workers:
    """The registry of workers. Every call raises ``ServerError`` when the server can't be used as it is."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    # --- a look --------------------------------------------------------------------------------------

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

    async def get(self, worker_id: str) -> WorkerInfo:
        """One worker, as its last heartbeat described it, up to a minute after that.

        Raises:
            WorkerNotFound: none of that id is alive.
        """
        row = await self._backend.ask("GET", self._backend.keys.worker(check_name("worker", worker_id)))
        if row is None:
            raise WorkerNotFound(f"No worker {worker_id!r} is alive. It ended or died; see the list of workers.")
        return WorkerInfo.model_validate(from_json(row))

    async def count(self) -> int:
        """How many workers are alive."""
        return await self._backend.ask("ZCOUNT", self._backend.keys.workers, await self._since(), "+inf")

    async def _since(self) -> int:
        """The oldest heartbeat that counts as alive, by the server's clock (ms)."""
        seconds, _ = await self._backend.ask("TIME")
        return round((int(seconds) - ALIVE) * 1000)

    # --- what they can run ---------------------------------------------------------------------------

    async def signature(self, name: str) -> TaskSignature | None:
        """How the task of that name is called, or None if no live worker has it.

        If live workers have different code of it, what was published last counts.
        """
        check_name("task", name)
        for digest in await self._signature_sets():
            found = await self._backend.ask("HGET", self._backend.keys.signatures(digest), name)
            if found is not None:
                return TaskSignature.model_validate(from_json(found))
        return None

    async def signatures(self, *, limit: int = 1_000) -> list[TaskSignature]:
        """The signatures of all tasks that live workers have, by name, at most ``limit``."""
        found: dict[str, TaskSignature] = {}
        for digest in await self._signature_sets():
            async for data in self._in_set(digest):
                signature = TaskSignature.model_validate(from_json(data))
                found.setdefault(signature.name, signature)
                if len(found) >= limit:
                    break
        return sorted(found.values(), key=lambda signature: signature.name)[: max(1, limit)]

    async def _signature_sets(self) -> list[str]:
        """The sets of live workers, the last published first."""
        keys = self._backend.keys
        sets = await self._backend.ask(
            "ZRANGE", keys.signature_sets, "+inf", await self._since(), "BYSCORE", "REV", "LIMIT", 0, MAX_SETS
        )
        digests = [digest.decode() for digest in sets]
        published = await self._backend.ask_all(*(("HGET", keys.signatures(digest), "") for digest in digests))
        alive = [(int(at), digest) for at, digest in zip(published, digests, strict=True) if at is not None]
        return [digest for _, digest in sorted(alive, reverse=True)]

    async def _in_set(self, digest: str) -> AsyncIterator[bytes]:
        cursor: bytes = b"0"
        while True:
            cursor, flat = await self._backend.ask(
                "HSCAN", self._backend.keys.signatures(digest), cursor, "COUNT", SLICE
            )
            for name, data in zip(flat[::2], flat[1::2], strict=True):
                if name:
                    yield data
            if int(cursor) == 0:
                return

    # --- stuck tasks ---------------------------------------------------------------------------------

    async def stuck(
        self,
        queue: str,
        *,
        offset: int = 0,
        limit: int = 100,
        look: int = 5_000,
        past_usual: float = 3.0,
        at_least: float = 5.0,
    ) -> StuckPage:
        """The running tasks of a queue that look stuck, each with its reasons, those whose leases end first at the
        beginning: at most ``limit`` (up to 1,000) among the next ``look`` running ones (up to 100,000) from ``offset``.

        A task looks stuck if its lease ran out, its worker is silent or has a blocked loop, it is 2 s past its timeout,
        or it runs longer than ``past_usual`` times what 99% of its like took in the last hour (and than ``at_least``
        seconds). Nothing is changed by looking.

        Raises:
            InvalidOption: a number that can't be.
        """
        return await find(self._backend, queue, offset, clamp(limit), max(1, min(look, 100_000)), past_usual, at_least)

    async def recover_stuck(
        self,
        queue: str | None = None,
        tasks: Sequence[StuckTask | str] | None = None,
        *,
        kinds: Collection[StuckKind] = FORSAKEN,
    ) -> RecoveryReport:
        """Take running tasks from their workers and put them back to where they waited. Audited. In steps of 500.

        ``tasks`` are those that ``stuck`` found (nothing happens to one that runs under another lease by now), or ids.
        Without them all are taken back that are stuck for a reason of these ``kinds``: unless named, those that nobody
        is at work on. Without a queue all queues are gone through.

        What has lost its lease is charged with a loss as by a sweep, so poison is found out. What is taken from a
        worker that still holds it is not charged; it may run twice for a while, because the worker is only told, and
        can't be forced, to stop. Whatever that one still reports is refused (``StaleLease``).

        Raises:
            InvalidOption: tasks without their queue.
        """
        if tasks is not None:
            if queue is None:
                raise InvalidOption("These tasks are in a queue. Say in which.")
            return await recover(self._backend, queue, tasks)
        if queue is not None:
            return await recover_all(self._backend, queue, kinds)
        total, first = RecoveryReport(done=0), 0
        while names := await self._backend.ask("ZRANGE", self._backend.keys.queues, first, first + SLICE - 1):
            first += SLICE
            for name in names:
                total = add(total, await recover_all(self._backend, name.decode(), kinds))
        return total

    # --- what they are told --------------------------------------------------------------------------

    async def pause(self, worker_id: str) -> bool:
        """Let a worker claim no tasks until ``resume``; what it runs goes on. False if it was paused. Audited.

        The worker is told at once; if that is lost, it finds the order at its next heartbeat.

        Raises:
            WorkerNotFound: none of that id is alive.
            WrongState: it is about to end.
        """
        return await self._order(worker_id, WorkerState.PAUSED)

    async def resume(self, worker_id: str) -> bool:
        """Let a paused worker claim again. False if it was not paused. Audited. Raises what ``pause`` raises."""
        return await self._order(worker_id, WorkerState.RUNNING)

    async def drain(self, worker_id: str) -> bool:
        """Let a worker claim no more and end when all that it runs has ended, for good: the ``cleo worker`` that
        started it starts no other in its place. False if it drains already. Audited. Raises what ``pause`` raises.
        """
        return await self._order(worker_id, WorkerState.DRAINING)

    async def stop(self, worker_id: str) -> bool:
        """As ``drain``, but as on SIGTERM: what doesn't end within the grace period is handed back. Audited.

        A draining worker can be stopped; False if it stops already. Raises what ``pause`` raises.
        """
        return await self._order(worker_id, WorkerState.STOPPING)

    async def _order(self, worker_id: str, state: WorkerState) -> bool:
        keys, info = self._backend.keys, await self.get(worker_id)
        wanted = WorkerState.of(await self._backend.ask("GET", keys.order(worker_id)))
        now = info.state if info.state.is_last else wanted or info.state
        if now is state:
            return False
        if now.is_last and state is not WorkerState.STOPPING:
            raise WrongState(
                f"The worker {worker_id} is {now} and will end; it can't be told anything else but to stop."
            )
        scripts = await self._backend.scripts()
        await scripts.order(self._backend.actor, f"worker {_VERBS[state]}", worker_id, state, ORDER_TTL)
        return True


_VERBS = {
    WorkerState.RUNNING: "resume",
    WorkerState.PAUSED: "pause",
    WorkerState.DRAINING: "drain",
    WorkerState.STOPPING: "stop",
}
