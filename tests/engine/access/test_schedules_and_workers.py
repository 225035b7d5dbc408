"""Schedules, and what workers are told, as each role: allowed, or refused by the server with nothing changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cleo_core import Cleo, Every
from cleo_core.errors import PermissionDenied
from cleo_core.models import WorkerInfo
from cleo_core.scripts.schedules import NewSchedule
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES, dump
from tests.raw import ask

LOOK = {"viewer", "operator", "admin"}
CHANGE = {"operator", "admin"}
WORK = {"worker", "admin"}
WORKER = WorkerInfo(
    id="w", host="h", pid=1, version="0", queues=["emails"], tasks=[], concurrency=1, active=0, processed=0, failed=0,
    cpu=0, memory=0, loop_lag=0, started_at=0, beat_at=0,
)  # fmt: skip


async def _fire(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    _, _, (row,) = await scripts.due("emails", "w", 10)
    assert await scripts.fire("emails", row, None, 1, [(1, "s@1")]) == 1


async def _declare(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    new = NewSchedule("d", 1, {"task": "send", "when": "{}", "module": "m"})
    assert await scripts.declare("emails", b"{}", 1, [new]) == (1, 0)


async def _attend(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    assert await scripts.attend("emails", "new", 1_000)
    assert await scripts.leave("emails", "new", "ended")
    await scripts.publish("digest", 60, {"send": b"{}"})


CASES: dict[str, tuple[set[str], Callable[[Cleo], Awaitable[Any]]]] = {
    "schedules.list": (LOOK, lambda c: c.schedules.list("emails")),
    "schedules.get": (LOOK, lambda c: c.schedules.get("emails", "s")),
    "schedules.next": (LOOK, lambda c: c.schedules.next("emails", "s")),
    "schedules.add": (CHANGE, lambda c: c.schedules.add("emails", "t", "send", {"to": 1}, when=Every(60))),
    "schedules.add again": (CHANGE, lambda c: c.schedules.add("emails", "s", "send", {"to": 1}, when=Every(60))),
    "schedules.pause": (CHANGE, lambda c: c.schedules.pause("emails", "s")),
    "schedules.resume": (CHANGE, lambda c: c.schedules.resume("emails", "paused")),
    "schedules.run_now": (CHANGE, lambda c: c.schedules.run_now("emails", "s")),
    "schedules.remove": (CHANGE, lambda c: c.schedules.remove("emails", "s")),
    "workers.get": (LOOK, lambda c: c.workers.get("w")),
    "workers.signature": (LOOK, lambda c: c.workers.signature("send")),
    "workers.signatures": (LOOK, lambda c: c.workers.signatures()),
    "workers.pause": (CHANGE, lambda c: c.workers.pause("w")),
    "workers.drain": (CHANGE, lambda c: c.workers.drain("w")),
    "workers.stop": (CHANGE, lambda c: c.workers.stop("w")),
    "a worker that fires": (WORK, _fire),
    "a worker that declares": (WORK, _declare),
    "a worker that comes and goes": (WORK, _attend),
}


@pytest.mark.garbles_data
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES)
async def test_a_call_is_allowed_or_refused_with_nothing_changed(
    case: str, role: str, cleo: Cleo, as_role: AsRole
) -> None:
    for name in ("s", "paused"):
        await cleo.schedules.add("emails", name, "send", {"to": 1}, when=Every(3_600))
    await cleo.schedules.pause("emails", "paused")
    await ask(cleo, "ZADD", f"{cleo.namespace}:{{emails}}:schedules", 1, "s")
    await ask(cleo, "SET", cleo.backend.keys.worker("w"), WORKER.model_dump_json(), "EX", 600)
    allowed, make = CASES[case]
    as_user = await as_role(role)
    if role in allowed:
        await make(as_user)
        return
    before = await dump(cleo)
    with pytest.raises(PermissionDenied):
        await make(as_user)
    assert await dump(cleo) == before
