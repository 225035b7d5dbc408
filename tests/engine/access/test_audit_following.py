"""Following the audit: what operators do is told as they do it, in order, once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from cleo_core import AuditEntry, Cleo
from cleo_core.errors import InvalidOption, ServerUnavailable
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import seed
from tests.engine.dead_letters.burying import clock, tick
from tests.raw import ask, keys_of
from tests.servers import Server, free_port
from tests.waiting import until

QUICK = 0.05


class Follower:
    """What was heard, but of the queue ``probe``."""

    def __init__(self) -> None:
        self.all: list[AuditEntry] = []

    @property
    def heard(self) -> list[AuditEntry]:
        return [entry for entry in self.all if entry.queue != "probe"]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Queue and action of each."""
        return [(entry.queue, entry.action) for entry in self.heard]


@contextlib.asynccontextmanager
async def following(cleo: Cleo, *queue: str, **options: Any) -> AsyncGenerator[Follower]:
    """A follower in a task of its own. Without ``since`` it has begun: it hears what is done to ``probe``."""
    follower = Follower()

    async def follow() -> None:
        async for entry in cleo.audit.follow(*queue, interval=QUICK, **options):
            follower.all.append(entry)

    async def has_begun() -> bool:
        await cleo.queues.pause("probe")
        await cleo.queues.resume("probe")
        return bool(follower.all)

    if "since" not in options:
        await cleo.queues.pause("probe")
    task = asyncio.create_task(follow())
    try:
        if "since" not in options:
            await until(has_begun)
        yield follower
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_what_is_done_is_told_once_in_order_and_what_was_done_before_is_not(cleo: Cleo) -> None:
    await cleo.queues.pause("one")
    async with following(cleo) as follower:
        await cleo.queues.resume("one")
        await cleo.queues.pause("one")
        await cleo.queues.resume("one")
        await until(lambda: len(follower.heard) >= 3)
        await cleo.queues.pause("one")
        await until(lambda: len(follower.heard) >= 4)
    assert follower.told == [("one", "resume"), ("one", "pause"), ("one", "resume"), ("one", "pause")]
    assert follower.heard == list(reversed(await cleo.audit.list("one", limit=4)))


async def test_one_queue_one_actor_or_one_action_can_be_followed(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo)
    operator = await as_role("operator")
    me = (await operator.access.whoami()).user
    await cleo.queues.add("other", "send")
    await tick(cleo)
    since = await clock(cleo)
    async with (
        following(cleo, "emails", since=since) as of_queue,
        following(cleo, since=since, action="resume") as of_action,
        following(cleo, since=since, actor=me) as of_actor,
    ):
        await cleo.queues.pause("other")
        await cleo.queues.resume("other")
        await operator.queues.pause("emails")
        await cleo.queues.resume("emails")
        await until(lambda: len(of_queue.heard) >= 2 and len(of_action.heard) >= 2 and of_actor.heard)
    assert of_queue.told == [("emails", "pause"), ("emails", "resume")]
    assert of_action.told == [("other", "resume"), ("emails", "resume")]
    assert of_actor.told == [("emails", "pause")]


async def test_a_follower_may_begin_in_the_past_and_gets_all_of_it(cleo: Cleo) -> None:
    key = keys_of(cleo, "emails").audit
    await cleo.backend.know_queue("emails")
    for number in range(250):
        await ask(cleo, "XADD", key, f"{1_000 + number}-1", "actor", "{}", "action", "a", "target", number, "count", 1)
    await ask(cleo, "EXPIRE", key, 60)
    async with following(cleo, since=1.1) as follower:
        await until(lambda: len(follower.heard) >= 150)
    assert [entry.target for entry in follower.heard] == [str(number) for number in range(100, 250)]


async def test_what_is_done_to_a_queue_that_is_new_is_told(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleo_core.audit.FIND_QUEUES", 0.2)
    async with following(cleo) as follower:
        await cleo.queues.pause("new")
        await until(lambda: follower.heard)
    assert follower.told == [("new", "pause")]


async def test_who_may_see_one_queue_only_follows_that_one(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo)
    await cleo.queues.add("other", "send")
    viewer = await as_role("viewer", queues=["emails"])
    async with following(viewer, since=0) as follower:
        await cleo.queues.pause("other")
        await cleo.queues.pause("emails")
        await until(lambda: ("emails", "pause") in follower.told)
    assert {queue for queue, _ in follower.told} <= {"emails", ""}


async def test_a_follower_goes_on_when_the_server_is_back(own_cleo: Cleo, own_server: Server) -> None:
    await own_cleo.queues.pause("one")
    async with following(own_cleo) as follower:
        await own_cleo.queues.resume("one")
        await until(lambda: follower.heard)
        own_server.kill()
        await asyncio.to_thread(own_server.start)
        await until(lambda: _paused(own_cleo))
        await until(lambda: len(follower.heard) >= 2)
    assert follower.told == [("one", "resume"), ("one", "pause")]


async def _paused(cleo: Cleo) -> bool:
    try:
        return await cleo.queues.pause("one") or (await cleo.queues.stats("one")).paused
    except ServerUnavailable:
        return False


async def test_a_server_that_is_not_there_and_an_interval_that_can_not_be_are_told_at_once(cleo: Cleo) -> None:
    async with Cleo(f"redis://127.0.0.1:{free_port()}") as nowhere:
        with pytest.raises(ServerUnavailable):
            await anext(nowhere.audit.follow())
    for interval in (0.0, -1.0, float("nan"), 1e9):
        with pytest.raises(InvalidOption, match="interval"):
            await anext(cleo.audit.follow(interval=interval))
