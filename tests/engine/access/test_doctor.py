"""``cleo.doctor()``: each trouble is found, said in a sentence, and comes with the command that mends it."""

from __future__ import annotations

import pytest

from cleo_core import Cleo, Every
from cleo_core.models import Check, CheckStatus
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES
from tests.raw import ask
from tests.waiting import until

NAMES = {
    "server version", "persistence", "last save", "eviction", "memory", "latency", "clock", "access", "clients",
    "key leaks", "paused queues", "workers", "schedules",
}  # fmt: skip


async def _named(cleo: Cleo, name: str) -> Check:
    return next(check for check in await cleo.doctor() if check.name == name)


async def test_everything_is_looked_at(cleo: Cleo) -> None:
    checks = await cleo.doctor()
    assert {check.name for check in checks} == NAMES
    for check in checks:
        assert check.measured
        assert check.means
        assert check.status is CheckStatus.OK or check.mend


async def test_a_server_that_would_lose_tasks_is_told_how_to_keep_them(own_cleo: Cleo) -> None:
    assert (await _named(own_cleo, "persistence")).status is CheckStatus.OK
    await ask(own_cleo, "CONFIG", "SET", "appendonly", "no")
    check = await _named(own_cleo, "persistence")
    assert (check.status, check.mend) == (CheckStatus.WARN, "redis-cli CONFIG SET appendonly yes")


async def test_a_server_that_throws_keys_away_is_bad(own_cleo: Cleo) -> None:
    await ask(own_cleo, "CONFIG", "SET", "maxmemory", "1gb")
    assert (await _named(own_cleo, "memory")).status is CheckStatus.OK
    await ask(own_cleo, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    check = await _named(own_cleo, "eviction")
    assert (check.status, check.measured) == (CheckStatus.BAD, "allkeys-lru")
    await ask(own_cleo, *check.mend.split()[1:])
    assert (await _named(own_cleo, "eviction")).status is CheckStatus.OK


async def test_memory_that_is_nearly_full_is_bad(own_cleo: Cleo) -> None:
    used = int((await own_cleo.server_info()).used_memory)
    await ask(own_cleo, "CONFIG", "SET", "maxmemory", int(used * 1.03))
    assert (await _named(own_cleo, "memory")).status in {CheckStatus.BAD, CheckStatus.WARN}


async def test_a_key_that_nobody_owns_is_found(own_cleo: Cleo) -> None:
    @own_cleo.task(queue="emails", schedule=Every(3_600.0))
    async def declared() -> None: ...

    await own_cleo.queues.add("other", "send", group="acme")
    await own_cleo.queues.add("emails", "send", delay=60)
    await own_cleo.groups.configure("emails", "acme", concurrency=3)
    await own_cleo.schedules.add("emails", "hourly", "send", when=Every(3_600.0))
    async with own_cleo.worker(["emails"]), own_cleo.locks.group("emails", "globex"):
        await until(lambda: _is_declared(own_cleo))
    assert (await _named(own_cleo, "key leaks")).status is CheckStatus.OK
    leak = f"{own_cleo.namespace}:{{emails}}:history"
    await ask(own_cleo, "LPUSH", leak, "x")
    check = await _named(own_cleo, "key leaks")
    assert check.status is CheckStatus.WARN
    assert leak in check.means


async def _is_declared(cleo: Cleo) -> bool:
    return (await cleo.schedules.list("emails")).total == 2


async def test_work_without_workers_and_paused_queues_are_found(cleo: Cleo) -> None:
    await cleo.queues.add("emails", "send")
    await cleo.queues.pause("emails")
    workers, paused = await _named(cleo, "workers"), await _named(cleo, "paused queues")
    assert workers.status is CheckStatus.BAD
    assert "emails" in workers.measured
    assert paused.mend == "cleo queues resume emails"

    @cleo.task(queue="emails")
    async def send() -> None: ...

    async with cleo.worker():
        await until(cleo.workers.count)
        await cleo.queues.resume("emails")
        assert (await _named(cleo, "workers")).status is CheckStatus.OK
        assert (await _named(cleo, "paused queues")).status is CheckStatus.OK


@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_may_not_ask_is_unknown_and_nothing_fails(cleo: Cleo, as_role: AsRole, role: str) -> None:
    await cleo.queues.add("emails", "send")
    checks = {check.name: check for check in await (await as_role(role)).doctor()}
    assert checks["server version"].status is CheckStatus.OK
    assert checks["access"].status is CheckStatus.OK
    assert role in checks["access"].measured
    sees_queues, scans = role in {"viewer", "operator", "admin"}, role == "admin"
    assert ("workers" in checks) == sees_queues
    assert (checks["key leaks"].status is not CheckStatus.UNKNOWN) == scans
    unknown = [check for check in checks.values() if check.status is CheckStatus.UNKNOWN]
    assert all(check.measured == "not permitted" and "cleo acl" in check.mend for check in unknown)


async def test_a_declared_schedule_that_no_live_worker_declares_is_told_with_how_to_remove_it(own_cleo: Cleo) -> None:
    @own_cleo.task(queue="emails", schedule=Every(3_600.0))
    async def digest() -> None: ...

    async with own_cleo.worker(["emails"]):
        await until(lambda: _scheduled(own_cleo))
        assert (await _named(own_cleo, "schedules")).status is CheckStatus.OK
    key = f"{own_cleo.backend.keys.of_queue('emails').prefix}schedule:digest every 3600 s"
    await ask(own_cleo, "HINCRBY", key, "seen", -200_000)
    check = await _named(own_cleo, "schedules")
    assert (check.status, check.measured) == (CheckStatus.WARN, "digest every 3600 s of 1 looked at")
    assert check.mend.startswith("cleo schedules remove emails 'digest every 3600 s'")
    assert await own_cleo.schedules.remove("emails", "digest every 3600 s")
    assert (await _named(own_cleo, "schedules")).status is CheckStatus.OK


async def _scheduled(cleo: Cleo) -> bool:
    return (await cleo.schedules.list("emails")).total == 1
