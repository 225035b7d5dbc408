"""As ``test_roles``, the rest of the public face; and that nothing of it is left out."""

from __future__ import annotations

import inspect
import re

import pytest

from cleo_core import Cleo
from cleo_core.errors import PermissionDenied, WorkerNotFound
from tests.engine.access import test_more_calls, test_roles, test_schedules_and_workers
from tests.engine.access.conftest import AsRole
from tests.engine.access.test_roles import CHANGE, LOOK, PRODUCE, Case
from tests.engine.access.users import ROLES, Seeded, dump

SERVICES = (
    "queues", "groups", "locks", "dead_letters", "schedules", "history", "analytics", "workers", "access", "audit",
    "events",
)  # fmt: skip
# Under another name in a case, or nothing is asked of the server.
ELSEWHERE = {
    "locks.force_release",  # locks.release
    "events.listen",  # events.batches
    "events.close",
    "events.ready",
}


async def _export(cleo: Cleo, _: Seeded) -> None:
    assert [line async for line in cleo.dead_letters.export("emails")] != []


async def _forget(cleo: Cleo, seeded: Seeded) -> None:
    report = await cleo.dead_letters.discard("emails", [seeded.dead])
    assert await cleo.dead_letters.forget("emails", report.discard) == 1


async def _stop_and_resume(cleo: Cleo, _: Seeded) -> None:
    run = await anext(aiter(cleo.dead_letters.retry_staged("emails", first=1, rate=1)))
    await cleo.dead_letters.stop_retry("emails", run.id)
    assert (await anext(aiter(cleo.dead_letters.resume_retry("emails", run.id)))).id == run.id


async def _resume_worker(cleo: Cleo, _: Seeded) -> None:
    with pytest.raises(WorkerNotFound):
        await cleo.workers.resume("nobody")
    scripts = await cleo.backend.scripts()
    await scripts.order(cleo.backend.actor, "worker resume", "somebody", "", 60)


async def _recover(cleo: Cleo, seeded: Seeded) -> None:
    assert (await cleo.workers.recover_stuck("emails", [seeded.active])).done == 1


CASES = [
    Case("queues.exists", LOOK, lambda c, _: c.queues.exists("emails")),
    Case("queues.resume", CHANGE, lambda c, _: c.queues.resume("emails")),
    Case("groups.add_task", PRODUCE, lambda c, _: c.groups.add_task("emails", "acme", "send", {"to": 1})),
    Case("groups.set_order", CHANGE, lambda c, _: c.groups.set_order("emails", "lifo")),
    Case("groups.set_priority", CHANGE, lambda c, _: c.groups.set_priority("emails", "acme", 3)),
    Case("groups.resume", CHANGE, lambda c, _: c.groups.resume("emails", "acme")),
    Case("locks.holder", LOOK, lambda c, _: c.locks.holder("emails", "acme")),
    Case("locks.is_locked", LOOK, lambda c, _: c.locks.is_locked("emails", "acme")),
    Case("dead_letters.export", LOOK, _export),
    Case(
        "dead_letters.edit_and_retry", CHANGE, lambda c, s: c.dead_letters.edit_and_retry("emails", s.dead, {"to": 9})
    ),
    Case("dead_letters.retry_all", CHANGE, lambda c, _: c.dead_letters.retry_all("emails")),
    Case("dead_letters.retry_staged dead_letters.stop_retry dead_letters.resume_retry", CHANGE, _stop_and_resume),
    Case("dead_letters.forget", CHANGE, _forget),
    Case("workers.resume", CHANGE, _resume_worker),
    Case("workers.recover_stuck", CHANGE, _recover),
]


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
    with pytest.raises(PermissionDenied):
        await case.make(as_user, seeded)
    assert await dump(cleo) == before


def test_each_call_of_each_service_is_tried_as_each_role() -> None:
    """If this fails: a new call has no case yet."""
    cases = [case.name for case in (*test_roles.CASES, *test_more_calls.CASES, *CASES)]
    tried = set(re.findall(r"\w+\.\w+", " ".join([*cases, *test_schedules_and_workers.CASES])))
    missing = {
        call
        for service in SERVICES
        for name, member in inspect.getmembers(type(getattr(Cleo(), service)), inspect.isfunction)
        if not name.startswith("_") and (inspect.iscoroutinefunction(member) or inspect.isasyncgenfunction(member))
        if (call := f"{service}.{name}") not in tried | ELSEWHERE
    }
    assert missing == set()
