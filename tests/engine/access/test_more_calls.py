"""As ``test_roles``: dead letters in bulk, schedules, histories, workers, the audit."""

from __future__ import annotations

import pytest

from cleo_core import Cleo, Every
from cleo_core.errors import PermissionDenied, WorkerNotFound
from tests.engine.access.conftest import AsRole
from tests.engine.access.test_roles import CHANGE, LOOK, Case
from tests.engine.access.users import ROLES, Seeded, dump


async def _discard_and_undo(cleo: Cleo, seeded: Seeded) -> None:
    report = await cleo.dead_letters.discard("emails", [seeded.dead])
    assert (await cleo.dead_letters.undo("emails", report.discard)).done == 1


async def _schedule(cleo: Cleo, _: Seeded) -> None:
    await cleo.schedules.add("emails", "nightly", "send", {"to": 1}, when=Every(3600))
    await cleo.schedules.pause("emails", "nightly")
    await cleo.schedules.remove("emails", "nightly")


async def _order(cleo: Cleo, _: Seeded) -> None:
    with pytest.raises(WorkerNotFound):
        await cleo.workers.pause("nobody")
    scripts = await cleo.backend.scripts()
    await scripts.order(cleo.backend.actor, "worker pause", "somebody", "paused", 60)


CASES = [
    Case("audit.list", LOOK, lambda c, _: c.audit.list()),
    Case("audit.list of a queue", LOOK, lambda c, _: c.audit.list("emails")),
    Case("dead_letters.kinds", LOOK, lambda c, _: c.dead_letters.kinds("emails")),
    Case("dead_letters.get", LOOK, lambda c, s: c.dead_letters.get("emails", s.dead)),
    Case("dead_letters.trash", LOOK, lambda c, _: c.dead_letters.trash("emails")),
    Case("dead_letters.retries", LOOK, lambda c, _: c.dead_letters.retries("emails")),
    Case("dead_letters.discard, dead_letters.undo", CHANGE, _discard_and_undo),
    Case("history.queue", LOOK, lambda c, _: c.history.queue("emails")),
    Case("history.group", LOOK, lambda c, _: c.history.group("emails", "acme")),
    Case("history.worker", LOOK, lambda c, _: c.history.worker("ghost-1")),
    Case("history.everything", LOOK, lambda c, _: c.history.everything()),
    Case("groups.rules", LOOK, lambda c, _: c.groups.rules("emails")),
    Case("groups.get", LOOK, lambda c, _: c.groups.get("emails", "acme")),
    Case("groups.pause", CHANGE, lambda c, _: c.groups.pause("emails", "acme")),
    Case("groups.set_defaults", CHANGE, lambda c, _: c.groups.set_defaults("emails", weight=2)),
    Case("schedules.list", LOOK, lambda c, _: c.schedules.list("emails")),
    Case("schedules.add, pause, remove", CHANGE, _schedule),
    Case("workers.signatures", LOOK, lambda c, _: c.workers.signatures()),
    Case("workers.stuck", LOOK, lambda c, _: c.workers.stuck("emails")),
    Case("workers.pause", CHANGE, _order),
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
