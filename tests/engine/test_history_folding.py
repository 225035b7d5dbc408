"""Folding minutes into hours and days: once, in slices, by several workers at a time, and whoever dies."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from cleo_core import Cleo
from cleo_core.models import Resolution
from tests.conftest import StartWorker
from tests.pasts import fold, run, shift
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

HOUR, DAY = 3_600, 86_400


async def _past(cleo: Cleo, minutes: int = 3) -> None:
    """Nine tasks of three groups, some minutes ago, not folded."""
    for group in "abc":
        await run(cleo, [0.5, 1.0, 2.0], group=group, name=f"name-{group}")
    await shift(cleo, minutes)


async def _told(cleo: Cleo, seconds: float = 3_600) -> list[Any]:
    """All that is told of the range, but for the moment it was asked."""
    asked = [await cleo.history.stats("q", seconds=seconds)]
    asked += [await cleo.history.stats("q", group=group, seconds=seconds) for group in "abc"]
    asked += [await cleo.history.stats("q", name=f"name-{group}", seconds=seconds) for group in "abc"]
    return [
        stats.figures.model_dump(exclude={"until", "since", "throughput"}, round_trip=True)
        | {"errors": [error.model_dump() for error in stats.errors], "slowest": [row.name for row in stats.slowest]}
        for stats in asked
    ]


async def test_folding_changes_nothing_that_is_told(cleo: Cleo) -> None:
    await _past(cleo)
    await run(cleo, [0.1] * 4, group="a", error=("ValueError", "no"))
    await shift(cleo, 5)
    before = await _told(cleo)
    await fold(cleo)
    assert await _told(cleo) == before
    assert await ask(cleo, "ZCARD", f"{keys_of(cleo, 'q').prefix}unfolded") == 0
    assert await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}minute:*") == []


async def test_folding_twice_counts_once(cleo: Cleo) -> None:
    await _past(cleo)
    before = await _told(cleo)
    for _ in range(3):
        await fold(cleo)
    assert await _told(cleo) == before
    assert (await cleo.history.stats("q", seconds=30 * DAY)).figures.completed == 9


async def test_between_two_slices_nothing_is_missing_and_nothing_counts_twice(cleo: Cleo) -> None:
    await _past(cleo)
    await shift(cleo, 60)
    await _past(cleo)
    before = await _told(cleo, 7_200)
    scripts = await cleo.backend.scripts()
    calls = 1
    while await scripts.fold("q", 1):
        calls += 1
        assert await _told(cleo, 7_200) == before
    assert calls > 10
    assert await _told(cleo, 7_200) == before


async def test_many_workers_may_fold_at_once(cleo: Cleo, server: Server, namespace: str) -> None:
    for _ in range(4):
        await _past(cleo, random.randint(2, 900))
    before = (await cleo.history.stats("q", seconds=4 * DAY)).figures.completed
    others = [Cleo(server.url, namespace=namespace) for _ in range(4)]
    await asyncio.gather(*(fold(one, slice_size=2) for one in others))
    assert (await cleo.history.stats("q", seconds=4 * DAY)).figures.completed == before == 36
    for one in others:
        await one.close()


async def test_the_running_minute_is_left_alone(cleo: Cleo) -> None:
    await run(cleo, [1.0])
    prefix = keys_of(cleo, "q").prefix
    numbers = {int(number) for number in await ask(cleo, "ZRANGE", f"{prefix}unfolded", 0, -1)}
    await fold(cleo)
    left = {int(number) for number in await ask(cleo, "ZRANGE", f"{prefix}unfolded", 0, -1)}
    seconds, _ = await ask(cleo, "TIME")
    assert {number for number in numbers if number >= int(seconds) // 60} <= left
    assert (await cleo.history.stats("q")).figures.completed == 1


async def test_a_minute_that_a_clock_set_back_fills_again_is_added(cleo: Cleo) -> None:
    await _past(cleo)
    await fold(cleo)
    await _past(cleo)
    await fold(cleo)
    for figures in (
        (await cleo.history.stats("q")).figures,
        (await cleo.history.stats("q", seconds=20 * DAY)).figures,
        (await cleo.history.stats("q", group="a")).figures,
    ):
        assert figures.completed in {18, 6}
    assert sum(point.completed for point in await cleo.history.series("q", resolution=Resolution.HOUR)) == 18
    assert sum(point.completed for point in await cleo.history.series("q", resolution=Resolution.MINUTE)) == 18


async def test_a_minute_of_the_future_is_not_folded_before_it_is_over(cleo: Cleo) -> None:
    await run(cleo, [1.0])
    (number, *_) = await shift(cleo, -10)
    await fold(cleo)
    assert await ask(cleo, "EXISTS", f"{keys_of(cleo, 'q').prefix}minute:{number}") == 1


async def test_workers_fold_by_themselves(cleo: Cleo) -> None:
    await _past(cleo)
    before = await _told(cleo)
    async with cleo.worker(["q"], sweep=0.05):
        await until(lambda: _folded(cleo))
    assert await _told(cleo) == before


async def _folded(cleo: Cleo) -> bool:
    return await ask(cleo, "ZCARD", f"{keys_of(cleo, 'q').prefix}unfolded") == 0


JOBS = """
@cleo.task(queue="q")
async def work() -> None: ...
"""


async def test_workers_that_are_killed_while_they_fold_lose_nothing(
    cleo: Cleo, server: Server, start_worker: StartWorker
) -> None:
    for number in range(120):
        await run(cleo, [1.0], group=f"g{number % 60}")
    await shift(cleo, 2)
    for _ in range(3):
        process = start_worker(server.url, JOBS, "--queues", "q")
        await until(lambda: _begun(cleo))
        process.kill_all()
        if await _folded(cleo):
            break
    await fold(cleo)
    assert (await cleo.history.stats("q")).figures.completed == 120
    of_groups = [(await cleo.history.stats("q", group=f"g{number}")).figures.completed for number in range(60)]
    assert of_groups == [2] * 60


async def _begun(cleo: Cleo) -> bool:
    return bool(await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}hours:*"))


async def test_folded_counters_live_as_long_as_the_limits_say(cleo: Cleo) -> None:
    await _past(cleo)
    await fold(cleo)
    prefix = keys_of(cleo, "q").prefix
    for pattern, least, most in (
        ("minutes:*", 2 * DAY, 2 * DAY + 3_600),
        ("hours:*", 32 * DAY, 33 * DAY),
        ("days:*", 366 * DAY, 398 * DAY),
        ("times:*", 366 * DAY, 367 * DAY),
    ):
        keys = await ask(cleo, "KEYS", prefix + pattern)
        assert len(keys) >= 3
        for key in keys:
            assert least - 600 < await ask(cleo, "TTL", key) <= most, key


@pytest.mark.garbles_data
@pytest.mark.parametrize("garbage", ["", "no json", "[]", "{}", "7", "[1,2,3,4]", '[[1],["a","b"],[null,2],7]', "\x00"])
async def test_cells_that_can_not_be_read_count_as_nothing(cleo: Cleo, garbage: str) -> None:
    await _past(cleo)
    await fold(cleo)
    prefix = keys_of(cleo, "q").prefix
    for pattern in ("hours:*", "days:*"):
        for key in await ask(cleo, "KEYS", prefix + pattern):
            (number,) = await ask(cleo, "HKEYS", key)
            await ask(cleo, "HSET", key, number, garbage)
            await ask(cleo, "HSET", key, "nonsense", garbage)
    for key in await ask(cleo, "KEYS", f"{prefix}minutes:*"):
        await ask(cleo, "APPEND", key, f"\n{garbage}\n{garbage} {garbage}\n12")
    # Half an hour is never told of the cell of an hour, which garbage is in.
    assert (await cleo.history.stats("q", seconds=HOUR / 2)).figures.completed == 9
    await cleo.history.stats("q", seconds=40 * DAY)
    await _past(cleo)
    await fold(cleo)
    assert (await cleo.history.stats("q", seconds=HOUR / 2)).figures.completed == 18
    assert sum(point.completed for point in await cleo.history.series("q", resolution=Resolution.HOUR)) >= 9


@pytest.mark.garbles_data
async def test_a_minute_with_garbage_in_it_is_folded_as_far_as_it_can_be_read(cleo: Cleo) -> None:
    await run(cleo, [1.0])
    prefix = keys_of(cleo, "q").prefix
    (number, *_) = await shift(cleo, 3)
    for field, value in (("r", "x"), ("rabc", "5"), ("w1", "many"), ("!", "x"), ("completed", "some"), ("q", "7")):
        await ask(cleo, "HSET", f"{prefix}minute:{number}", field, value)
    await cleo.history.stats("q")
    await fold(cleo)
    figures = (await cleo.history.stats("q")).figures
    assert figures.run.p50 == pytest.approx(1.0, rel=0.05)


@pytest.mark.garbles_data
async def test_limits_that_can_not_be_read_are_the_defaults(cleo: Cleo) -> None:
    for spec in ("", "nonsense", "500", "1 2 3 x", "9 " * 40):
        await ask(cleo, "HSET", keys_of(cleo, "q").queue, "keep", spec)
        await run(cleo, [1.0], group="g")
    assert (await cleo.history.stats("q")).figures.completed == 5
