"""Locks that are lost while they are held: who is told, what is stopped, and what is raised in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable

import pytest

from cleo_core import Cleo, LockLost, RedisSettings, ServerError
from cleo_core.group_lock import GroupLock
from tests.servers import Server
from tests.waiting import SOON, until


class Scene:
    """A task that works under the lock for ever, and what is heard of it."""

    def __init__(self, cleo: Cleo, *, ttl: float = 60, renew: bool = True) -> None:
        self.told: list[float] = []
        self.stopped_at = 0.0
        self.lock = cleo.locks.group("q", "g", ttl=ttl, renew=renew, on_lost=self._hear)
        self.task = asyncio.create_task(self._work())
        self.began = asyncio.Event()

    def _hear(self, lock: GroupLock) -> None:
        assert lock is self.lock
        assert not lock.held
        self.told.append(time.monotonic())

    async def _work(self) -> None:
        async with self.lock:
            self.began.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.stopped_at = time.monotonic()
                raise


async def test_a_holder_whose_server_is_gone_is_stopped_when_its_time_is_over(
    own_server: Server, own_cleo: Cleo
) -> None:
    scene = Scene(own_cleo, ttl=3)
    await scene.began.wait()
    own = time.monotonic() + scene.lock.remaining
    own_server.stop()
    with pytest.raises(LockLost, match=r"'g' in q \(fence 1\) is held no longer"):
        await scene.task
    # Not before: it was the holder's for that long.
    assert own - 0.1 < scene.stopped_at < own + 3 + SOON
    assert len(scene.told) == 1
    assert scene.task.cancelling() == 0
    own_server.start()


async def test_a_holder_whose_server_is_silent_is_stopped_when_its_time_is_over(
    own_server: Server, namespace: str
) -> None:
    async with Cleo(redis=RedisSettings(url=own_server.url, timeout=60), namespace=namespace) as cleo:
        scene = Scene(cleo, ttl=3)
        await scene.began.wait()
        os.kill(own_server.pid, signal.SIGSTOP)
        try:
            silent_at = time.monotonic()
            with pytest.raises(LockLost):
                await scene.task
            # Nobody waits for the server to answer before saying so.
            assert time.monotonic() - silent_at < 3 + SOON
        finally:
            os.kill(own_server.pid, signal.SIGCONT)
        assert len(scene.told) == 1


async def test_a_server_that_is_back_in_time_costs_the_holder_nothing(own_server: Server, own_cleo: Cleo) -> None:
    scene = Scene(own_cleo, ttl=9)
    await scene.began.wait()
    own_server.kill()
    own_server.start()
    end = time.monotonic() + scene.lock.remaining
    await until(lambda: time.monotonic() + scene.lock.remaining > end + 0.1 or scene.task.done())
    assert await own_cleo.locks.is_locked("q", "g")
    scene.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scene.task
    assert scene.told == []
    assert not await own_cleo.locks.is_locked("q", "g")


async def test_a_holder_hears_of_a_release_by_force_with_its_next_renewal(cleo: Cleo) -> None:
    scene = Scene(cleo, ttl=9)
    await scene.began.wait()
    own = time.monotonic() + scene.lock.remaining
    assert await cleo.locks.force_release("q", "g")
    with pytest.raises(LockLost):
        await scene.task
    # Before its time is over.
    assert scene.stopped_at < own
    assert len(scene.told) == 1


async def test_a_lock_that_is_not_renewed_goes_to_the_next_and_its_holder_is_told(cleo: Cleo) -> None:
    scene = Scene(cleo, ttl=1, renew=False)
    await scene.began.wait()
    async with cleo.locks.group("q", "g", wait=60) as next_one:
        with pytest.raises(LockLost):
            await scene.task
        assert next_one.held
        assert next_one.fence > scene.lock.fence
    assert len(scene.told) == 1


async def test_a_cancellation_from_outside_stays_one(cleo: Cleo) -> None:
    scene = Scene(cleo)
    await scene.began.wait()
    scene.task.cancel("enough")
    with pytest.raises(asyncio.CancelledError):
        await scene.task
    assert scene.told == []
    assert not await cleo.locks.is_locked("q", "g")


async def test_a_cancellation_from_outside_that_comes_with_the_loss_is_not_swallowed(cleo: Cleo) -> None:
    began = asyncio.Event()

    def stop_too(_: GroupLock) -> None:
        task.cancel("outside")

    async def work() -> None:
        async with cleo.locks.group("q", "g", ttl=0.1, renew=False, on_lost=stop_too):
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await began.wait()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_timeout_around_a_lock_stays_a_timeout(cleo: Cleo) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), cleo.locks.group("q", "g"):
            await asyncio.Event().wait()
    assert not await cleo.locks.is_locked("q", "g")
    # And within the lock it is the business of what runs there.
    async with cleo.locks.group("q", "g") as lock:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        assert lock.held


async def test_the_loss_of_the_inner_of_two_locks_leaves_the_outer_held(cleo: Cleo) -> None:
    async with cleo.locks.group("q", "outer") as outer:
        with pytest.raises(LockLost, match="'inner'"):
            async with cleo.locks.group("q", "inner", ttl=0.1, renew=False):
                await asyncio.Event().wait()
        assert outer.held
        await outer.extend()


async def test_the_loss_of_the_outer_of_two_locks_releases_the_inner(cleo: Cleo) -> None:
    with pytest.raises(LockLost, match="'outer'"):
        async with cleo.locks.group("q", "outer", ttl=0.1, renew=False), cleo.locks.group("q", "inner"):
            await asyncio.Event().wait()
    assert not await cleo.locks.is_locked("q", "inner")


async def test_what_the_body_raises_passes_through_and_the_lock_is_released(cleo: Cleo) -> None:
    with pytest.raises(ZeroDivisionError):
        async with cleo.locks.group("q", "g"):
            raise ZeroDivisionError
    assert not await cleo.locks.is_locked("q", "g")


async def test_what_the_body_raises_when_it_is_stopped_passes_through(cleo: Cleo) -> None:
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with cleo.locks.group("q", "g", ttl=0.1, renew=False):
            try:
                await asyncio.Event().wait()
            finally:
                raise ZeroDivisionError
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_a_body_that_will_not_be_stopped_is_told_at_its_end(cleo: Cleo) -> None:
    with pytest.raises(LockLost):  # noqa: PT012
        async with cleo.locks.group("q", "g", ttl=0.1, renew=False) as lock:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                assert not lock.held
            await cleo.ping()
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0
    await cleo.ping()


async def test_a_body_that_blocked_the_loop_past_the_end_is_told_at_its_end(cleo: Cleo) -> None:
    told: list[GroupLock] = []
    lock = cleo.locks.group("q", "g", ttl=0.1, on_lost=told.append)
    with pytest.raises(LockLost):  # noqa: PT012
        async with lock:
            time.sleep(0.2)  # noqa: ASYNC251
            assert not lock.held
    assert told == [lock]


async def test_extend_raises_when_it_is_lost(cleo: Cleo) -> None:
    told: list[GroupLock] = []
    began = 0.0
    lock = cleo.locks.group("q", "g", ttl=60, on_lost=told.append)
    with pytest.raises(LockLost):  # noqa: PT012
        async with lock:
            await cleo.locks.force_release("q", "g")
            began = time.monotonic()
            await lock.extend()
    # It doesn't wait for the next renewal, which is 20 s away.
    assert time.monotonic() - began < SOON
    assert told == [lock]
    with pytest.raises(LockLost):
        await lock.extend()
    assert told == [lock]


async def test_an_extension_that_was_not_answered_is_not_counted_on(own_server: Server, own_cleo: Cleo) -> None:
    scene = Scene(own_cleo, ttl=60)
    await scene.began.wait()
    own_server.stop()
    with pytest.raises(ServerError):
        await scene.lock.extend(0.5)
    # Nobody knows whether it was shortened, so it is over when it may be.
    with pytest.raises(LockLost):
        await asyncio.wait_for(scene.task, SOON)
    own_server.start()


async def _fail(_: GroupLock) -> None:
    raise ZeroDivisionError


def _fail_at_once(_: GroupLock) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("on_lost", [_fail, _fail_at_once])
async def test_a_callback_that_fails_is_logged_and_stops_nothing(
    cleo: Cleo, on_lost: Callable[[GroupLock], Awaitable[None] | None], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(LockLost):
        async with cleo.locks.group("q", "g", ttl=0.1, renew=False, on_lost=on_lost):
            await asyncio.Event().wait()
    assert "ZeroDivisionError" in caplog.text


async def test_an_async_callback_has_ended_when_the_loss_is_raised_and_holds_up_no_stop(cleo: Cleo) -> None:
    stopped = asyncio.Event()
    steps: list[str] = []

    async def tell(lock: GroupLock) -> None:
        await stopped.wait()
        assert await lock.release() is False
        await cleo.ping()
        steps.append("told")

    with pytest.raises(LockLost):  # noqa: PT012
        async with cleo.locks.group("q", "g", ttl=0.1, renew=False, on_lost=tell):
            try:
                await asyncio.Event().wait()
            finally:
                steps.append("stopped")
                stopped.set()
    assert steps == ["stopped", "told"]


async def test_a_release_that_can_not_be_delivered_is_raised_unless_the_body_raised(
    own_server: Server, own_cleo: Cleo
) -> None:
    with pytest.raises(ServerError):
        async with own_cleo.locks.group("q", "g", ttl=60):
            own_server.stop()
    own_server.start()
    await own_cleo.locks.force_release("q", "g")
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with own_cleo.locks.group("q", "g", ttl=60):
            own_server.stop()
            raise ZeroDivisionError
    own_server.start()
