"""Locks of groups between those who want them: one holder, in the order of coming, and a clear end."""

from __future__ import annotations

import asyncio
import math
import time

import pytest

from cleo_core import Cleo, InvalidName, InvalidOption, LockTimeout, ServerError
from cleo_core.group_lock import GroupLock
from cleo_core.models import LockInfo
from tests.leaks import find_leaks
from tests.raw import ask, ask_at, audit_of, keys_of, kill_connections
from tests.servers import Server
from tests.waiting import until


async def _waiting(cleo: Cleo, count: int, group: str = "g") -> bool:
    holder = await cleo.locks.holder("q", group)
    return holder is not None and holder.waiting == count


async def _is_free(cleo: Cleo, group: str = "g") -> bool:
    return not await cleo.locks.is_locked("q", group)


# --- one at a time -------------------------------------------------------------------------------


async def test_of_twenty_contenders_one_holds_it_at_a_time(cleo: Cleo, namespace: str) -> None:
    inside: list[int] = []
    most: list[int] = []
    fences: list[int] = []

    async def contend(at: Cleo, n: int) -> None:
        async with at.locks.group("q", "g", wait=60) as lock:
            inside.append(n)
            most.append(len(inside))
            fences.append(lock.fence)
            await at.ping()
            inside.remove(n)

    async with Cleo(cleo.backend.redis.url, namespace=namespace) as other:
        await asyncio.gather(*(contend(cleo if n % 2 else other, n) for n in range(20)))
    assert most == [1] * 20
    assert fences == sorted(set(fences))


async def test_the_fence_grows_with_each_holder_and_across_groups(cleo: Cleo) -> None:
    fences: list[int] = []
    for group in ("a", "b", "", "a", "b"):
        async with cleo.locks.group("q", group) as lock:
            fences.append(lock.fence)
            await lock.extend()
            assert lock.fence == fences[-1]
    assert fences == sorted(set(fences))


async def test_a_grant_whose_answer_was_lost_is_given_again_under_its_fence(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    first = await scripts.lock("q", "g", "token", "me", 5_000, 0, True, "")
    again = await scripts.lock("q", "g", "token", "me", 5_000, 3_000, True, "")
    assert first == again
    assert first[0] > 0
    holder = await cleo.locks.holder("q", "g")
    assert holder is not None
    assert holder.waiting == 0
    assert await cleo.locks.force_release("q", "g")


# --- giving it back ------------------------------------------------------------------------------


async def test_a_second_release_does_nothing(cleo: Cleo) -> None:
    lock = cleo.locks.group("q", "g")
    assert await lock.release() is False
    await lock.acquire()
    assert lock.held
    assert await lock.release() is True
    assert await lock.release() is False
    assert not lock.held
    assert lock.remaining == 0
    async with lock:
        assert lock.held


async def test_one_lock_object_is_for_one_use_at_a_time(cleo: Cleo) -> None:
    lock = cleo.locks.group("q", "g")
    async with lock:
        with pytest.raises(InvalidOption, match="in use already"):
            await lock.acquire()
        assert lock.held
    taking = asyncio.create_task(lock.acquire())
    await asyncio.sleep(0)
    with pytest.raises(InvalidOption, match="in use already"):
        await lock.acquire()
    await taking
    assert await lock.release()


async def test_a_late_release_does_not_touch_the_lock_of_the_next(cleo: Cleo) -> None:
    lost: list[GroupLock] = []
    first = cleo.locks.group("q", "g", ttl=0.1, renew=False, on_lost=lost.append)
    await first.acquire()
    async with cleo.locks.group("q", "g", owner="next") as second:
        assert await first.release() is False
        assert second.held
        holder = await cleo.locks.holder("q", "g")
        assert holder is not None
        assert (holder.owner, holder.fence) == ("next", second.fence)
        await second.extend()
    assert lost == [first]


async def test_a_lock_that_was_taken_in_a_loop_that_ended_can_be_released_in_another(
    server: Server, namespace: str
) -> None:
    cleo = Cleo(server.url, namespace=namespace)
    lock = cleo.locks.group("q", "g", ttl=60)

    async def take() -> None:
        async with cleo:
            await lock.acquire()

    await asyncio.to_thread(lambda: asyncio.run(take()))
    async with cleo:
        assert lock.held
        assert await lock.release()
        assert await _is_free(cleo)
        assert await find_leaks(cleo) == []


async def test_extend_sets_its_time_anew(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g", ttl=5) as lock:
        await lock.extend(600)
        assert 590 < lock.remaining <= 600
        holder = await cleo.locks.holder("q", "g")
        assert holder is not None
        assert 590 < holder.expires_at - holder.since < 601
        await lock.extend(6)
        # It is renewed as often as the new time needs it.
        end = time.monotonic() + lock.remaining
        await until(lambda: time.monotonic() + lock.remaining > end + 1)
        for ttl in (0.05, 0, -1, math.nan, math.inf, 86_401):
            with pytest.raises(InvalidOption):
                await lock.extend(ttl)
        assert lock.held


async def test_a_lock_is_renewed_for_as_long_as_it_is_held(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g", ttl=4) as lock:
        holder = await cleo.locks.holder("q", "g")
        assert holder is not None

        async def beyond_its_ttl() -> bool:
            now = await cleo.locks.holder("q", "g")
            assert now is not None
            assert (now.fence, now.since) == (lock.fence, holder.since)
            assert lock.held
            return now.expires_at > holder.since + 2 * 4

        await until(beyond_its_ttl)
    assert await _is_free(cleo)


# --- looking, and by force -----------------------------------------------------------------------


async def test_holders_are_shown_with_owner_times_and_who_waits(cleo: Cleo) -> None:
    assert await cleo.locks.holder("q", "a") is None
    assert not await cleo.locks.is_locked("q", "a")
    assert await cleo.locks.list("q") == []
    async with (
        cleo.locks.group("q", "a", ttl=30, owner="ann") as a,
        cleo.locks.group("q", "b", ttl=20, owner="bob"),
        cleo.locks.group("q", "", ttl=10, owner="none"),
    ):
        waiter = asyncio.create_task(cleo.locks.group("q", "a", wait=60).acquire())
        await until(lambda: _waiting(cleo, 1, "a"))
        listed = await cleo.locks.list("q")
        assert [(lock.group, lock.owner, lock.waiting) for lock in listed] == [
            ("", "none", 0), ("b", "bob", 0), ("a", "ann", 1),
        ]  # fmt: skip
        assert listed[2].fence == a.fence
        assert 29 < listed[2].expires_at - listed[2].since <= 30.5
        assert await cleo.locks.holder("q", "a") == listed[2]
        assert await cleo.locks.list("q", offset=1, limit=1) == [listed[1]]
        assert (await cleo.groups.get("q", "a")).lock == listed[2]
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert await cleo.locks.list("q") == []


async def test_the_default_owner_tells_user_host_and_process(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g", owner=""):
        holder = await cleo.locks.holder("q", "g")
    assert isinstance(holder, LockInfo)
    assert "@" in holder.owner
    assert "(pid " in holder.owner


async def test_a_release_by_force_is_audited_and_told(cleo: Cleo) -> None:
    assert await cleo.locks.force_release("q", "g") is False
    assert await audit_of(cleo, "q") == []
    lock = cleo.locks.group("q", "g", ttl=60, owner="ann")
    await lock.acquire()
    assert await cleo.locks.force_release("q", "g") is True
    assert await _is_free(cleo)
    assert await audit_of(cleo, "q") == [("force release", "g: held by ann", 1)]
    told = [(event.kind, event.group, event.detail) for event in await cleo.events.recent("q")]
    assert told == [("group_change", "g", "lock released by force")]
    assert await lock.release() is False


async def test_a_release_by_force_that_names_a_holder_takes_the_lock_from_no_other(cleo: Cleo) -> None:
    first = cleo.locks.group("q", "g", ttl=60, owner="ann")
    await first.acquire()
    seen = await cleo.locks.holder("q", "g")
    assert seen is not None
    await first.release()
    second = cleo.locks.group("q", "g", ttl=60, owner="bob")
    await second.acquire()
    assert await cleo.locks.force_release("q", "g", fence=seen.fence) is False
    assert await cleo.locks.holder("q", "g") is not None
    assert await audit_of(cleo, "q") == []
    assert await cleo.locks.force_release("q", "g", fence=second.fence) is True
    assert await _is_free(cleo)


# --- what can't be -------------------------------------------------------------------------------


@pytest.mark.parametrize("ttl", [0, 0.05, -1, 86_401, math.nan, math.inf])
async def test_a_ttl_out_of_range_is_refused(cleo: Cleo, ttl: float) -> None:
    with pytest.raises(InvalidOption, match="can't last"):
        cleo.locks.group("q", "g", ttl=ttl)


@pytest.mark.parametrize("wait", [-0.1, math.nan, math.inf])
async def test_a_wait_out_of_range_is_refused(cleo: Cleo, wait: float) -> None:
    with pytest.raises(InvalidOption, match="can't be waited for"):
        cleo.locks.group("q", "g", wait=wait)


@pytest.mark.parametrize(("queue", "group"), [("", "g"), ("a{b", "g"), ("q", "a}b"), ("q", "a\nb"), ("q", "x" * 201)])
async def test_what_can_not_be_a_name_can_not_be_locked(cleo: Cleo, queue: str, group: str) -> None:
    with pytest.raises(InvalidName):
        cleo.locks.group(queue, group)
    with pytest.raises(InvalidName):
        await cleo.locks.holder(queue, group)
    with pytest.raises(InvalidName):
        await cleo.locks.force_release(queue, group)


# --- what stays, and a full server ---------------------------------------------------------------


async def test_the_lock_of_a_group_without_tasks_leaves_no_key_for_ever(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g", ttl=7_200):
        waiter = asyncio.create_task(cleo.locks.group("q", "g", wait=60).acquire())
        await until(lambda: _waiting(cleo, 1))
        prefix = keys_of(cleo, "q").prefix
        for key in ("group:g", "locks", "line:g", "seen:g"):
            assert await ask(cleo, "PTTL", prefix + key) > 0, key
        # It outlives the lock, or the lock would end with it.
        assert await ask(cleo, "TTL", f"{prefix}group:g") > 7_200
        assert await find_leaks(cleo) == []
        waiter.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiter
    assert (await cleo.groups.list("q")).total == 0
    assert await ask(cleo, "EXISTS", prefix + "locks", prefix + "line:g", prefix + "seen:g") == 0


async def test_a_full_memory_keeps_nobody_from_locking(own_server: Server, own_cleo: Cleo) -> None:
    await own_cleo.ping()
    await ask_at(own_server.url, "CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(ServerError):
        await own_cleo.queues.add("q", "work")
    async with own_cleo.locks.group("q", "g", ttl=5) as lock:
        await lock.extend(10)
        with pytest.raises(LockTimeout):
            await own_cleo.locks.group("q", "g", wait=0.1).acquire()
    assert await _is_free(own_cleo)
    assert await own_cleo.queues.names() == ["q"]


async def test_two_locks_can_be_held_at_once(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "a") as a, cleo.locks.group("q", "b") as b, cleo.locks.group("r", "a") as c:
        assert a.held
        assert b.held
        assert c.held
        assert b.fence > a.fence
        assert len(await cleo.locks.list("q")) == 2


async def test_a_cut_connection_costs_a_holder_nothing(own_cleo: Cleo) -> None:
    async with own_cleo.locks.group("q", "g", ttl=9) as lock:
        for _ in range(2):
            end = time.monotonic() + lock.remaining
            await kill_connections(own_cleo, "normal")
            await own_cleo.ping()
            await until(lambda: time.monotonic() + lock.remaining > end + 0.1)  # noqa: B023
    assert await _is_free(own_cleo)
