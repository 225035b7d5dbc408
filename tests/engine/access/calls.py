"""What a row of the table of calls is: a call of the public face, who may make it, and what must be there for it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from cleo_core import Cleo, Every
from cleo_core.models import WorkerInfo
from tests.engine.access.users import ROLES, Seeded
from tests.ghosts import claim_and_die
from tests.raw import ask

EVERYONE = frozenset(ROLES)
LOOK = frozenset({"viewer", "operator", "admin"})
CHANGE = frozenset({"operator", "admin"})
PRODUCE = frozenset({"producer", "worker", "admin"})
WORK = frozenset({"worker", "admin"})
LOCK = frozenset({"worker", "operator", "admin"})
CLEAR = frozenset({"admin"})

Step = Callable[[Cleo, Seeded], Awaitable[Any]]


@dataclass(frozen=True)
class Case:
    """A call, and who may make it. ``name`` begins with the call; ``first`` is done before it, by the default user."""

    name: str
    allowed: frozenset[str]
    make: Step
    first: Callable[[Cleo, Seeded], Awaitable[Seeded]] | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def call(self) -> str:
        """The call itself: ``queues.pause``, or ``ping``."""
        return self.name.split()[0]


# --- what must be there ------------------------------------------------------------------------------


async def a_schedule(cleo: Cleo, seeded: Seeded) -> Seeded:
    """A schedule ``nightly``."""
    await cleo.schedules.add("emails", "nightly", "send", {"to": 1}, when=Every(3600))
    return seeded


async def a_held_schedule(cleo: Cleo, seeded: Seeded) -> Seeded:
    """A paused schedule ``nightly``."""
    await a_schedule(cleo, seeded)
    await cleo.schedules.pause("emails", "nightly")
    return seeded


async def a_discard(cleo: Cleo, seeded: Seeded) -> Seeded:
    """The dead letter lies in the trash."""
    report = await cleo.dead_letters.discard("emails", [seeded.dead])
    return replace(seeded, discard=report.discard)


async def a_retry(cleo: Cleo, seeded: Seeded) -> Seeded:
    """A retry of all dead letters that has begun and not gone on."""
    async for run in cleo.dead_letters.retry_all("emails"):
        return replace(seeded, run=run.id)
    raise AssertionError("a retry gives a report before its first step")


async def a_worker(cleo: Cleo, seeded: Seeded) -> Seeded:
    """A worker ``somebody`` whose last heartbeat was just now."""
    keys, now = cleo.backend.keys, time.time()
    info = WorkerInfo(
        id="somebody", host="h", pid=1, version="0", queues=["emails"], tasks=[], concurrency=1, active=0, processed=0,
        failed=0, cpu=0, memory=1, loop_lag=0, started_at=now, beat_at=now,
    )  # fmt: skip
    await ask(cleo, "SET", keys.worker("somebody"), info.model_dump_json(), "EX", 60)
    await ask(cleo, "ZADD", keys.workers, round(now * 1000), "somebody")
    return seeded


async def a_paused_worker(cleo: Cleo, seeded: Seeded) -> Seeded:
    """As ``a_worker``, told to pause."""
    await a_worker(cleo, seeded)
    await cleo.workers.pause("somebody")
    return seeded


async def a_lost_task(cleo: Cleo, seeded: Seeded) -> Seeded:
    """The waiting task was claimed, and its lease ran out."""
    await claim_and_die(cleo, "emails", lease=0.001)
    return seeded


async def a_paused_queue(cleo: Cleo, seeded: Seeded) -> Seeded:
    """The queue is paused."""
    await cleo.queues.pause("emails")
    return seeded


async def a_paused_group(cleo: Cleo, seeded: Seeded) -> Seeded:
    """The group is paused."""
    await cleo.groups.pause("emails", "acme")
    return seeded


async def a_stopped_retry(cleo: Cleo, seeded: Seeded) -> Seeded:
    """As ``a_retry``, stopped."""
    begun = await a_retry(cleo, seeded)
    await cleo.dead_letters.stop_retry("emails", begun.run)
    return begun
