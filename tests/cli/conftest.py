"""``cleo`` on the server of the tests, and a namespace in which there is something to see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from cleo_core import Cleo, Cron
from tests.cli.running import Console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def console(server: Server, namespace: str) -> Console:
    """``cleo`` in the test's namespace."""
    return Console(server.url, namespace)


@dataclass(frozen=True)
class World:
    """A namespace with tasks in all states; the ids are of the queue ``emails``."""

    waiting: list[str]
    dead: list[str]
    completed: str
    discard: str
    stopped: str
    worker: str


@pytest.fixture
async def world(cleo: Cleo) -> AsyncIterator[World]:
    """Tasks that wait in two groups, dead letters of two kinds, a completed task, a held lock, and a live worker."""

    @cleo.task(queue="emails", max_retries=0)
    async def send(number: int, to: str = "ada") -> str:
        if number < 0:
            raise ValueError(f"there is no number {number}")
        if number == 0:
            raise KeyError(to)
        return f"sent {number} to {to}"

    async with cleo.worker(["emails"], concurrency=2):
        failed = [await send.enqueue(number) for number in (-1, -2, 0, -3)]
        done = await send.enqueue(1)
        await done.result(timeout=30)

        async def all_failed() -> bool:
            return (await cleo.queues.stats("emails")).dead == len(failed)

        await until(all_failed)
        await until(cleo.workers.signatures)
        discard = await cleo.dead_letters.discard("emails", [failed.pop().id])
        stopped = await _stopped_retry(cleo)
        worker = (await cleo.workers.list())[0].id
        await cleo.schedules.add("emails", "nightly", "send", {"number": 9}, when=Cron("30 4 * * *"))
        await cleo.queues.pause("emails")
        waiting = [
            (await send.options(group=group).enqueue(number)).id for number in (5, 6, 7) for group in ("acme", "beta")
        ]
        await send.options(delay=3600).enqueue(8)
        async with cleo.locks.group("emails", "locked", ttl=60, owner="a test"):
            yield World(waiting, [handle.id for handle in failed], done.id, discard.discard, stopped, worker)


async def _stopped_retry(cleo: Cleo) -> str:
    """A retry of nothing that was stopped, and one that is done."""
    await cleo.dead_letters.retry_all("emails", name="nobody")
    async for begun in cleo.dead_letters.retry_all("emails", name="nobody"):
        return (await cleo.dead_letters.stop_retry("emails", begun.id)).id
    raise AssertionError("The retry did not begin.")
