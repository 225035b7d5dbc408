"""How long what has ended is kept."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo, Limits, TaskFailed, TaskNotFound, TaskState
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until


async def test_a_completed_task_is_kept_for_its_retention_and_then_forgotten(cleo: Cleo) -> None:
    @cleo.task(queue="q", retention=3)
    async def work() -> str:
        return "done"

    async with cleo.worker(sweep=0.1):
        handle = await work.enqueue()
        assert await handle.result(timeout=30) == "done"
        await until(lambda: _kept(cleo, 0))
        with pytest.raises(TaskNotFound, match="expired"):
            await handle.status()
        with pytest.raises(TaskNotFound):
            await handle.result(timeout=30)
        assert (await cleo.queues.tasks("q", TaskState.COMPLETED)).items == []


async def _kept(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).kept == count


async def test_a_sweep_drops_what_has_expired_from_its_index(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    async with cleo.worker(sweep=0.05):
        await work.options(retention=1).enqueue_many([()] * 20)
        await (await work.options(retention=60).enqueue()).result(timeout=30)
        await until(lambda: _total(cleo, 1))


async def _total(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.tasks("q", TaskState.COMPLETED)).total == count


async def test_no_retention_leaves_nothing_of_a_task(cleo: Cleo) -> None:
    @cleo.task(queue="q", retention=0)
    async def work() -> None:
        return None

    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: _completed(cleo))
    assert await ask(cleo, "EXISTS", keys_of(cleo, "q").task(handle.id)) == 0
    assert (await cleo.queues.stats("q")).kept == 0


async def _completed(cleo: Cleo) -> bool:
    return (await cleo.queues.stats("q")).completed == 1


async def test_who_waits_already_gets_the_result_in_spite_of_no_retention(cleo: Cleo) -> None:
    @cleo.task(queue="q", retention=0)
    async def work() -> str:
        return "for who waits"

    handle = await work.enqueue()
    waiting = asyncio.create_task(handle.result(timeout=30))
    await until(lambda: ask(cleo, "EXISTS", f"{keys_of(cleo, 'q').prefix}waits"))
    async with cleo.worker():
        assert await waiting == "for who waits"


async def test_a_dead_letter_says_when_it_will_be_dropped(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, limits=Limits(dead_retention=120)) as cleo:

        @cleo.task(queue="q", max_retries=0)
        async def fail() -> None:
            raise ValueError

        async with cleo.worker():
            handle = await fail.enqueue()
            with pytest.raises(TaskFailed):
                await handle.result(timeout=30)
        stats = await cleo.queues.stats("q")
        record = await cleo.queues.get_task("q", handle.id)
    assert stats.dead_expires_at is not None
    assert record.expires_at is not None
    assert 100 < stats.dead_expires_at - stats.at <= 120
    assert 100 < record.expires_at - stats.at <= 121


async def test_the_default_retention_is_the_cleos(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, limits=Limits(retention=50)) as cleo:

        @cleo.task(queue="q")
        async def work() -> None:
            return None

        async with cleo.worker():
            handle = await work.enqueue()
            await handle.result(timeout=30)
        assert 0 < await ask(cleo, "TTL", keys_of(cleo, "q").task(handle.id)) <= 50


async def test_an_id_may_be_used_again_after_its_retention(cleo: Cleo) -> None:
    @cleo.task(queue="q", retention=1)
    async def work(n: int) -> int:
        return n

    async with cleo.worker():
        await work.options(task_id="one").enqueue(1)
        await until(lambda: _gone(cleo, "one"))
        second = await work.options(task_id="one", retention=60).enqueue(2)
        assert second.created
        assert await second.result(timeout=30) == 2


async def _gone(cleo: Cleo, task_id: str) -> bool:
    return not await ask(cleo, "EXISTS", keys_of(cleo, "q").task(task_id))


async def test_a_retried_dead_letter_no_longer_expires(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError

    async with cleo.worker():
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    await cleo.dead_letters.retry("q", [handle.id])
    assert await ask(cleo, "TTL", keys_of(cleo, "q").task(handle.id)) == -1
    assert (await cleo.queues.get_task("q", handle.id)).expires_at is None
