"""A worker of many queues: what share of its claims each has, and in which order."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from cleo_core import Cleo, Task
from tests.waiting import until


def _recorder(cleo: Cleo, ran: list[str]) -> Task[[str], object, None]:
    @cleo.task(queue="a", retention=0)
    async def note(queue: str) -> None:
        ran.append(queue)

    return note


async def _fill(note: Task[[str], object, None], count: int, *queues: str) -> None:
    for queue in queues:
        await note.options(queue=queue).enqueue_many([(queue,)] * count)


@pytest.mark.parametrize("concurrency", [1, 5])
async def test_of_weights_three_and_one_the_first_has_three_quarters(cleo: Cleo, concurrency: int) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 400, "a", "b")
    async with cleo.worker(["a:3", "b:1"], concurrency=concurrency, prefetch=0):
        await until(lambda: len(ran) >= 400)
    assert ran[:400].count("a") == pytest.approx(300, abs=12)


async def test_weights_hold_however_they_are_named(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 300, "a", "b", "c")
    async with cleo.worker(["c:1", "a:5", "b:4"], concurrency=2, prefetch=0):
        await until(lambda: len(ran) >= 400)
    shares = Counter(ran[:400])
    assert [shares[queue] for queue in "abc"] == [pytest.approx(expected, abs=16) for expected in (200, 160, 40)]


async def test_a_queue_that_fills_up_later_has_no_turns_to_make_up_for(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 300, "a")
    async with cleo.worker(["a", "b"], concurrency=1, prefetch=0):
        await until(lambda: len(ran) >= 100)
        await cleo.queues.pause("a")
        await _fill(note, 100, "b")
        await cleo.queues.resume("a")
        await until(lambda: len(ran) == 400)
    first = ran.index("b")
    later = ran[first : first + 120]
    assert later.count("a") >= 20


async def test_strictly_an_urgent_queue_goes_before_what_waits(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    running, go_on = asyncio.Event(), asyncio.Event()

    @cleo.task(queue="low")
    async def block() -> None:
        running.set()
        await go_on.wait()

    async with cleo.worker(["urgent", "normal", "low"], strict=True, concurrency=1, prefetch=0):
        await block.enqueue()
        await running.wait()
        await _fill(note, 10, "low", "normal", "urgent")
        go_on.set()
        await until(lambda: len(ran) == 30)
    assert ran == ["urgent"] * 10 + ["normal"] * 10 + ["low"] * 10


async def test_strictly_what_comes_later_to_an_earlier_queue_goes_first(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)

    @cleo.task(queue="low")
    async def call_for_help() -> None:
        await note.options(queue="urgent").enqueue("urgent")

    await call_for_help.enqueue()
    await _fill(note, 20, "low")
    async with cleo.worker(["urgent", "low"], strict=True, concurrency=1, prefetch=0):
        await until(lambda: len(ran) == 21)
    assert ran.index("urgent") <= 5


async def test_fifty_queues_are_all_served(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    queues = [f"q{n}" for n in range(50)]
    await _fill(note, 3, *queues)
    async with cleo.worker(queues, concurrency=10):
        await until(lambda: len(ran) == 150)
        await _fill(note, 1, *queues)
        await until(lambda: len(ran) == 200)
    assert set(Counter(ran).values()) == {4}
    assert await cleo.queues.count() == 50


async def test_two_workers_with_different_queues_serve_each_their_own(cleo: Cleo) -> None:
    @cleo.task(queue="a")
    async def who(n: int) -> int:
        await asyncio.sleep(0)
        return n

    async with cleo.worker(["a"]) as one, cleo.worker(["b"]) as two:
        handles = await who.options(queue="a").enqueue_many([(n,) for n in range(20)])
        handles += await who.options(queue="b").enqueue_many([(n,) for n in range(30)])
        for handle in handles:
            await handle.result(timeout=30)
        await until(lambda: one.processed == 20 and two.processed == 30)
    for handle in handles:
        record = await cleo.queues.get_task(handle.queue, handle.id)
        assert record.worker == (one.id if handle.queue == "a" else two.id)


async def test_a_queue_that_is_named_twice_is_served_once_with_the_last_weight(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 200, "a", "b")
    async with cleo.worker(["a:1", "b:1", "a:4"], concurrency=1, prefetch=0):
        await until(lambda: len(ran) >= 200)
    assert ran[:200].count("a") == pytest.approx(160, abs=8)
