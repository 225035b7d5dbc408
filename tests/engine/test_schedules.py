"""Schedules: entered, fired, missed, paused and removed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cleo_core import (
    Cleo,
    Cron,
    Every,
    InvalidArguments,
    InvalidName,
    InvalidOption,
    Misfire,
    ScheduleNotFound,
    TaskPriority,
    TaskState,
    WrongState,
)
from cleo_core.scripts import Scripts
from cleo_core.tasks.declared import Declarations
from cleo_core.worker.ticking import Ticking, task_id_of
from tests.raw import ask, audit_of, keys_of
from tests.waiting import SOON, until

HOUR = 3_600.0


def _declare(cleo: Cleo) -> list[int]:
    ran: list[int] = []

    @cleo.task(queue="q", group="g", priority=TaskPriority.HIGH, max_retries=1)
    async def work(n: int = 7) -> int:
        ran.append(n)
        return n

    return ran


async def _make_due(cleo: Cleo, schedule: str, ago: float) -> int:
    """Set back when a schedule is due, as if no worker had been there since; that time in ms."""
    scripts = await cleo.backend.scripts()
    due = await scripts.time() - round(ago * 1000)
    key = keys_of(cleo, "q").prefix + "schedule"
    await ask(cleo, "ZADD", f"{key}s", due, schedule)
    await ask(cleo, "HSET", f"{key}:{schedule}", "next", due, "anchor", due)
    await ask(cleo, "HSET", keys_of(cleo, "q").queue, "tick", due)
    return due


async def _waiting(cleo: Cleo) -> list[str]:
    return sorted(task.id for task in (await cleo.queues.tasks("q", TaskState.WAITING, limit=1000)).items)


async def _fire(cleo: Cleo, scripts: Scripts | None = None) -> None:
    """What a worker does when it is time."""
    scripts = scripts or await cleo.backend.scripts()
    ticking = Ticking(scripts, "w", ["q"], Declarations(cleo.tasks))
    await ticking.fire_due("q")


# --- adding and looking ------------------------------------------------------------------------------


async def test_an_added_schedule_is_what_was_said_and_due_next_by_its_times(cleo: Cleo) -> None:
    _declare(cleo)
    when = Cron("0 3 * * *", tz="Europe/Oslo")
    assert await cleo.schedules.add("q", "nightly", "work", {"n": 3}, when=when, group="acme", timeout=9)
    info = await cleo.schedules.get("q", "nightly")
    assert (info.task, info.arguments, info.group, info.priority) == ("work", {"n": 3}, "acme", TaskPriority.HIGH)
    assert (info.when, info.paused, info.declared, info.runs, info.skipped) == (when, False, False, 0, 0)
    assert (info.last_at, info.last_task, info.last_state) == (None, "", None)
    assert info.options == {"max_retries": 1, "timeout": 9.0}
    assert info.next_at == when.upcoming(1, after=info.created_at)[0]
    assert await cleo.schedules.next("q", "nightly", 3) == when.upcoming(3, after=info.created_at)
    assert "q" in await cleo.queues.names()


async def test_a_schedule_that_is_added_again_is_replaced_and_stays_due_if_its_times_are_the_same(cleo: Cleo) -> None:
    assert await cleo.schedules.add("q", "s", "work", {"n": 1}, when=Every(HOUR))
    first = await cleo.schedules.get("q", "s")
    assert not await cleo.schedules.add("q", "s", "work", {"n": 1}, when=Every(HOUR))
    assert await cleo.schedules.add("q", "s", "work", {"n": 2}, when=Every(HOUR))
    second = await cleo.schedules.get("q", "s")
    assert (second.next_at, second.arguments) == (first.next_at, {"n": 2})
    assert await cleo.schedules.add("q", "s", "work", {"n": 2}, when=Every(2 * HOUR))
    third = await cleo.schedules.get("q", "s")
    assert third.next_at is not None
    assert first.next_at is not None
    assert third.next_at >= first.next_at + HOUR
    assert (await cleo.schedules.list("q")).total == 1
    assert [action for action, _, _ in await audit_of(cleo, "q")] == [
        "add schedule",
        "change schedule",
        "change schedule",
    ]


async def test_schedules_are_listed_by_when_they_are_due_and_paused_ones_last(cleo: Cleo) -> None:
    for n in (3, 1, 2):
        await cleo.schedules.add("q", f"s{n}", "work", when=Every(n * HOUR))
    await cleo.schedules.pause("q", "s1")
    page = await cleo.schedules.list("q", limit=2)
    assert ([item.id for item in page.items], page.total) == (["s2", "s3"], 3)
    rest = await cleo.schedules.list("q", offset=2)
    assert [(item.id, item.paused, item.next_at) for item in rest.items] == [("s1", True, None)]
    assert (await cleo.schedules.list("other")).items == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"when": "0 3 * * *"}, InvalidOption),
        ({"when": None}, InvalidOption),
        ({"when": Every(1), "task_id": "x"}, InvalidOption),
        ({"when": Every(1), "delay": 1}, InvalidOption),
        ({"when": Every(1), "max_retires": 1}, InvalidOption),
        ({"when": Every(1), "group": "a{b"}, InvalidName),
    ],
)
async def test_options_that_can_not_be_are_refused_and_nothing_is_kept(
    cleo: Cleo, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await cleo.schedules.add("q", "s", "work", **options)
    assert (await cleo.schedules.list("q")).total == 0


@pytest.mark.parametrize(
    ("queue", "schedule", "task", "arguments", "error"),
    [
        ("", "s", "work", {}, InvalidName),
        ("q", "", "work", {}, InvalidName),
        ("q", "a{b", "work", {}, InvalidName),
        ("q", "s" * 151, "work", {}, InvalidOption),
        ("q", "s", "", {}, InvalidName),
        ("q", "s", "work", {"m": 1}, InvalidArguments),
        ("q", "s", "work", {"n": "many"}, InvalidArguments),
        ("q", "s", "unknown", {"x": float("nan")}, InvalidArguments),
        ("q", "s", "unknown", [1], InvalidArguments),
    ],
)
async def test_names_and_arguments_are_checked_as_when_a_task_is_added(
    cleo: Cleo, queue: str, schedule: str, task: str, arguments: Any, error: type[Exception]
) -> None:
    _declare(cleo)
    with pytest.raises(error):
        await cleo.schedules.add(queue, schedule, task, arguments, when=Every(1))
    assert (await cleo.schedules.list("q")).total == 0


async def test_what_is_not_there_is_said(cleo: Cleo) -> None:
    for call in (
        cleo.schedules.get,
        cleo.schedules.pause,
        cleo.schedules.resume,
        cleo.schedules.run_now,
        cleo.schedules.next,
    ):
        with pytest.raises(ScheduleNotFound, match=r"no schedule 'none' in q"):
            await call("q", "none")
    assert not await cleo.schedules.remove("q", "none")


# --- firing ------------------------------------------------------------------------------------------


async def test_an_idle_worker_fires_at_the_time(cleo: Cleo) -> None:
    ran = _declare(cleo)
    # Without sweeps: what wakes the worker is the schedule's own time.
    async with cleo.worker(sweep=600, idle_wait=60):
        await until(cleo.workers.list)
        await cleo.schedules.add("q", "often", "work", {"n": 1}, when=Every(0.3))
        await until(lambda: len(ran) >= 3)
        info = await cleo.schedules.get("q", "often")
    assert info.runs >= 3
    assert info.skipped == 0
    record = await cleo.queues.get_task("q", info.last_task)
    assert info.last_at is not None
    assert 0 <= record.enqueued_at - info.last_at < SOON
    assert info.last_task == task_id_of("often", round(info.last_at * 1000))
    await cleo.schedules.remove("q", "often")


async def test_a_task_of_a_schedule_has_its_arguments_options_group_and_priority(cleo: Cleo) -> None:
    await cleo.schedules.add(
        "q", "s", "work", {"n": 1}, when=Every(HOUR), group="acme", priority=TaskPriority.CRITICAL, max_retries=9
    )
    await _make_due(cleo, "s", 0)
    await _fire(cleo)
    record = await cleo.queues.get_task("q", (await _waiting(cleo))[0])
    assert (record.name, record.arguments, record.group) == ("work", {"n": 1}, "acme")
    assert (record.priority, record.options["max_retries"]) == (TaskPriority.CRITICAL, 9)
    info = await cleo.schedules.get("q", "s")
    assert (info.runs, info.last_task, info.last_state) == (1, record.id, TaskState.WAITING)
    assert (await cleo.queues.stats("q")).enqueued == 1


async def test_a_time_is_fired_once_though_many_fire_it_at_once(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR))
    due = await _make_due(cleo, "s", 1)
    scripts = await cleo.backend.scripts()
    _, _, rows = await scripts.due("q", "w", 10)
    ticks = [(due, task_id_of("s", due))]
    answers = await asyncio.gather(*(scripts.fire("q", rows[0], due + 3_600_000, 0, ticks) for _ in range(20)))
    assert sorted(answers) == [-1] * 19 + [1]
    assert await _waiting(cleo) == [ticks[0][1]]


async def test_a_schedule_that_was_changed_after_it_was_read_is_not_fired_as_it_was(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", {"n": 1}, when=Every(HOUR))
    due = await _make_due(cleo, "s", 1)
    scripts = await cleo.backend.scripts()
    _, _, (row,) = await scripts.due("q", "w", 10)
    await cleo.schedules.add("q", "s", "work", {"n": 2}, when=Every(HOUR))
    assert await scripts.fire("q", row, due + 1, 0, [(due, "x")]) == -1
    await _fire(cleo)
    record = await cleo.queues.get_task("q", (await _waiting(cleo))[0])
    assert record.arguments == {"n": 2}


@pytest.mark.parametrize(
    ("misfire", "ago", "tasks", "skipped"),
    [
        (Misfire.SKIP, 1_500.0, 0, 3),
        (Misfire.SKIP, 1_260.0, 1, 2),
        (Misfire.RUN_ONCE, 1_500.0, 1, 2),
        (Misfire.RUN_ALL, 1_500.0, 3, 0),
        (Misfire.RUN_ALL, 4_500.0, 5, 3),
    ],
)
async def test_missed_times_are_skipped_run_once_or_run_all_up_to_a_limit(
    cleo: Cleo, misfire: Misfire, ago: float, tasks: int, skipped: int
) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(600.0, misfire=misfire, limit=5, grace=180.0))
    due = await _make_due(cleo, "s", ago)
    await _fire(cleo)
    over = [due + 600_000 * n for n in range(round(ago) // 600 + 1)]
    assert await _waiting(cleo) == [task_id_of("s", tick) for tick in over[len(over) - tasks :]]
    info = await cleo.schedules.get("q", "s")
    assert (info.runs, info.skipped, info.next_at) == (tasks, skipped, (over[-1] + 600_000) / 1000)


async def test_when_a_worker_comes_back_it_makes_up_for_what_was_missed(cleo: Cleo) -> None:
    ran = _declare(cleo)
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR, misfire=Misfire.RUN_ALL, limit=3))
    await _make_due(cleo, "s", 10 * HOUR + 1)
    async with cleo.worker():
        await until(lambda: len(ran) == 3)
    assert (await cleo.schedules.get("q", "s")).skipped == 8


async def test_a_tick_whose_task_is_there_already_is_not_run_again(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR))
    due = await _make_due(cleo, "s", 1)
    await cleo.queues.add("q", "work", task_id=task_id_of("s", due))
    await _fire(cleo)
    assert (await cleo.queues.stats("q")).waiting == 1
    assert (await cleo.schedules.get("q", "s")).runs == 0


async def test_one_worker_is_told_to_fire_and_the_others_only_when_it_is_late(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR))
    scripts = await cleo.backend.scripts()
    first = (await scripts.cycle("q", "a", 0, 1000, (60, 60), [])).next_tick
    assert first is not None
    assert HOUR - 10 < first <= HOUR
    assert (await scripts.cycle("q", "b", 0, 1000, (60, 60), [])).next_tick is None
    assert (await scripts.sweep("q", 10, (60, 60), 0, "b"))[2] is None
    assert (await scripts.cycle("q", "a", 0, 1000, (60, 60), [])).next_tick is not None
    await _make_due(cleo, "s", 5)
    await ask(
        cleo, "HSET", keys_of(cleo, "q").queue, "tick_for", await ask(cleo, "HGET", keys_of(cleo, "q").queue, "tick")
    )
    assert (await scripts.sweep("q", 10, (60, 60), 0, "b"))[2] == 0
    assert (await scripts.sweep("q", 10, (60, 60)))[2] is None
    await _fire(cleo)


# --- operating ---------------------------------------------------------------------------------------


async def test_a_paused_schedule_stores_nothing_and_makes_up_for_nothing_when_it_goes_on(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR))
    await _make_due(cleo, "s", 5 * HOUR + 60)
    assert await cleo.schedules.pause("q", "s")
    assert not await cleo.schedules.pause("q", "s")
    await _fire(cleo)
    assert await _waiting(cleo) == []
    assert await cleo.schedules.add("q", "s", "work", {"n": 1}, when=Every(HOUR, grace=5))
    assert (await cleo.schedules.get("q", "s")).paused
    assert await cleo.schedules.resume("q", "s")
    assert not await cleo.schedules.resume("q", "s")
    await _fire(cleo)
    info = await cleo.schedules.get("q", "s")
    assert (info.runs, info.skipped) == (0, 0)
    assert info.next_at == (await cleo.schedules.next("q", "s", 1))[0]
    told = [(action, target) for action, target, _ in await audit_of(cleo, "q")]
    assert told == [(f"{verb} schedule", "s") for verb in ("add", "pause", "change", "resume")]


async def test_a_run_out_of_turn_leaves_the_times_as_they_are(cleo: Cleo) -> None:
    _declare(cleo)
    await cleo.schedules.add("q", "s", "work", {"n": 5}, when=Every(HOUR))
    before = await cleo.schedules.get("q", "s")
    async with cleo.worker():
        handle = await cleo.schedules.run_now("q", "s")
        assert await handle.result(timeout=30) == 5
    after = await cleo.schedules.get("q", "s")
    assert (after.next_at, after.runs, after.last_task) == (before.next_at, 1, handle.id)
    assert after.last_state is TaskState.COMPLETED
    assert (await audit_of(cleo, "q"))[-1] == ("run schedule", "s", 1)


async def test_a_removed_schedule_is_gone_with_all_its_keys(cleo: Cleo) -> None:
    await cleo.schedules.add("q", "s", "work", when=Every(HOUR))
    assert await cleo.schedules.remove("q", "s")
    assert not await cleo.schedules.remove("q", "s")
    prefix = keys_of(cleo, "q").prefix
    assert await ask(cleo, "EXISTS", f"{prefix}schedules", f"{prefix}schedule:s") == 0
    assert await ask(cleo, "HEXISTS", keys_of(cleo, "q").queue, "tick") == 0
    assert (await audit_of(cleo, "q"))[-1] == ("remove schedule", "s", 1)


@pytest.mark.garbles_data
@pytest.mark.parametrize(
    "times", [b"", b"\xff", b"[]", b"{}", b'{"cron": "x", "tz": "UTC", "misfire": "skip", "limit": 1, "grace": 1}']
)
async def test_a_schedule_whose_times_are_garbage_stops_no_other(cleo: Cleo, times: bytes) -> None:
    ran = _declare(cleo)
    for name in ("bad", "good"):
        await cleo.schedules.add("q", name, "work", when=Every(HOUR))
        await _make_due(cleo, name, 1 if name == "good" else 2)
    await ask(cleo, "HSET", f"{keys_of(cleo, 'q').prefix}schedule:bad", "when", times)
    async with cleo.worker():
        await until(lambda: ran)
    info = await cleo.schedules.get("q", "bad")
    assert (info.when, info.runs) == (None, 0)
    assert await cleo.schedules.next("q", "bad") == []
    await cleo.schedules.pause("q", "bad")
    with pytest.raises(WrongState, match="Add it anew"):
        await cleo.schedules.resume("q", "bad")
