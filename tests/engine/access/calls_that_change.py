"""The calls that change something: of operators, of producers, of workers."""

from __future__ import annotations

import time

import pytest

from cleo_core import Cleo, Every, GroupOrder, GroupStrategy, TaskFailed
from cleo_core.scripts import Held
from tests.engine.access.calls import (
    CHANGE,
    CLEAR,
    LOCK,
    LOOK,
    PRODUCE,
    WORK,
    Case,
    a_discard,
    a_held_schedule,
    a_lost_task,
    a_paused_group,
    a_paused_queue,
    a_paused_worker,
    a_retry,
    a_schedule,
    a_stopped_retry,
    a_worker,
)
from tests.engine.access.users import Seeded


async def _schedule(cleo: Cleo, _: Seeded) -> None:
    await cleo.schedules.add("emails", "nightly", "send", {"to": 1}, when=Every(3600))


async def _retry_staged(cleo: Cleo, _: Seeded) -> None:
    steps = 0
    async for _run in cleo.dead_letters.retry_staged("emails", first=1):
        steps += 1
        if steps > 1:  # the report before the first step, and that after it
            return


async def _retry_all(cleo: Cleo, _: Seeded) -> None:
    assert (await cleo.dead_letters.retry_all("emails")).retried == 1


async def _resume_retry(cleo: Cleo, seeded: Seeded) -> None:
    assert (await cleo.dead_letters.resume_retry("emails", seeded.run)).retried == 1


OPERATING = [
    Case("queues.pause", CHANGE, lambda c, _: c.queues.pause("emails")),
    Case("queues.resume", CHANGE, lambda c, _: c.queues.resume("emails"), a_paused_queue),
    Case("queues.set_rate_limit", CHANGE, lambda c, _: c.queues.set_rate_limit("emails", "5/s")),
    Case("queues.cancel", CHANGE, lambda c, s: c.queues.cancel("emails", [s.waiting, s.delayed])),
    Case("queues.cancel what runs", CHANGE, lambda c, s: c.queues.cancel("emails", [s.active])),
    Case("queues.remove_task", CHANGE, lambda c, s: c.queues.remove_task("emails", s.waiting)),
    Case("handle.cancel", CHANGE, lambda c, s: c.queues.handle("emails", s.waiting).cancel()),
    Case("groups.set_strategy", CHANGE, lambda c, _: c.groups.set_strategy("emails", GroupStrategy.FIFO)),
    Case("groups.set_order", CHANGE, lambda c, _: c.groups.set_order("emails", GroupOrder.LIFO)),
    Case("groups.set_defaults", CHANGE, lambda c, _: c.groups.set_defaults("emails", weight=2)),
    Case("groups.set_priority", CHANGE, lambda c, _: c.groups.set_priority("emails", "acme", 2)),
    Case("groups.configure", CHANGE, lambda c, _: c.groups.configure("emails", "acme", concurrency=1)),
    Case("groups.configure a new group", CHANGE, lambda c, _: c.groups.configure("emails", "new", weight=3)),
    Case("groups.pause", CHANGE, lambda c, _: c.groups.pause("emails", "acme")),
    Case("groups.resume", CHANGE, lambda c, _: c.groups.resume("emails", "acme"), a_paused_group),
    Case("locks.force_release", CHANGE, lambda c, _: c.locks.force_release("emails", "acme")),
    Case("dead_letters.retry", CHANGE, lambda c, s: c.dead_letters.retry("emails", [s.dead])),
    Case("dead_letters.retry_all", CHANGE, _retry_all),
    Case("dead_letters.retry_staged", CHANGE, _retry_staged),
    Case("dead_letters.stop_retry", CHANGE, lambda c, s: c.dead_letters.stop_retry("emails", s.run), a_retry),
    Case("dead_letters.resume_retry", CHANGE, _resume_retry, a_stopped_retry),
    Case("dead_letters.edit_and_retry", CHANGE, lambda c, s: c.dead_letters.edit_and_retry("emails", s.dead, {})),
    Case("dead_letters.discard", CHANGE, lambda c, s: c.dead_letters.discard("emails", [s.dead])),
    Case("dead_letters.undo", CHANGE, lambda c, s: c.dead_letters.undo("emails", s.discard), a_discard),
    Case("dead_letters.forget", CHANGE, lambda c, s: c.dead_letters.forget("emails", s.discard), a_discard),
    Case("schedules.add", CHANGE, _schedule),
    Case("schedules.add again", CHANGE, _schedule, a_schedule),
    Case("schedules.pause", CHANGE, lambda c, _: c.schedules.pause("emails", "nightly"), a_schedule),
    Case("schedules.resume", CHANGE, lambda c, _: c.schedules.resume("emails", "nightly"), a_held_schedule),
    Case("schedules.run_now", CHANGE, lambda c, _: c.schedules.run_now("emails", "nightly"), a_schedule),
    Case("schedules.remove", CHANGE, lambda c, _: c.schedules.remove("emails", "nightly"), a_schedule),
    Case("workers.pause", CHANGE, lambda c, _: c.workers.pause("somebody"), a_worker),
    Case("workers.resume", CHANGE, lambda c, _: c.workers.resume("somebody"), a_paused_worker),
    Case("workers.drain", CHANGE, lambda c, _: c.workers.drain("somebody"), a_worker),
    Case("workers.stop", CHANGE, lambda c, _: c.workers.stop("somebody"), a_worker),
    Case("workers.recover_stuck", CHANGE, lambda c, s: c.workers.recover_stuck("emails", [s.active])),
    Case("workers.recover_stuck of a queue", CHANGE, lambda c, _: c.workers.recover_stuck("emails"), a_lost_task),
    Case("workers.recover_stuck of all queues", CHANGE, lambda c, _: c.workers.recover_stuck(), a_lost_task),
    Case("history.clear_queue", CLEAR, lambda c, _: c.history.clear_queue("emails")),
    Case("history.clear_group", CLEAR, lambda c, _: c.history.clear_group("emails", "acme")),
    Case("history.clear_worker", CLEAR, lambda c, _: c.history.clear_worker("ghost-1")),
    Case("history.clear_task", CLEAR, lambda c, s: c.history.clear_task("emails", s.dead)),
]


async def _failed(cleo: Cleo, seeded: Seeded) -> None:
    with pytest.raises(TaskFailed):
        await cleo.queues.handle("emails", seeded.dead).result(timeout=30)


PRODUCING = [
    Case("queues.add", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5})),
    Case("queues.add delayed", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5}, delay=9)),
    Case("queues.add to a group", PRODUCE, lambda c, _: c.queues.add("emails", "send", {"to": 5}, group="acme")),
    Case("groups.add_task", PRODUCE, lambda c, _: c.groups.add_task("emails", "acme", "send", {"to": 5})),
    Case("handle.result", PRODUCE, _failed),
]


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


async def _arguments(cleo: Cleo, seeded: Seeded) -> None:
    scripts = await cleo.backend.scripts()
    assert await scripts.arguments("emails", [seeded.waiting.encode()]) == [b'{"to":3}']


async def _sample(cleo: Cleo, _: Seeded) -> None:
    ends = int(time.time()) + 60
    await (await cleo.backend.scripts()).sample(cleo.backend.keys.minute_load("w", 1), 1, b"[]", ends)


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
    await scripts.renew("emails", 60_000, [Held(s.active.encode(), s.receipt)])


WORKING = [
    Case("locks.group", LOCK, _lock),
    Case("worker's claim", WORK, _cycle),
    Case("worker's arguments", LOOK | WORK, _arguments),
    Case("worker's sweep", WORK, _sweep),
    Case("worker's fold", WORK, _fold),
    Case("worker's limits of the history", WORK, _keep),
    Case("worker's load", WORK, _sample),
    Case("worker's release", WORK, _release),
    Case("worker's hand-back", WORK, _hand_back),
    Case("worker's heartbeat", WORK, _renew),
]
