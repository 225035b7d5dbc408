"""Limits of groups, of their own and by default, come and go, and no group is left out of sight by it."""

from __future__ import annotations

import pytest

from cleo_core import Cleo
from tests.engine.scheduling.driving import QUEUE, claim, fill, finish, groups_of, ids_of, put


async def test_a_default_limit_that_is_taken_away_lets_groups_at_it_run(cleo: Cleo) -> None:
    await cleo.groups.set_defaults(QUEUE, concurrency=1)
    await fill(cleo, a=3, b=2)
    first = await claim(cleo, 10)
    assert ids_of(first) == ["a-0", "b-0"]
    await cleo.groups.set_defaults(QUEUE, concurrency=None)
    assert sorted(ids_of(await claim(cleo, 10))) == ["a-1", "a-2", "b-1"]


async def test_a_group_at_a_default_limit_that_is_gone_runs_when_its_task_has_ended(cleo: Cleo) -> None:
    await cleo.groups.set_defaults(QUEUE, concurrency=1)
    await fill(cleo, a=2)
    first = await claim(cleo, 10)
    await cleo.groups.set_defaults(QUEUE, concurrency=None)
    await finish(cleo, first)
    assert ids_of(await claim(cleo, 10)) == ["a-1"]


async def test_a_default_limit_that_is_raised_lets_groups_at_it_run(cleo: Cleo) -> None:
    await cleo.groups.set_defaults(QUEUE, concurrency=1)
    await fill(cleo, a=5, b=5)
    await claim(cleo, 10)
    await cleo.groups.set_defaults(QUEUE, concurrency=3)
    assert sorted(groups_of(await claim(cleo, 10))) == ["a", "a", "b", "b"]


async def test_a_default_limit_holds_at_once_for_groups_that_run_more(cleo: Cleo) -> None:
    await fill(cleo, a=6, b=6)
    await claim(cleo, 6)
    await cleo.groups.set_defaults(QUEUE, concurrency=2)
    assert await claim(cleo, 10) == []


@pytest.mark.parametrize("limit", ["concurrency", "rate_limit"])
async def test_a_preview_looks_past_groups_that_a_new_default_holds_back(cleo: Cleo, limit: str) -> None:
    await cleo.groups.set_strategy(QUEUE, "fifo")
    busy = [f"a{n}" for n in range(10)]
    for group in busy:
        await cleo.groups.configure(QUEUE, group, rate_limit="100/h burst 100")
    await put(cleo, [(f"{group}-{n}", group, 1) for n in range(2) for group in busy])
    await claim(cleo, 10)
    await fill(cleo, z=3)
    for group in busy:
        await cleo.groups.configure(QUEUE, group, rate_limit=None)
    if limit == "rate_limit":
        await cleo.groups.set_defaults(QUEUE, rate_limit="1/h")
    else:
        await cleo.groups.set_defaults(QUEUE, concurrency=1)
    foreseen = [task.id for task in await cleo.groups.preview(QUEUE, limit=3)]
    assert ids_of(await claim(cleo, 3)) == ["z-0"]
    assert foreseen == ["z-0"]


async def test_setting_the_rules_that_are_so_by_default_begins_no_new_round(cleo: Cleo) -> None:
    await fill(cleo, a=4, b=4)
    assert ids_of(await claim(cleo, 1)) == ["a-0"]
    foreseen = [task.id for task in await cleo.groups.preview(QUEUE, "round_robin", limit=3, order="priority")]
    assert await cleo.groups.set_strategy(QUEUE, "round_robin") is False
    assert await cleo.groups.set_order(QUEUE, "priority") is False
    assert ids_of(await claim(cleo, 3)) == foreseen == ["b-0", "a-1", "b-1"]
