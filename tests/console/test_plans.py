"""What plans do on the server, and what they tell of it: a lock that changes hands, a server that goes midway."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import pytest

from cleo_core import Cleo
from cleo_core.errors import CleoError, ServerUnavailable
from cleo_core.models import LockInfo, RecoveryReport, RetryRun, StuckTask
from cleo_tui.data.carrying import Carrying
from cleo_tui.data.group_plans import release_plan
from cleo_tui.data.plans import Plan, Report, carry_out, pause_plan
from cleo_tui.data.stuck_plans import recover_plan
from tests.engine.dead_letters.burying import bury
from tests.ghosts import claim_and_die
from tests.waiting import until


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


class Gone:
    """A server that goes away before the ``at``-th question."""

    def __init__(self, at: int) -> None:
        self._left = at

    def ask(self) -> None:
        """Count a question."""
        self._left -= 1
        if not self._left:
            raise ServerUnavailable("here", "it went away.", "Start it.")


async def reports_until_gone(plan: Plan) -> list[tuple[int, int]]:
    """How many were attempted and done, report for report."""
    seen: list[tuple[int, int]] = []

    async def follow() -> None:
        async for report in carry_out(plan):
            seen.append((report.attempted, report.done))

    with pytest.raises(ServerUnavailable):
        await follow()
    return seen


async def test_each_queue_that_was_paused_before_the_server_went_is_told(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, pause = Gone(at=3), cleo.queues.pause
    for queue in ("a", "b", "c", "d"):
        await cleo.queues.add(queue, "send", {})

    async def pausing(queue: str) -> bool:
        gone.ask()
        return await pause(queue)

    monkeypatch.setattr(cleo.queues, "pause", pausing)
    assert await reports_until_gone(pause_plan(cleo, ["a", "b", "c", "d"])) == [(1, 1), (2, 2)]
    assert [(await cleo.queues.stats(queue)).paused for queue in ("a", "b", "c")] == [True, True, False]


async def test_each_queue_whose_stuck_tasks_were_recovered_before_the_server_went_is_told(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck: list[StuckTask] = []
    for queue in ("a", "b", "c"):
        await cleo.queues.add(queue, "send", {})
        await claim_and_die(cleo, queue, lease=0.001)
        await until(lambda queue=queue: _stuck(cleo, queue))
        stuck += (await cleo.workers.stuck(queue)).items
    gone, recover = Gone(at=2), cleo.workers.recover_stuck

    async def recovering(queue: str, tasks: Sequence[StuckTask]) -> RecoveryReport:
        gone.ask()
        return await recover(queue, tasks)

    monkeypatch.setattr(cleo.workers, "recover_stuck", recovering)
    assert await reports_until_gone(recover_plan(cleo, stuck)) == [(1, 1)]
    assert [(await cleo.queues.stats(queue)).active for queue in ("a", "b", "c")] == [0, 1, 1]


async def _stuck(cleo: Cleo, queue: str) -> bool:
    return bool((await cleo.workers.stuck(queue)).items)


async def test_a_retry_that_can_not_be_taken_up_again_is_told(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleo_tui.data.carrying.PAUSE", 0.0)
    await bury(cleo, ["a", "b"], queue="q")
    steps = aiter(cleo.dead_letters.retry_staged("q", first=1, rate=1.0))
    begun = await anext(steps)

    async def lost() -> AsyncGenerator[RetryRun]:
        raise ServerUnavailable("here", "it went away.", "Start it.")
        yield begun

    async def odd(*_args: object, **_options: object) -> list[RetryRun]:
        raise CleoError("no such thing")

    monkeypatch.setattr(cleo.dead_letters, "retries", odd)
    told: list[str] = []
    carrying = Carrying(cleo, told.append, lambda: None)
    carrying.carry(begun, lost())
    await until(lambda: not carrying.carries(begun.id))
    assert told == ["The retry of q is not carried on here: no such thing"]
