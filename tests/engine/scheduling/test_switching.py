"""Changing the rules while work goes on: nothing is lost, no limit is broken, and every change comes to its end."""

from __future__ import annotations

import asyncio
from collections import Counter
from itertools import cycle

import pytest

from cleo_core import Cleo, GroupStrategy
from cleo_core.governing import SLICE
from cleo_core.models import GroupOrder
from cleo_core.scripts import Claimed
from tests.engine.scheduling.driving import QUEUE, RETENTIONS, claim, done, fill, finish, groups_of, ids_of, put
from tests.engine.scheduling.model import Model
from tests.raw import ask, keys_of
from tests.waiting import until


async def _many(cleo: Cleo, groups: int, each: int = 1) -> list[str]:
    """Tasks of many groups, which take turns in being added; their ids in the order of coming."""
    ids = [f"t{n:05}" for n in range(groups * each)]
    await put(cleo, [(task, f"g{n % groups:05}", 1) for n, task in enumerate(ids)])
    return ids


async def _begin(cleo: Cleo, slice_size: int, **rules: str) -> int:
    """Begin a change as a caller does that dies after its first call; how many groups are still to be moved."""
    scripts = await cleo.backend.scripts()
    number, left = await scripts.govern(QUEUE, cleo.backend.actor, "set strategy", slice_size, 0, "ring", rules)
    assert number > 0
    return left


async def _moving(cleo: Cleo) -> int:
    return (await cleo.groups.rules(QUEUE)).moving


async def _drain(cleo: Cleo, size: int = 50) -> list[str]:
    ran: list[str] = []
    while claimed := await claim(cleo, size):
        ran += ids_of(claimed)
        await finish(cleo, claimed)
    return ran


async def test_switching_under_three_workers_loses_nothing_and_runs_each_task_once(cleo: Cleo) -> None:
    ids = await _many(cleo, 700, 3)
    ran: list[str] = []

    async def work(worker: str, size: int) -> None:
        claimed: list[Claimed] = []
        while True:
            claimed = await claim(cleo, size, [done(task) for task in claimed], worker=worker)
            ran.extend(ids_of(claimed))
            if not claimed and len(ran) == len(ids):
                return

    async def switch() -> None:
        for strategy, order in zip(cycle(GroupStrategy), cycle(GroupOrder), strict=False):
            await cleo.groups.set_strategy(QUEUE, strategy, order=order)
            if len(ran) == len(ids):
                return

    async with asyncio.timeout(60):
        await asyncio.gather(switch(), work("w1", 7), work("w2", 20), work("w3", 33))
    assert sorted(ran) == ids


async def test_switching_under_real_workers_runs_each_task_once(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue=QUEUE, retention=0)
    async def note(n: int) -> None:
        ran.append(n)
        await asyncio.sleep(0)

    for group in range(40):
        await note.options(group=f"g{group}").enqueue_many([(group * 50 + n,) for n in range(50)])
    async with cleo.worker(concurrency=20), cleo.worker(concurrency=20), cleo.worker(concurrency=20):
        for strategy in cycle(GroupStrategy):
            await cleo.groups.set_strategy(QUEUE, strategy)
            if len(ran) >= 2_000:
                break
    assert sorted(ran) == list(range(2_000))


async def test_a_switch_that_was_cut_short_is_completed_by_claims_alone(cleo: Cleo) -> None:
    ids = await _many(cleo, 600, 2)
    assert await _begin(cleo, 10, strategy="lifo", order="lifo") > 500
    ran: list[str] = []
    while await _moving(cleo):
        claimed = await claim(cleo, 5)
        assert len(claimed) == 5
        ran += ids_of(claimed)
        await finish(cleo, claimed)
    waiting = sorted(set(ids) - set(ran), reverse=True)
    assert await _drain(cleo) == waiting
    assert len(ran) < 60


async def test_a_switch_that_was_cut_short_is_completed_by_sweeps_alone(cleo: Cleo) -> None:
    ids = await _many(cleo, 600, 2)
    left = await _begin(cleo, 10, strategy="fifo", order="fifo")
    scripts = await cleo.backend.scripts()
    while left:
        await scripts.sweep(QUEUE, 100, RETENTIONS)
        assert await _moving(cleo) == max(0, left - 100)
        left = await _moving(cleo)
    assert await _drain(cleo) == ids


async def test_a_worker_alone_completes_a_switch_that_was_cut_short(cleo: Cleo) -> None:
    @cleo.task(queue=QUEUE, retention=0)
    async def work() -> None:
        await asyncio.sleep(0)

    await _many(cleo, 600)
    assert await _begin(cleo, 1, strategy="priority")
    async with cleo.worker(concurrency=3, sweep=60):
        await until(lambda: _nothing_waits(cleo))
    assert await _moving(cleo) == 0


async def _nothing_waits(cleo: Cleo) -> bool:
    stats = await cleo.queues.stats(QUEUE)
    return stats.waiting == 0 and stats.active == 0


@pytest.mark.parametrize("paused", [True, False])
async def test_an_interrupted_switch_of_a_queue_that_stands_still_is_completed_too(cleo: Cleo, paused: bool) -> None:
    ids = await _many(cleo, 300)
    if paused:
        await cleo.queues.pause(QUEUE)
    assert await _begin(cleo, 10, strategy="lifo") > 200
    for _ in range(4):
        await claim(cleo, 0)
    assert await _moving(cleo) == 0
    await cleo.queues.resume(QUEUE)
    assert await _drain(cleo) == ids[::-1]


async def test_of_two_switches_that_race_one_holds_and_both_are_complete(cleo: Cleo) -> None:
    ids = await _many(cleo, 1_300)
    assert await asyncio.gather(
        cleo.groups.set_strategy(QUEUE, "fifo", order="fifo"), cleo.groups.set_strategy(QUEUE, "lifo", order="lifo")
    ) == [True, True]
    rules = await cleo.groups.rules(QUEUE)
    assert rules.moving == 0
    assert rules.ready == 1_300
    assert (rules.strategy, rules.order) in {
        (GroupStrategy.FIFO, GroupOrder.FIFO),
        (GroupStrategy.LIFO, GroupOrder.LIFO),
    }
    assert await _drain(cleo, 500) == (ids if rules.strategy is GroupStrategy.FIFO else ids[::-1])


async def test_a_switch_within_a_switch_ends_in_the_later_one(cleo: Cleo) -> None:
    ids = await _many(cleo, 800)
    assert await _begin(cleo, 10, strategy="priority") > 700
    assert await cleo.groups.set_strategy(QUEUE, "lifo", order="lifo")
    assert await _moving(cleo) == 0
    assert await _drain(cleo, 500) == ids[::-1]


async def test_switching_back_within_a_switch_is_a_change_too(cleo: Cleo) -> None:
    ids = await _many(cleo, 800)
    await cleo.groups.set_strategy(QUEUE, "fifo")
    assert await _begin(cleo, 10, strategy="lifo") > 700
    assert await cleo.groups.set_strategy(QUEUE, "fifo")
    assert await _drain(cleo, 500) == ids


async def test_the_same_rules_again_are_no_change_but_complete_one(cleo: Cleo) -> None:
    await _many(cleo, 800)
    assert await _begin(cleo, 10, strategy="fifo") > 700
    assert await cleo.groups.set_strategy(QUEUE, "fifo") is False
    assert await _moving(cleo) == 0
    await _drain(cleo, 500)


async def test_limits_hold_in_the_midst_of_a_switch(cleo: Cleo) -> None:
    await _many(cleo, 300, 4)
    await cleo.groups.set_defaults(QUEUE, concurrency=2)
    await cleo.groups.pause(QUEUE, "g00007")
    await cleo.groups.configure(QUEUE, "g00008", rate_limit="1/h")
    await cleo.groups.configure(QUEUE, "g00009", concurrency=1)
    scripts = await cleo.backend.scripts()
    assert (await scripts.lock(QUEUE, "g00010", "token", "{}", 600_000, 0, False, ""))[0]
    claimed = await claim(cleo, 100)
    for strategy in ("lifo", "dynamic", "priority", "fifo", "round_robin"):
        await _begin(cleo, 5, strategy=strategy)
        while await _moving(cleo):
            claimed += await claim(cleo, 1)
    claimed += await claim(cleo, 700)
    running = Counter(groups_of(claimed))
    assert {group: running.pop(group, 0) for group in ("g00007", "g00008", "g00009", "g00010")} == {
        "g00007": 0,
        "g00008": 1,
        "g00009": 1,
        "g00010": 0,
    }
    assert set(running.values()) == {2}
    assert len(running) == 296
    await scripts.relock(QUEUE, "g00010", "token", 0)


async def test_a_group_whose_settings_change_in_the_midst_of_a_switch_is_moved_once(cleo: Cleo) -> None:
    await _many(cleo, 300, 2)
    await _begin(cleo, 5, strategy="priority")
    for n in range(300):
        await cleo.groups.set_priority(QUEUE, f"g{n:05}", n % 3)
    assert await _moving(cleo) == 0
    assert len(set(await _drain(cleo))) == 600


async def test_tasks_that_come_and_go_in_the_midst_of_a_switch_find_their_place(cleo: Cleo) -> None:
    ids = await _many(cleo, 300)
    await _begin(cleo, 5, strategy="fifo")
    await fill(cleo, new=2, g00299=1)
    assert (await cleo.queues.cancel(QUEUE, [ids[298], ids[0]])).done == 2
    await cleo.groups.pause(QUEUE, "g00297")
    for _ in range(3):
        await claim(cleo, 0)
    kept = [task for n, task in enumerate(ids) if n not in {0, 297, 298}]
    assert await _drain(cleo) == [*kept, "new-0", "new-1", "g00299-0"]
    await cleo.groups.resume(QUEUE, "g00297")
    assert await _drain(cleo) == [ids[297]]


async def test_a_change_of_defaults_waits_for_a_switch_before_it(cleo: Cleo) -> None:
    await _many(cleo, 700, 3)
    assert await _begin(cleo, 5, strategy="fifo") > 600
    await cleo.groups.set_defaults(QUEUE, concurrency=1)
    assert await _moving(cleo) == 0
    assert set(Counter(groups_of(await claim(cleo, 1_000))).values()) == {1}


@pytest.mark.parametrize("groups", [2_000, pytest.param(20_000, marks=pytest.mark.slow)])
async def test_thousands_of_groups_are_switched_in_short_steps(cleo: Cleo, groups: int) -> None:
    each = 2
    ids = await _many(cleo, groups, each)
    favoured = {f"g{n:05}": n % 5 for n in range(0, groups, groups // 10 - 1)}
    for group, priority in favoured.items():
        await cleo.groups.configure(QUEUE, group, priority=priority, weight=1 + priority)
    tasks = [(task, f"g{n % groups:05}", 1) for n, task in enumerate(ids)]
    scripts = await cleo.backend.scripts()
    expected: list[str] = []
    for strategy in [*GroupStrategy, GroupStrategy.ROUND_ROBIN]:
        expected = _first_of(tasks, favoured, strategy, 50)
        foreseen = [task.id for task in await cleo.groups.preview(QUEUE, strategy, 50)]
        before = scripts.calls
        if await cleo.groups.set_strategy(QUEUE, strategy):
            assert scripts.calls - before >= groups / SLICE
        afterwards = [task.id for task in await cleo.groups.preview(QUEUE, limit=50)]
        assert foreseen == afterwards == expected
        assert (await cleo.groups.rules(QUEUE)).ready == groups
    ran = await _drain(cleo, 1_000)
    assert ran[: len(expected)] == expected
    assert sorted(ran) == ids


def _first_of(
    tasks: list[tuple[str, str, int]], favoured: dict[str, int], strategy: GroupStrategy, count: int
) -> list[str]:
    model = Model()
    for group, priority in favoured.items():
        model.configure(group, "priority", priority)
        model.configure(group, "weight", 1.0 + priority)
    model.add(tasks)
    model.set_strategy(strategy)
    return model.claim(count)


async def test_what_a_switch_moves_is_gone_afterwards(cleo: Cleo) -> None:
    await _many(cleo, 100)
    await cleo.groups.set_strategy(QUEUE, "lifo")
    prefix = keys_of(cleo, QUEUE).prefix
    assert await ask(cleo, "EXISTS", f"{prefix}ring:before") == 0
    assert await ask(cleo, "ZCARD", f"{prefix}ring") == 100
    await _drain(cleo)


@pytest.mark.parametrize("strategy", ["round_robin", "dynamic", "priority"])
async def test_another_order_leaves_the_turns_as_they_are(cleo: Cleo, strategy: str) -> None:
    await cleo.groups.set_strategy(QUEUE, strategy)
    await fill(cleo, a=4, b=4, c=4)
    assert groups_of(await claim(cleo, 2)) == ["a", "b"]
    foreseen = [task.id for task in await cleo.groups.preview(QUEUE, order="lifo", limit=4)]
    assert await _begin(cleo, 1, order="lifo") == 0, "no group is moved"
    assert foreseen == ids_of(await claim(cleo, 4)) == ["c-3", "a-3", "b-3", "c-2"]


async def test_where_the_next_tasks_decide_another_order_moves_the_groups(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "fifo", order="fifo")
    await fill(cleo, a=2, b=2)
    foreseen = [task.id for task in await cleo.groups.preview(QUEUE, order="lifo", limit=4)]
    assert await _begin(cleo, 1, order="lifo") == 1
    await cleo.groups.set_order(QUEUE, "lifo")
    assert foreseen == ids_of(await claim(cleo, 4)) == ["a-1", "a-0", "b-1", "b-0"]


async def test_who_yielded_yields_no_more_after_other_strategies(cleo: Cleo) -> None:
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    await fill(cleo, hog=100)
    held = await claim(cleo, 40)
    assert (await cleo.groups.get(QUEUE, "hog")).yields
    await finish(cleo, held)
    await cleo.groups.set_strategy(QUEUE, "fifo")
    await cleo.groups.set_strategy(QUEUE, "dynamic")
    assert not (await cleo.groups.get(QUEUE, "hog")).yields
    await fill(cleo, quiet=10)
    assert Counter(groups_of(await claim(cleo, 20))) == {"hog": 10, "quiet": 10}


@pytest.mark.parametrize("order", GroupOrder)
async def test_tasks_of_every_priority_are_found_whenever_they_came(cleo: Cleo, order: GroupOrder) -> None:
    await cleo.groups.set_strategy(QUEUE, "fifo", order=order)
    expected: list[str] = []
    for priority in (2, 0, 3, 1):  # One after the other, each into a queue that has not seen it since it was empty.
        await put(cleo, [(f"alone-{priority}", "a", priority)])
        assert await _drain(cleo) == [f"alone-{priority}"]
        for other in (3, 0, 2, 1):
            await put(cleo, [(f"{priority}-{other}-{n}", f"g{n}", other) for n in range(3)])
            expected += [f"{priority}-{other}-{n}" for n in range(3)]
        await cleo.groups.set_strategy(QUEUE, "lifo" if priority % 2 else "round_robin")
        assert sorted(await _drain(cleo, 5)) == sorted(expected)
        expected.clear()
