"""Windows onto the tasks of a state."""

from __future__ import annotations

import pytest

from cleo_core import Cleo, TaskHandle, TaskPriority, TaskState
from cleo_core.models import TaskPage
from tests.ghosts import claim_and_die
from tests.waiting import until


async def _ten_in(cleo: Cleo, state: TaskState) -> list[str]:
    """Ten tasks in a state; their ids in the order in which a page is to show them."""

    @cleo.task(queue="q", max_retries=0)
    async def work(n: int) -> None:
        if state is TaskState.DEAD:
            raise ValueError

    handles: list[TaskHandle[None]] = []
    for n in range(10):
        delay = 100 + n if state is TaskState.DELAYED else None
        handles.append(await work.options(task_id=f"t{n}", delay=delay).enqueue(n))
        if state is TaskState.CANCELLED:
            await handles[-1].cancel()
    ids = [handle.id for handle in handles]
    if state is TaskState.ACTIVE:
        for n in range(10):
            await claim_and_die(cleo, "q", lease=60 + n)
    if state in {TaskState.COMPLETED, TaskState.DEAD}:
        async with cleo.worker(concurrency=1, prefetch=0):
            await until(lambda: _all_ended(cleo))
    return list(reversed(ids)) if state.is_final else ids


async def _all_ended(cleo: Cleo) -> bool:
    stats = await cleo.queues.stats("q")
    return stats.completed + stats.died == 10


def _ids(page: TaskPage) -> list[str]:
    return [item.id for item in page.items]


@pytest.mark.parametrize("state", list(TaskState))
async def test_a_page_shows_the_tasks_of_a_state_from_an_offset(cleo: Cleo, state: TaskState) -> None:
    ids = await _ten_in(cleo, state)
    page = await cleo.queues.tasks("q", state, offset=2, limit=3)
    assert (page.offset, page.total, page.state) == (2, 10, state)
    if state.is_final:
        assert set(_ids(page)) < set(ids)
        everything = await cleo.queues.tasks("q", state)
        assert sorted(_ids(everything)) == sorted(ids)
        assert _ids(page) == _ids(everything)[2:5]
    else:
        assert _ids(page) == ids[2:5]
    assert all(item.state is state for item in page.items)


@pytest.mark.parametrize("state", list(TaskState))
async def test_the_other_order_is_the_same_turned_round(cleo: Cleo, state: TaskState) -> None:
    await _ten_in(cleo, state)
    forward = await cleo.queues.tasks("q", state)
    backward = await cleo.queues.tasks("q", state, newest_first=True)
    assert _ids(backward) == list(reversed(_ids(forward)))
    part = await cleo.queues.tasks("q", state, newest_first=True, offset=3, limit=4)
    assert _ids(part) == _ids(backward)[3:7]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("state", list(TaskState))
async def test_a_page_around_a_task_has_it_in_the_middle(cleo: Cleo, state: TaskState, newest_first: bool) -> None:
    await _ten_in(cleo, state)
    everything = _ids(await cleo.queues.tasks("q", state, newest_first=newest_first))
    wanted = everything[6]
    page = await cleo.queues.tasks("q", state, around=wanted, limit=4, newest_first=newest_first)
    assert page.offset == 4
    assert _ids(page) == everything[4:8]


@pytest.mark.parametrize("state", list(TaskState))
async def test_around_a_task_that_has_moved_on_the_offset_counts(cleo: Cleo, state: TaskState) -> None:
    await _ten_in(cleo, state)
    everything = _ids(await cleo.queues.tasks("q", state))
    page = await cleo.queues.tasks("q", state, around="nosuch", offset=5, limit=2)
    assert _ids(page) == everything[5:7]


@pytest.mark.parametrize("state", list(TaskState))
async def test_an_offset_past_the_end_gives_the_last_task(cleo: Cleo, state: TaskState) -> None:
    await _ten_in(cleo, state)
    everything = _ids(await cleo.queues.tasks("q", state))
    page = await cleo.queues.tasks("q", state, offset=1000, limit=5)
    assert (page.offset, _ids(page)) == (9, everything[-1:])


@pytest.mark.parametrize("state", list(TaskState))
async def test_a_state_without_tasks_is_an_empty_page(cleo: Cleo, state: TaskState) -> None:
    page = await cleo.queues.tasks("q", state, offset=3)
    assert (page.offset, page.total, page.items) == (0, 0, [])


@pytest.mark.parametrize("limit", [0, -1, -100])
async def test_a_limit_below_one_reads_no_more_than_a_task(cleo: Cleo, limit: int) -> None:
    await _ten_in(cleo, TaskState.WAITING)
    assert len((await cleo.queues.tasks("q", TaskState.WAITING, limit=limit)).items) <= 1
    assert len(await cleo.queues.names(limit=limit)) <= 1
    assert len(await cleo.workers.list(limit=limit)) <= 1


async def test_a_page_of_waiting_tasks_runs_over_all_groups_and_priorities(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    for group in ("a", "b"):
        for priority in TaskPriority:
            for n in range(3):
                await work.options(group=group, priority=priority, task_id=f"{group}{priority}{n}").enqueue()
    everything = await cleo.queues.tasks("q", TaskState.WAITING)
    assert everything.total == 24
    assert _ids(everything)[:12] == [f"a{p}{n}" for p in (3, 2, 1, 0) for n in range(3)]
    joined: list[str] = []
    for offset in range(0, 24, 5):
        joined += _ids(await cleo.queues.tasks("q", TaskState.WAITING, offset=offset, limit=5))
    assert joined == _ids(everything)
    page = await cleo.queues.tasks("q", TaskState.WAITING, around="b10", limit=2)
    assert "b10" in _ids(page)


async def test_a_list_says_who_runs_a_task_since_when_and_when_a_delayed_one_is_due(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    await work.enqueue()
    await claim_and_die(cleo, "q", lease=60)
    await work.options(delay=50).enqueue()
    (active,) = (await cleo.queues.tasks("q", TaskState.ACTIVE)).items
    assert active.worker == "ghost-1"
    assert active.claimed_at is not None
    assert active.claimed_at >= active.enqueued_at
    page = await cleo.queues.tasks("q", TaskState.DELAYED)
    (delayed,) = page.items
    assert delayed.due_at is not None
    assert 48 < delayed.due_at - page.at <= 50


@pytest.mark.parametrize(
    ("arguments", "preview"),
    [
        ({}, "{}"),
        ({"to": "ada"}, '{"to":"ada"}'),
        ({"to": "ü" * 200}, '{"to":"' + 96 * "ü" + "…"),
        ({"to": "x" * 20_000}, "…"),
    ],
)
async def test_a_list_shows_the_beginning_of_the_arguments_unless_they_are_large(
    cleo: Cleo, arguments: dict[str, str], preview: str
) -> None:
    await cleo.queues.add("q", "work", arguments, task_id="t")
    (listed,) = (await cleo.queues.tasks("q", TaskState.WAITING)).items
    assert listed.preview == preview


async def test_what_a_list_shows_of_a_task_is_what_is_told_of_it_alone(cleo: Cleo) -> None:
    await cleo.queues.add("q", "work", {"to": "x" * 300}, task_id="t", group="g")
    (listed,) = (await cleo.queues.tasks("q", TaskState.WAITING)).items
    alone = (await cleo.queues.get_task("q", "t")).model_dump()
    assert {name: alone[name] for name in listed.model_dump()} == listed.model_dump()


async def test_five_thousand_waiting_tasks_are_paged_through_without_a_gap(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work(n: int) -> None:
        return None

    ids: list[str] = []
    for group in ("a", "b"):
        ids += [handle.id for handle in await work.options(group=group).enqueue_many([(n,) for n in range(2_500)])]
    seen: list[str] = []
    for offset in range(0, 5_000, 1_000):
        page = await cleo.queues.tasks("q", TaskState.WAITING, offset=offset, limit=5_000)
        assert (page.total, len(page.items)) == (5_000, 1_000)
        seen += _ids(page)
    assert seen == ids
    backward = await cleo.queues.tasks("q", TaskState.WAITING, newest_first=True, offset=2_490, limit=20)
    assert _ids(backward) == ids[::-1][2_490:2_510]
    middle = await cleo.queues.tasks("q", TaskState.WAITING, around=ids[4_321], limit=11)
    assert _ids(middle) == ids[4_316:4_327]
    last = await cleo.queues.tasks("q", TaskState.WAITING, offset=10**9, limit=10)
    assert (last.offset, _ids(last)) == (4_999, ids[-1:])
