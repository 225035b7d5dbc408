"""The calls that change nothing."""

from __future__ import annotations

from cleo_core import Cleo, GroupStrategy, TaskState
from tests.engine.access.calls import EVERYONE, LOOK, Case, a_retry, a_schedule, a_worker
from tests.engine.access.users import Seeded

COUNT = LOOK | {"producer", "worker"}


async def _followed(cleo: Cleo, _: Seeded) -> None:
    async for _entry in cleo.audit.follow(since=0.0):
        return


async def _paused(cleo: Cleo, seeded: Seeded) -> Seeded:
    await cleo.queues.pause("emails")
    await cleo.queues.resume("emails")
    return seeded


async def _batches(cleo: Cleo, _: Seeded) -> None:
    async for batch in cleo.events.batches(reconnect=False):
        assert batch == []
        return


async def _export(cleo: Cleo, _: Seeded) -> None:
    assert [line async for line in cleo.dead_letters.export("emails")]


LOOKING = [
    Case("ping", EVERYONE, lambda c, _: c.ping()),
    Case("server_info", EVERYONE, lambda c, _: c.server_info()),
    Case("doctor", EVERYONE, lambda c, _: c.doctor()),
    Case("access.whoami", EVERYONE, lambda c, _: c.access.whoami()),
    Case("access.permissions", EVERYONE, lambda c, _: c.access.permissions()),
    Case("handle.status", EVERYONE, lambda c, s: c.queues.handle("emails", s.dead).status()),
    Case("explain", LOOK, lambda c, s: c.explain(s.waiting, "emails")),
    Case("explain in any queue", LOOK, lambda c, s: c.explain(s.waiting)),
    Case("queues.stats", COUNT, lambda c, _: c.queues.stats("emails")),
    Case("queues.names", LOOK, lambda c, _: c.queues.names()),
    Case("queues.count", LOOK, lambda c, _: c.queues.count()),
    Case("queues.exists", LOOK, lambda c, _: c.queues.exists("emails")),
    Case("queues.tasks", LOOK, lambda c, _: c.queues.tasks("emails", TaskState.DEAD)),
    Case("queues.get_task", LOOK, lambda c, s: c.queues.get_task("emails", s.waiting)),
    Case("groups.list", LOOK, lambda c, _: c.groups.list("emails")),
    Case("groups.find", LOOK, lambda c, _: c.groups.find("emails", "ac")),
    Case("groups.get", LOOK, lambda c, _: c.groups.get("emails", "acme")),
    Case("groups.rules", LOOK, lambda c, _: c.groups.rules("emails")),
    Case("groups.preview", LOOK, lambda c, _: c.groups.preview("emails")),
    Case("groups.preview of another strategy", LOOK, lambda c, _: c.groups.preview("emails", GroupStrategy.FIFO)),
    Case("locks.list", LOOK, lambda c, _: c.locks.list("emails")),
    Case("locks.holder", LOOK, lambda c, _: c.locks.holder("emails", "acme")),
    Case("locks.is_locked", LOOK, lambda c, _: c.locks.is_locked("emails", "acme")),
    Case("dead_letters.kinds", LOOK, lambda c, _: c.dead_letters.kinds("emails")),
    Case("dead_letters.list", LOOK, lambda c, _: c.dead_letters.list("emails")),
    Case("dead_letters.list of a name", LOOK, lambda c, _: c.dead_letters.list("emails", name="send")),
    Case("dead_letters.get", LOOK, lambda c, s: c.dead_letters.get("emails", s.dead)),
    Case("dead_letters.export", LOOK, _export),
    Case("dead_letters.retries", LOOK, lambda c, _: c.dead_letters.retries("emails"), a_retry),
    Case("dead_letters.trash", LOOK, lambda c, _: c.dead_letters.trash("emails")),
    Case("schedules.list", LOOK, lambda c, _: c.schedules.list("emails"), a_schedule),
    Case("schedules.get", LOOK, lambda c, _: c.schedules.get("emails", "nightly"), a_schedule),
    Case("schedules.next", LOOK, lambda c, _: c.schedules.next("emails", "nightly"), a_schedule),
    Case("workers.list", LOOK, lambda c, _: c.workers.list(), a_worker),
    Case("workers.count", LOOK, lambda c, _: c.workers.count()),
    Case("workers.get", LOOK, lambda c, _: c.workers.get("somebody"), a_worker),
    Case("workers.signature", LOOK, lambda c, _: c.workers.signature("send")),
    Case("workers.signatures", LOOK, lambda c, _: c.workers.signatures()),
    Case("workers.stuck", LOOK, lambda c, _: c.workers.stuck("emails")),
    Case("analytics.minutes", LOOK, lambda c, _: c.analytics.minutes("emails", 5)),
    Case("history.queue", LOOK, lambda c, _: c.history.queue("emails")),
    Case("history.group", LOOK, lambda c, _: c.history.group("emails", "acme")),
    Case("history.worker", LOOK, lambda c, _: c.history.worker("ghost-1")),
    Case("history.task", LOOK, lambda c, s: c.history.task(s.dead)),
    Case("history.task by its own record", EVERYONE, lambda c, s: c.history.task(s.dead, "emails")),
    Case("history.everything", LOOK, lambda c, _: c.history.everything()),
    Case("history.stats", LOOK, lambda c, _: c.history.stats("emails")),
    Case("history.stats of a worker", LOOK, lambda c, _: c.history.stats(worker="ghost-1")),
    Case("history.stats of all", LOOK, lambda c, _: c.history.stats()),
    Case("history.clear_queue as a dry run", LOOK, lambda c, _: c.history.clear_queue("emails", dry_run=True)),
    Case("history.clear_worker as a dry run", LOOK, lambda c, _: c.history.clear_worker("ghost-1", dry_run=True)),
    Case("history.clear_task as a dry run", LOOK, lambda c, s: c.history.clear_task("emails", s.dead, dry_run=True)),
    Case("history.series", LOOK, lambda c, _: c.history.series("emails", group="acme")),
    Case("events.recent", LOOK, lambda c, _: c.events.recent("emails")),
    Case("events.batches", LOOK, _batches),
    Case("audit.list", LOOK, lambda c, _: c.audit.list()),
    Case("audit.list of a queue", LOOK, lambda c, _: c.audit.list("emails")),
    Case("audit.follow", LOOK, _followed, _paused),
]
