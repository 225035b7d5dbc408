"""Shares of groups over thousands of claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from cleo_core import Cleo
from cleo_core.scripts import Claimed
from tests.engine.scheduling.driving import QUEUE, claim, done, fill, finish, groups_of, ids_of, put, serve

Refill = Callable[[list[Claimed]], Awaitable[None]]


def refilling(cleo: Cleo) -> Refill:
    """For each task that is claimed another one of its group, so no group ever runs out."""
    number = 0

    async def refill(claimed: list[Claimed]) -> None:
        nonlocal number
        number += len(claimed)
        await put(cleo, [(f"more-{number - n}", task.group.decode(), 1) for n, task in enumerate(claimed)])

    return refill


@pytest.fixture(autouse=True)
async def _emptied(cleo: Cleo) -> AsyncIterator[None]:
    """What still waits at the end is cancelled."""
    yield
    while claimed := await claim(cleo, 500):
        await finish(cleo, claimed)


async def test_shares_are_as_the_weights(cleo: Cleo) -> None:
    weights = {"a": 1.0, "b": 2.0, "c": 5.0, "d": 0.5}
    for group, weight in weights.items():
        await cleo.groups.configure(QUEUE, group, weight=weight)
    await fill(cleo, **dict.fromkeys(weights, 120))
    served = Counter(await serve(cleo, 10_000, batch=100, refill=refilling(cleo)))
    for group, weight in weights.items():
        assert served[group] == pytest.approx(10_000 * weight / sum(weights.values()), rel=0.02)


async def test_equal_groups_take_turns_exactly(cleo: Cleo) -> None:
    await fill(cleo, a=30, b=30, c=30)
    assert await serve(cleo, 90, batch=7) == ["a", "b", "c"] * 30


async def test_weights_hold_in_every_stretch_not_only_in_the_long_run(cleo: Cleo) -> None:
    await cleo.groups.configure(QUEUE, "a", weight=3)
    await fill(cleo, a=120, b=60)
    served = await serve(cleo, 120)
    for first in range(112):
        assert served[first : first + 8].count("b") in {1, 2, 3}


async def test_the_default_weight_holds_for_groups_without_one(cleo: Cleo) -> None:
    await cleo.groups.set_defaults(QUEUE, weight=0.5)
    await cleo.groups.configure(QUEUE, "a", weight=2)
    await fill(cleo, a=100, b=100)
    assert Counter(await serve(cleo, 100)) == {"a": 80, "b": 20}


@pytest.mark.parametrize("strategy", ["round_robin", "dynamic", "priority"])
async def test_a_group_that_was_idle_banks_no_credit(cleo: Cleo, strategy: str) -> None:
    await cleo.groups.set_strategy(QUEUE, strategy)
    await fill(cleo, a=500, b=1)
    await serve(cleo, 200)
    await put(cleo, [(f"late-{n}", "b", 1) for n in range(100)])
    assert abs(2 * (await serve(cleo, 60)).count("b") - 60) <= 2


async def test_a_group_that_left_in_debt_does_not_come_back_without_it(cleo: Cleo) -> None:
    await cleo.groups.configure(QUEUE, "a", weight=0.1)
    await fill(cleo, a=1, b=50)
    assert await serve(cleo, 2, batch=1) == ["a", "b"]
    await put(cleo, [("again", "a", 1)])
    assert (await serve(cleo, 11)).count("a") == 1
    assert await serve(cleo, 2) == ["b", "b"]


async def test_a_paused_group_banks_no_credit(cleo: Cleo) -> None:
    await fill(cleo, a=100, b=100)
    await cleo.groups.pause(QUEUE, "b")
    assert await serve(cleo, 50) == ["a"] * 50
    await cleo.groups.resume(QUEUE, "b")
    assert abs((await serve(cleo, 40)).count("b") - 20) <= 1


async def test_groups_of_one_priority_share_fairly(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "priority")
    for group in ("a", "b", "c"):
        await cleo.groups.set_priority(QUEUE, group, 5)
    await fill(cleo, a=100, b=100, c=100)
    assert Counter(await serve(cleo, 150)) == {"a": 50, "b": 50, "c": 50}


async def test_a_higher_priority_goes_first(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "priority")
    await cleo.groups.set_priority(QUEUE, "c", 2)
    await cleo.groups.set_priority(QUEUE, "a", -1)
    await fill(cleo, a=10, b=10, c=10)
    assert await serve(cleo, 30) == ["c"] * 10 + ["b"] * 10 + ["a"] * 10


@pytest.mark.parametrize(("level", "ready"), [(1, 1), (1, 5), (3, 2), (10, 1)])
async def test_the_lowest_priority_waits_a_hundred_claims_a_level_and_no_longer(
    cleo: Cleo, level: int, ready: int
) -> None:
    await cleo.groups.set_strategy(QUEUE, "priority")
    high = [f"high-{n}" for n in range(ready)]
    for group in high:
        await cleo.groups.set_priority(QUEUE, group, level)
    await fill(cleo, low=5, **dict.fromkeys(high, 120))
    bound = 100 * level + len(high) + 1
    served = await serve(cleo, 3 * bound, batch=25, refill=refilling(cleo))
    turns = [n for n, group in enumerate(served) if group == "low"]
    gaps = [after - before for before, after in zip([-1, *turns], [*turns, len(served)], strict=True)]
    assert max(gaps) <= bound
    assert min(gaps[:-1]) >= 100 * level


async def test_dynamic_gives_groups_of_slow_tasks_fewer_claims_and_equal_run_time(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    runs = {"fast": 10.0, "middle": 20.0, "slow": 100.0}
    await fill(cleo, fast=60, middle=60, slow=60)
    refill = refilling(cleo)
    await serve(cleo, 60, runs.__getitem__, batch=3, refill=refill)  # Their run times become known.
    served = Counter(await serve(cleo, 3_200, runs.__getitem__, batch=16, refill=refill))
    times = {group: served[group] * run for group, run in runs.items()}
    assert times == {group: pytest.approx(sum(times.values()) / 3, rel=0.05) for group in runs}


async def test_dynamic_gives_run_time_by_weight(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await cleo.groups.configure(QUEUE, "a", weight=3)
    runs = {"a": 30.0, "b": 10.0}
    await fill(cleo, a=60, b=60)
    refill = refilling(cleo)
    await serve(cleo, 40, runs.__getitem__, batch=2, refill=refill)
    served = Counter(await serve(cleo, 2_000, runs.__getitem__, batch=10, refill=refill))
    assert served["a"] * 30 == pytest.approx(3 * served["b"] * 10, rel=0.05)


async def test_dynamic_lets_a_group_whose_tasks_all_fail_have_a_fifth(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, bad=60, good=60)
    refill = refilling(cleo)

    def fails(group: str) -> bool:
        return group == "bad"

    await serve(cleo, 120, batch=4, fails=fails, refill=refill)
    served = Counter(await serve(cleo, 600, batch=10, fails=fails, refill=refill))
    assert served["good"] == pytest.approx(5 * served["bad"], rel=0.05)


async def test_dynamic_takes_a_group_back_whose_tasks_succeed_again(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, bad=60, good=60)
    refill = refilling(cleo)
    await serve(cleo, 120, batch=4, fails=lambda group: group == "bad", refill=refill)
    await serve(cleo, 300, batch=4, refill=refill)
    served = Counter(await serve(cleo, 400, batch=10, refill=refill))
    assert served["bad"] == pytest.approx(200, rel=0.05)


async def test_dynamic_lets_a_hog_yield_until_its_backlog_is_gone(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, hog=100)
    held = await claim(cleo, 40)
    await fill(cleo, quiet=30)
    assert (await cleo.groups.get(QUEUE, "hog")).yields
    first = await claim(cleo, 20)
    assert groups_of(first) == ["quiet"] * 20
    await finish(cleo, [*held, *first])  # It holds no slot any more, but its backlog is there still.
    assert groups_of(await claim(cleo, 20)) == ["quiet"] * 10 + ["hog"] * 10
    await claim(cleo, 100)
    assert not (await cleo.groups.get(QUEUE, "hog")).yields
    await put(cleo, [(f"late-{group}-{n}", group, 1) for n in range(4) for group in ("hog", "quiet")])


async def test_dynamic_takes_a_group_for_no_hog_below_thirty_or_a_tenth(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, a=60, b=60)
    await claim(cleo, 58)
    await fill(cleo, c=10)
    assert not any(info.yields for info in (await cleo.groups.list(QUEUE)).items)
    many = [f"g{n:02}" for n in range(20)]
    await fill(cleo, **dict.fromkeys(many, 40))
    await claim(cleo, 700)
    assert not (await cleo.groups.get(QUEUE, "g00")).yields


async def test_hogs_share_with_each_other_what_the_quiet_leave(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, a=200, b=200)
    await claim(cleo, 80)
    assert all(info.yields for info in (await cleo.groups.list(QUEUE)).items)
    assert Counter(groups_of(await claim(cleo, 100))) == {"a": 50, "b": 50}


@pytest.mark.parametrize("weight", [1_000, 100_000])
async def test_heavy_hogs_share_too(cleo: Cleo, weight: float) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    for group in ("a", "b"):
        await cleo.groups.configure(QUEUE, group, weight=weight)
    await fill(cleo, a=200, b=200)
    await claim(cleo, 80)
    assert all(info.yields for info in (await cleo.groups.list(QUEUE)).items)
    served = Counter(groups_of(await claim(cleo, 100)))
    assert served["a"] == pytest.approx(50, abs=3)


@pytest.mark.parametrize("size", [1, 20])
async def test_hogs_that_waited_long_still_share(cleo: Cleo, size: int) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await cleo.groups.configure(QUEUE, "quiet", weight=0.001)
    await fill(cleo, a=100, b=100)
    await claim(cleo, 80)
    await fill(cleo, quiet=2)
    assert groups_of(await claim(cleo, 2)) == ["quiet", "quiet"]
    served = [group for _ in range(0, 20, size) for group in groups_of(await claim(cleo, size))]
    assert served == ["a", "b"] * 10


@pytest.mark.parametrize(("strategy", "expected"), [("fifo", ["a-0", "b-0", "a-1"]), ("lifo", ["b-2", "b-1", "a-1"])])
async def test_by_age_the_groups_are_as_one(cleo: Cleo, strategy: str, expected: list[str]) -> None:
    await cleo.groups.set_strategy(QUEUE, strategy, order=strategy)
    await put(cleo, [("a-0", "a", 1), ("b-0", "b", 1), ("a-1", "a", 1), ("b-1", "b", 1), ("b-2", "b", 1)])
    assert ids_of(await claim(cleo, 3)) == expected


async def test_a_group_of_unknown_run_time_costs_what_the_queue_knows_in_the_very_call_that_tells(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, a=1)
    (first,) = await claim(cleo, 1)
    await fill(cleo, b=10, c=10)
    assert ids_of(await claim(cleo, 1, [done(first, 100.0)])) == ["b-0"]
    await cleo.groups.configure(QUEUE, "c", weight=4)
    # A task of either costs 100 ms, by weight: b stands at 100, c at 0 and goes on by 25.
    assert groups_of(await claim(cleo, 6)) == ["c", "c", "c", "c", "b", "c"]
