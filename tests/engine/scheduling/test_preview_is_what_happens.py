"""What a preview shows is what workers then claim, and looking changes nothing."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cleo_core import Cleo, GroupStrategy
from cleo_core.models import GroupOrder
from cleo_core.scripts import Claimed
from tests.engine.scheduling.driving import QUEUE, claim, done, failed, ids_of, put
from tests.leaks import find_leaks
from tests.raw import ask
from tests.servers import Server

GROUPS = st.sampled_from(["", "a", "b", "B", "é", "zz"])
STRATEGIES = st.sampled_from(GroupStrategy)
ORDERS = st.sampled_from(GroupOrder)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "weight": st.sampled_from([0.5, 1, 3, 10]),
        "priority": st.integers(-2, 2),
        "order": ORDERS,
        "concurrency": st.integers(1, 40),
        "rate_limit": st.sampled_from(["1/h", "2/h burst 3", "1/h burst 40"]),
        "paused": st.booleans(),
    },
)
DEFAULTS = st.fixed_dictionaries(
    {},
    optional={
        "weight": st.sampled_from([0.5, 2]),
        "concurrency": st.integers(1, 10),
        "rate_limit": st.sampled_from(["1/h burst 2", "1/h burst 20"]),
    },
)
TASKS = st.lists(st.tuples(GROUPS, st.integers(0, 3)), max_size=25)
OUTCOMES = st.sampled_from(["completed", "retry", "dead", ""])


@dataclass
class Scene:
    """A queue in some state: what was set, put, claimed and settled, in this order, before anybody looked."""

    strategy: GroupStrategy
    order: GroupOrder
    defaults: dict[str, Any]
    own: dict[str, dict[str, Any]]
    tasks: list[tuple[str, int]]
    crowd: tuple[str, int]
    claimed: list[int]
    outcomes: list[tuple[str, float]]
    later: list[tuple[str, int]]
    later_defaults: dict[str, Any]
    locked: list[str]
    held: list[Claimed] = field(default_factory=list[Claimed])


SCENES = st.builds(
    Scene,
    strategy=STRATEGIES,
    order=ORDERS,
    defaults=DEFAULTS,
    own=st.dictionaries(GROUPS, SETTINGS, max_size=4),
    tasks=TASKS,
    crowd=st.tuples(GROUPS, st.sampled_from([0, 0, 45, 70])),
    claimed=st.lists(st.integers(1, 40), max_size=3),
    outcomes=st.lists(st.tuples(OUTCOMES, st.sampled_from([0.0, 3.0, 50.0, 700.5])), max_size=12),
    later=TASKS,
    later_defaults=DEFAULTS,
    locked=st.lists(GROUPS, max_size=1),
    held=st.builds(list[Claimed]),
)


async def _set_up(cleo: Cleo, scene: Scene) -> None:
    await cleo.groups.set_strategy(QUEUE, scene.strategy, order=scene.order)
    if scene.defaults:
        await cleo.groups.set_defaults(QUEUE, **scene.defaults)
    for group, own in scene.own.items():
        await cleo.groups.configure(QUEUE, group, **own)
    crowd, size = scene.crowd
    await _put(cleo, "early", scene.tasks + [(crowd, 1)] * size)
    held: list[Claimed] = []
    for room in scene.claimed:
        held += await claim(cleo, room)
    ended = list(zip(held, scene.outcomes, strict=False))
    settled = [
        done(task, run) if outcome == "completed" else failed(task, run, for_good=outcome == "dead")
        for task, (outcome, run) in ended
        if outcome
    ]
    await claim(cleo, 0, settled)
    await _put(cleo, "later", scene.later)
    if scene.later_defaults:
        await cleo.groups.set_defaults(QUEUE, **scene.later_defaults)
    scripts = await cleo.backend.scripts()
    for group in scene.locked:
        await scripts.lock(QUEUE, group, "token", "{}", 600_000, 0, False, "")


async def _put(cleo: Cleo, kind: str, tasks: list[tuple[str, int]]) -> None:
    if tasks:
        await put(cleo, [(f"{kind}-{n}", group, priority) for n, (group, priority) in enumerate(tasks)])


async def _everything(cleo: Cleo) -> dict[bytes, bytes]:
    """All keys of the namespace, as the server would write them to disk."""
    _, names = await ask(cleo, "SCAN", 0, "MATCH", f"{cleo.namespace}:*", "COUNT", 1_000_000)
    dumps = await cleo.backend.ask_all(*(("DUMP", name) for name in names))
    return dict(zip(names, dumps, strict=True))


async def _foreseen(cleo: Cleo, limit: int, strategy: GroupStrategy | None, order: GroupOrder | None) -> list[str]:
    """What a preview says, after a check that it says so twice and touches nothing."""
    before = await _everything(cleo)
    first = [task.id for task in await cleo.groups.preview(QUEUE, strategy, limit, order=order)]
    assert [task.id for task in await cleo.groups.preview(QUEUE, strategy, limit, order=order)] == first
    assert await _everything(cleo) == before
    return first


async def _happens(cleo: Cleo, sizes: list[int], strategy: GroupStrategy | None, order: GroupOrder | None) -> list[str]:
    if strategy is not None:
        await cleo.groups.set_strategy(QUEUE, strategy, order=order)
    elif order is not None:
        await cleo.groups.set_order(QUEUE, order)
    return [task for size in sizes for task in ids_of(await claim(cleo, size))]


@asynccontextmanager
async def _stage(server: Server) -> AsyncGenerator[Cleo]:
    async with Cleo(server.url, namespace=f"preview-{uuid.uuid4().hex[:12]}") as cleo:
        yield cleo
        assert await find_leaks(cleo) == []


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all the examples of a test."""
    with asyncio.Runner() as made:
        yield made


def _tried(times: int) -> settings:
    return settings(
        max_examples=times,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )


ASKED = given(
    scene=SCENES,
    strategy=st.none() | STRATEGIES,
    order=st.none() | ORDERS,
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=6),
)


@_tried(30)
@ASKED
def test_a_preview_is_what_workers_claim(
    runner: asyncio.Runner,
    server: Server,
    scene: Scene,
    strategy: GroupStrategy | None,
    order: GroupOrder | None,
    sizes: list[int],
) -> None:
    _compare(runner, server, scene, strategy, order, sizes)


@pytest.mark.slow
@_tried(400)
@ASKED
def test_a_preview_is_what_workers_claim_in_hundreds_of_cases(
    runner: asyncio.Runner,
    server: Server,
    scene: Scene,
    strategy: GroupStrategy | None,
    order: GroupOrder | None,
    sizes: list[int],
) -> None:
    _compare(runner, server, scene, strategy, order, sizes)


def _compare(
    runner: asyncio.Runner,
    server: Server,
    scene: Scene,
    strategy: GroupStrategy | None,
    order: GroupOrder | None,
    sizes: list[int],
) -> None:
    async def compare(sizes: list[int]) -> tuple[list[str], list[str]]:
        async with _stage(server) as cleo:
            await _set_up(cleo, scene)
            foreseen = await _foreseen(cleo, sum(sizes), strategy, order)
            return foreseen, await _happens(cleo, sizes, strategy, order)

    in_parts, at_once = runner.run(compare(sizes)), runner.run(compare([sum(sizes)]))
    assert at_once[0] == at_once[1]
    assert in_parts[0] == in_parts[1]


async def test_a_preview_of_a_paused_queue_shows_what_comes_when_it_is_resumed(cleo: Cleo) -> None:
    await put(cleo, [(f"t{n}", "ab"[n % 2], n % 4) for n in range(12)])
    await cleo.queues.pause(QUEUE)
    await cleo.queues.set_rate_limit(QUEUE, "1/h")
    foreseen = await _foreseen(cleo, 8, None, None)
    assert len(foreseen) == 8
    await cleo.queues.resume(QUEUE)
    await cleo.queues.set_rate_limit(QUEUE, None)
    assert ids_of(await claim(cleo, 8)) == foreseen


@pytest.mark.parametrize("strategy", [None, *GroupStrategy])
async def test_a_preview_of_an_empty_queue_is_empty(cleo: Cleo, strategy: GroupStrategy | None) -> None:
    assert await _foreseen(cleo, 10, strategy, None) == []


@pytest.mark.parametrize("strategy", list(GroupStrategy))
async def test_a_preview_of_many_groups_is_what_workers_claim(cleo: Cleo, strategy: GroupStrategy) -> None:
    await put(cleo, [(f"t{n}", f"g{(n * 7919) % 1201}", n % 4) for n in range(3_000)])
    for n in range(0, 1201, 100):
        await cleo.groups.set_priority(QUEUE, f"g{n}", n % 7 - 3)
    foreseen = await _foreseen(cleo, 200, strategy, GroupOrder.LIFO)
    assert await _happens(cleo, [150, 1, 49], strategy, GroupOrder.LIFO) == foreseen
    assert len(foreseen) == 200
