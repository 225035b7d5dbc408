"""Waiting for the lock of a group: served in the order of coming, told why not, and gone without a trace."""

from __future__ import annotations

import asyncio
import time

import pytest

from cleo_core import Cleo, LockTimeout, ServerError, group_lock
from cleo_core.group_lock import PATIENCE
from tests.lockers import OWNER, Locker
from tests.raw import ask_at
from tests.servers import Server
from tests.waiting import SOON, until


async def _waiting(cleo: Cleo, count: int, group: str = "g") -> bool:
    holder = await cleo.locks.holder("q", group)
    return holder is not None and holder.waiting == count


async def _is_free(cleo: Cleo, group: str = "g") -> bool:
    return not await cleo.locks.is_locked("q", group)


async def test_who_waits_is_served_in_the_order_of_coming(cleo: Cleo) -> None:
    served: list[int] = []

    async def contend(n: int) -> None:
        async with cleo.locks.group("q", "g", wait=60):
            served.append(n)

    held = cleo.locks.group("q", "g", ttl=60)
    await held.acquire()
    async with asyncio.TaskGroup() as contenders:
        for n in range(10):
            contenders.create_task(contend(n))
            await until(lambda: _waiting(cleo, n + 1))  # noqa: B023
        await held.release()
        # Nobody who comes now gets in before those who stand in line.
        with pytest.raises(LockTimeout):
            await cleo.locks.group("q", "g", wait=0).acquire()
    assert served == list(range(10))


@pytest.mark.parametrize(("wait", "within"), [(0, "at once"), (0.2, "within 0.2 s")])
async def test_who_does_not_get_it_in_time_is_told_who_holds_it_and_leaves_the_line(
    cleo: Cleo, wait: float, within: str
) -> None:
    async with cleo.locks.group("q", "g", owner="nightly import"):
        asked_at = time.monotonic()
        with pytest.raises(LockTimeout, match=f"'g' in q was not granted {within}: it is held by nightly import"):
            await cleo.locks.group("q", "g", wait=wait).acquire()
        assert wait <= time.monotonic() - asked_at < wait + SOON
        assert await _waiting(cleo, 0)


async def test_a_lock_timeout_is_a_timeout_error(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g"):
        with pytest.raises(TimeoutError):
            await cleo.locks.group("q", "g", wait=0).acquire()


async def test_who_is_cancelled_while_waiting_gives_up_its_place(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "g"):
        first = asyncio.create_task(cleo.locks.group("q", "g", wait=60).acquire())
        await until(lambda: _waiting(cleo, 1))
        second = cleo.locks.group("q", "g", wait=60)
        behind = asyncio.create_task(second.acquire())
        await until(lambda: _waiting(cleo, 2))
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await _waiting(cleo, 1)
    await asyncio.wait_for(behind, 30)
    assert await second.release()


async def test_whenever_it_is_cancelled_an_acquire_leaves_nothing_locked(cleo: Cleo) -> None:
    await cleo.locks.group("q", "warm", wait=0).acquire()
    for turns in range(40):
        lock = cleo.locks.group("q", "g", wait=turns % 2)
        taking = asyncio.create_task(lock.acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        if taking.cancel():
            with pytest.raises(asyncio.CancelledError):
                await taking
            assert not lock.held
        else:
            assert await lock.release()
        await until(lambda: _is_free(cleo))
    assert await cleo.locks.force_release("q", "warm")


async def test_a_waiter_that_is_killed_stops_nobody_for_longer_than_its_patience(cleo: Cleo, namespace: str) -> None:
    held = cleo.locks.group("q", "g")
    await held.acquire()
    with Locker(cleo.backend.redis.url, namespace, "q", "g") as doomed:
        await until(lambda: _waiting(cleo, 1))
        lock = cleo.locks.group("q", "g", wait=60)
        behind = asyncio.create_task(lock.acquire())
        await until(lambda: _waiting(cleo, 2))
        doomed.kill()
    killed_at = time.monotonic()
    await held.release()
    await behind
    assert time.monotonic() - killed_at < PATIENCE + SOON
    assert await lock.release()


async def test_a_waiter_whose_connections_are_cut_keeps_its_place(own_server: Server, own_cleo: Cleo) -> None:
    served: list[int] = []

    async def contend(n: int) -> None:
        async with own_cleo.locks.group("q", "g", wait=60):
            served.append(n)

    held = own_cleo.locks.group("q", "g", ttl=60)
    await held.acquire()
    waiters: list[asyncio.Task[None]] = []
    for n in range(3):
        waiters.append(asyncio.create_task(contend(n)))
        await until(lambda: _waiting(own_cleo, n + 1))  # noqa: B023
    for kind in ("normal", "pubsub", "normal", "pubsub"):
        await ask_at(own_server.url, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
    assert await _waiting(own_cleo, 3)
    await held.release()
    await asyncio.wait_for(asyncio.gather(*waiters), 10)
    assert served == [0, 1, 2]


async def test_waiters_hear_of_a_release_instead_of_asking_again_and_again(cleo: Cleo, namespace: str) -> None:
    locks = [cleo.locks.group("q", "g", wait=60) for _ in range(5)]
    async with Cleo(cleo.backend.redis.url, namespace=namespace) as holder:
        held = holder.locks.group("q", "g", ttl=6)
        await held.acquire()
        waiters = [asyncio.create_task(lock.acquire()) for lock in locks]
        await until(lambda: _waiting(holder, 5))
        scripts = await cleo.backend.scripts()
        before, since = scripts.calls, time.monotonic()
        first_end = held.remaining + time.monotonic()
        await until(lambda: held.remaining + time.monotonic() > first_end + 1)
        # Each tells once a second that it is still there, and looks when the lock would have run out.
        assert scripts.calls - before <= 5 * 4 * (time.monotonic() - since)
        await held.release()
    for lock, waiter in zip(locks, waiters, strict=True):
        await waiter
        assert await lock.release()


async def test_a_release_is_heard_at_once(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    # Who waits would ask again after a third of that.
    monkeypatch.setattr(group_lock, "PATIENCE", 60)
    first, second = (cleo.locks.group("q", "g", ttl=60, wait=60) for _ in range(2))
    await first.acquire()
    waiter = asyncio.create_task(second.acquire())
    await until(lambda: _waiting(cleo, 1))
    released = time.monotonic()
    assert await first.release()
    await waiter
    assert time.monotonic() - released < SOON
    assert await second.release()


async def test_an_unreachable_server_is_told_at_once_to_who_has_no_place_yet(
    own_server: Server, own_cleo: Cleo
) -> None:
    await own_cleo.ping()
    own_server.stop()
    asked_at = time.monotonic()
    with pytest.raises(ServerError):
        await own_cleo.locks.group("q", "g", wait=60).acquire()
    assert time.monotonic() - asked_at < SOON
    own_server.start()


async def test_a_dead_holder_is_followed_when_its_time_is_over(cleo: Cleo, namespace: str) -> None:
    with Locker(cleo.backend.redis.url, namespace, "q", "g", ttl=4) as doomed:
        await until(lambda: cleo.locks.is_locked("q", "g"))
        holder = await cleo.locks.holder("q", "g")
        assert holder is not None
        assert holder.owner == OWNER
        doomed.kill()
    killed_at = time.monotonic()
    async with cleo.locks.group("q", "g", wait=60) as lock:
        assert time.monotonic() - killed_at < 4 + SOON
        assert lock.fence > holder.fence
