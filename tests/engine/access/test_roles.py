"""Each call of the public face as each role: allowed, or refused by the server with nothing changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cleo_core import Cleo, GroupStrategy, TaskState
from cleo_core.errors import PermissionDenied
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES, Seeded, dump

LOOK = {"viewer", "operator", "admin"}
COUNT = LOOK | {"producer", "worker"}
CHANGE = {"operator", "admin"}
PRODUCE = {"producer", "worker", "admin"}
WORK = {"worker", "admin"}
LOCK = {"worker", "operator", "admin"}


@dataclass(frozen=True)
class Case:
    """A call, and who may make it."""

    name: str
    allowed: set[str]
    make: Callable[[Cleo, Seeded], Awaitable[Any]]

    def __str__(self) -> str:
        return self.name


async def _events(cleo: Cleo, _: Seeded) -> None:
    async for batch in cleo.events.batches(reconnect=False):
        assert batch == []
        return


async def _lock(cleo: Cleo, _: Seeded) -> None:
    async with cleo.locks.group("emails", "free", ttl=1, wait=0):
        pass


async def _cycle(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.cycle("emails", "w", 1, 60_000, (86_400, 3_600), [])


async def _sweep(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.sweep("emails", 10, (86_400, 3_600))


async def _fold(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.fold("emails", 10)


async def _keep(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.keep("emails", "7 7 7")


async def _release(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.release("emails", "ghost-1", (86_400, 3_600), "gone")


async def _hand_back(cleo: Cleo, _: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.hand_back("emails", "ghost-1", [])


async def _renew(cleo: Cleo, s: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.renew("emails", 60_000, [(s.active.encode(), s.receipt)])


CASES = [
    Case("ping", set(ROLES), lambda c, _: c.ping()),
    Case("server_info", set(ROLES), lambda c, _: c.server_info()),
    Case("access.whoami", set(ROLES), lambda c, _: c.access.whoami()),
    Case("queues.stats", LOOK | {"producer", "worker"}, lambda c, _: c.queues.stats("emails")),
    Case("handle.status", set(ROLES), lambda c, s: c.queues.handle("emails", s.dead).status()),
    Case("queues.names", LOOK, lambda c, _: c.queues.names()),
    Case("queues.count", LOOK, lambda c, _: c.queues.count()),
    Case("queues.tasks", LOOK, lambda c, _: c.queues.tasks("emails", TaskState.DEAD)),
    Case("queues.get_task", LOOK, lambda c, s: c.queues.get_task("emails", s.waiting)),
    Case("dead_letters.list", LOOK, lambda c, _: c.dead_letters.list("emails")),
    Case("groups.list", LOOK, lambda c, _: c.groups.list("emails")),
    Case("groups.preview", LOOK, lambda c, _: c.groups.preview("emails")),
    Case("groups.preview of another strategy", LOOK, lambda c, _: c.groups.preview("emails", GroupStrategy.FIFO)),
    Case("groups.find", LOOK, lambda c, _: c.groups.find("emails", "ac")),
    Case("locks.list", LOOK, lambda c, _: c.locks.list("emails")),
    Case("workers.list", LOOK, lambda c, _: c.workers.list()),
    Case("workers.count", LOOK, lambda c, _: c.workers.count()),
    Case("analytics.minutes", LOOK, lambda c, _: c.analytics.minutes("emails", 5)),
    Case("history.queue", LOOK, lambda c, _: c.history.queue("emails")),
    Case("history.group", LOOK, lambda c, _: c.history.group("emails", "acme")),
    Case("history.worker", LOOK, lambda c, _: c.history.worker("ghost-1")),
    Case("history.task", LOOK, lambda c, s: c.history.task(s.dead)),
    Case("history.everything", LOOK, lambda c, _: c.history.everything()),
    Case("history.stats", LOOK, lambda c, _: c.history.stats("emails")),
    Case("history.stats of a worker", LOOK, lambda c, _: c.history.stats(worker="ghost-1")),
    Case("history.series", LOOK, lambda c, _: c.history.series("emails", group="acme")),
    Case("history.clear_queue", {"admin"}, lambda c, _: c.history.clear_queue("emails")),
    Case("history.clear_group", {"admin"}, lambda c, _: c.history.clear_group("emails", "acme")),
    Case("history.clear_worker", {"admin"}, lambda c, _: c.history.clear_worker("ghost-1")),
    Case("history.clear_task", {"admin"}, lambda c, s: c.history.clear_task("emails", s.dead)),
    Case("events.recent", LOOK, lambda c, _: c.events.recent("emails")),
    Case("events.batches", LOOK, _events),
    Case("explain", LOOK, lambda c, s: c.explain(s.waiting, "emails")),
    Case("explain in any queue", LOOK, lambda c, s: c.explain(s.waiting)),
    Case("queues.add", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5})),
    Case("queues.add delayed", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5}, delay=9)),
    Case("queues.add to a group", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5}, group="acme")),
    Case("handle.result", PRODUCE, lambda c, s: _failed(c, s.dead)),
    Case("queues.pause", CHANGE, lambda c, _: c.queues.pause("emails")),
    Case("queues.set_rate_limit", CHANGE, lambda c, _: c.queues.set_rate_limit("emails", "5/s")),
    Case("queues.cancel", CHANGE, lambda c, s: c.queues.cancel("emails", [s.waiting, s.delayed])),
    Case("queues.cancel what runs", CHANGE, lambda c, s: c.queues.cancel("emails", [s.active])),
    Case("queues.remove_task", CHANGE, lambda c, s: c.queues.remove_task("emails", s.waiting)),
    Case("dead_letters.retry", CHANGE, lambda c, s: c.dead_letters.retry("emails", [s.dead])),
    Case("dead_letters.discard", CHANGE, lambda c, s: c.dead_letters.discard("emails", [s.dead])),
    Case("groups.set_strategy", CHANGE, lambda c, _: c.groups.set_strategy("emails", GroupStrategy.FIFO)),
    Case("groups.configure", CHANGE, lambda c, _: c.groups.configure("emails", "acme", concurrency=1)),
    Case("groups.configure a new group", CHANGE, lambda c, _: c.groups.configure("emails", "new", weight=3)),
    Case("locks.release", CHANGE, lambda c, _: c.locks.force_release("emails", "acme")),
    Case("locks.group", LOCK, _lock),
    Case("a worker's claim", WORK, _cycle),
    Case("a worker's sweep", WORK, _sweep),
    Case("a worker's fold", WORK, _fold),
    Case("a worker's limits of the history", WORK, _keep),
    Case("a worker's release", WORK, _release),
    Case("a worker's hand-back", WORK, _hand_back),
    Case("a worker's heartbeat", WORK, _renew),
]


async def _failed(cleo: Cleo, task_id: str) -> None:
    from cleo_core import TaskFailed

    with pytest.raises(TaskFailed):
        await cleo.queues.handle("emails", task_id).result(timeout=5)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_call_is_allowed_or_refused_with_nothing_changed(
    case: Case, role: str, cleo: Cleo, seeded: Seeded, as_role: AsRole
) -> None:
    as_user = await as_role(role)
    if role in case.allowed:
        await case.make(as_user, seeded)
        return
    before = await dump(cleo)
    with pytest.raises(PermissionDenied) as refused:
        await case.make(as_user, seeded)
    assert await dump(cleo) == before
    assert "cleo acl" in refused.value.cure
