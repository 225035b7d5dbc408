"""Many tasks in one call."""

from __future__ import annotations

import pytest

from cleo_core import Cleo, InvalidArguments, Limits, PayloadTooLarge
from tests.servers import Server
from tests.waiting import until


async def test_a_batch_comes_back_as_handles_in_its_order(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    async with cleo.worker():
        handles = await double.enqueue_many([(n,) for n in range(300)])
        assert [await handle.result(timeout=30) for handle in handles] == [2 * n for n in range(300)]


async def test_one_bad_call_in_a_batch_stores_none_of_it(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def take(n: int) -> None:
        return None

    with pytest.raises(InvalidArguments, match="n"):
        await take.enqueue_many([(1,), (2,), ("three",)])
    assert (await cleo.queues.stats("q")).enqueued == 0


async def test_one_call_over_the_limit_in_a_batch_stores_none_of_it(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, limits=Limits(payload_bytes=100)) as cleo:

        @cleo.task(queue="q")
        async def take(text: str) -> None:
            return None

        with pytest.raises(PayloadTooLarge, match="limit is 100"):
            await take.enqueue_many([("short",), ("x" * 200,)])
        assert (await cleo.queues.stats("q")).enqueued == 0


async def test_a_batch_of_twelve_thousand_is_cut_and_every_task_runs_once(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q", retention=0)
    async def note(n: int) -> None:
        ran.append(n)

    handles = await note.enqueue_many([(n,) for n in range(12_000)])
    assert all(handle.created for handle in handles)
    assert len({handle.id for handle in handles}) == 12_000
    async with cleo.worker():
        await until(lambda: len(ran) == 12_000)
    assert sorted(ran) == list(range(12_000))


async def test_a_batch_of_large_payloads_is_cut_by_size(cleo: Cleo) -> None:
    sizes: list[int] = []

    @cleo.task(queue="q", retention=0)
    async def measure(text: str) -> None:
        sizes.append(len(text))

    await measure.enqueue_many([("x" * 500_000,)] * 30)
    async with cleo.worker(concurrency=10):
        await until(lambda: len(sizes) == 30)


async def test_an_empty_batch_is_no_batch(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    assert await work.enqueue_many([]) == []


async def test_a_batch_with_options_has_them_for_every_task(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work(n: int) -> None:
        return None

    handles = await work.options(delay=60, group="g").enqueue_many([(1,), (2,)])
    records = [await cleo.queues.get_task("q", handle.id) for handle in handles]
    assert [(record.state, record.group) for record in records] == [("delayed", "g")] * 2


async def test_one_task_id_for_a_batch_is_refused(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work(n: int) -> None:
        return None

    with pytest.raises(InvalidArguments, match="task_id"):
        await work.options(task_id="one").enqueue_many([(1,), (2,)])


@pytest.mark.parametrize("calls", [["abc"], [1], ["x"], [None]])
async def test_a_call_that_is_no_tuple_is_refused(cleo: Cleo, calls: list[object]) -> None:
    @cleo.task(queue="q")
    async def take(text: str) -> None:
        return None

    with pytest.raises(InvalidArguments, match="tuple"):
        await take.enqueue_many(calls)  # pyright: ignore[reportArgumentType]
    assert (await cleo.queues.stats("q")).enqueued == 0
