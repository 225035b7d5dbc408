"""What plans do on the server, and what they tell of it: a lock that changes hands, a server that goes midway."""

from __future__ import annotations

import pytest

from cleo_core import Cleo
from cleo_core.models import LockInfo
from cleo_tui.data.group_plans import release_plan
from cleo_tui.data.plans import Plan, Report, carry_out


async def carried_out(plan: Plan) -> Report:
    """The last report."""
    return [report async for report in carry_out(plan)][-1]


async def test_a_lock_is_not_taken_from_who_got_it_while_it_was_released(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cleo.locks.group("q", "g", owner="ann"):
        seen = await cleo.locks.holder("q", "g")
    assert seen is not None
    holder = cleo.locks.holder
    bob = cleo.locks.group("q", "g", ttl=60, owner="bob")

    async def bob_comes(queue: str, group: str) -> LockInfo | None:
        found = await holder(queue, group)
        await bob.acquire()
        return found

    monkeypatch.setattr(cleo.locks, "holder", bob_comes)
    report = await carried_out(release_plan(cleo, seen))
    assert (report.done, report.failures) == (0, {"g": "Nobody held it any more."})
    assert await holder("q", "g"), "bob holds it"
    await bob.release()


async def test_of_a_lock_that_has_changed_hands_it_is_told_who_has_it(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g", owner="ann"):
        seen = await cleo.locks.holder("q", "g")
    assert seen is not None
    async with cleo.locks.group("q", "g", owner="bob") as lock:
        report = await carried_out(release_plan(cleo, seen))
        assert report.failures == {"g": "It has changed hands: bob holds it now."}
        assert lock.held
    assert report.text == "0 locks of q released. 1 lock could not be."
