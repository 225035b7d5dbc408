"""Settings of groups: what is refused, which options hold, and how a change is told and forgotten."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any

import pytest

from cleo_core import Backoff, Cleo, InvalidName, InvalidOption, ObserverEvent, RateLimit, TaskFailed, TaskState
from cleo_core.models import GroupOptions, GroupOrder, Outcome
from tests.ghosts import claim_and_die
from tests.leaks import find_leaks
from tests.listening import Listener
from tests.raw import ask, ask_at, audit_of, keys_of
from tests.servers import Server
from tests.waiting import SOON, until

# --- what is refused -----------------------------------------------------------------------------

BAD: list[dict[str, Any]] = [
    {"concurrency": 0}, {"concurrency": -1}, {"concurrency": 1_000_001}, {"concurrency": 1.5}, {"concurrency": "many"},
    {"weight": 0}, {"weight": -1}, {"weight": 0.0009}, {"weight": 1_000_001}, {"weight": math.nan},
    {"weight": math.inf}, {"weight": "heavy"},
    {"priority": 1_001}, {"priority": -1_001}, {"priority": 0.5}, {"priority": "high"},
    {"rate_limit": "0/s"}, {"rate_limit": "fast"}, {"rate_limit": "5/0s"}, {"rate_limit": "-1/s"}, {"rate_limit": ""},
    {"rate_limit": (5, 0)}, {"rate_limit": (5, math.nan)}, {"rate_limit": "5/s burst 0"}, {"rate_limit": 5},
    {"order": "random"}, {"order": 3}, {"paused": "perhaps"},
    {"max_retries": -1}, {"max_retries": 1_001}, {"timeout": 0}, {"timeout": math.inf}, {"timeout": math.nan},
    {"retention": -1}, {"max_deliveries": 0}, {"dead_retention": 59}, {"backoff": "soon"},
    {"colour": "red"}, {"colour": None}, {"max_retry": 3}, {"v": 1},
]  # fmt: skip


@pytest.mark.parametrize("settings", BAD, ids=[f"{name}={value!r}" for bad in BAD for name, value in bad.items()])
async def test_a_setting_that_can_not_be_is_refused_and_changes_nothing(cleo: Cleo, settings: dict[str, Any]) -> None:
    (name,) = settings
    said = name if name != "rate_limit" else "rate limit|rate_limit"
    with pytest.raises(InvalidOption, match=said):
        await cleo.groups.configure("q", "g", concurrency=3, **settings) if name != "concurrency" else (
            await cleo.groups.configure("q", "g", **settings)
        )
    assert (await cleo.groups.get("q", "g")).own == []
    assert (await cleo.groups.list("q")).total == 0
    assert await audit_of(cleo, "q") == []


@pytest.mark.parametrize("settings", [{"concurrency": 0}, {"weight": 0}, {"rate_limit": "x"}, {"colour": 1}])
async def test_a_default_that_can_not_be_is_refused_and_changes_nothing(cleo: Cleo, settings: dict[str, Any]) -> None:
    before = await cleo.groups.rules("q")
    with pytest.raises(InvalidOption):
        await cleo.groups.set_defaults("q", **settings)
    assert await cleo.groups.rules("q") == before
    assert await audit_of(cleo, "q") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"concurrency": 1}, {"concurrency": 1_000_000}, {"weight": 0.001}, {"weight": 1_000_000.0},
        {"priority": -1_000}, {"priority": 1_000}, {"order": GroupOrder.LIFO},
    ],
)  # fmt: skip
async def test_the_ends_of_the_ranges_are_taken(cleo: Cleo, settings: dict[str, Any]) -> None:
    assert await cleo.groups.configure("q", "g", **settings)
    info = await cleo.groups.get("q", "g")
    ((name, value),) = settings.items()
    assert getattr(info, name) == value
    assert info.own == [name]
    assert await cleo.groups.configure("q", "g", **settings) is False


@pytest.mark.parametrize(("queue", "group"), [("", "g"), ("a{b", "g"), ("q", "a}b"), ("q", "a\nb"), ("q", "x" * 201)])
async def test_what_can_not_be_a_name_can_not_be_configured(cleo: Cleo, queue: str, group: str) -> None:
    for change in (
        cleo.groups.configure(queue, group, concurrency=1),
        cleo.groups.pause(queue, group),
        cleo.groups.resume(queue, group),
        cleo.groups.set_priority(queue, group, 1),
        cleo.groups.get(queue, group),
    ):
        with pytest.raises(InvalidName):
            await change


@pytest.mark.parametrize("text", ["100/s", "60/m", "5/10s", "100/s burst 20", "3/ms", "1/0.5s", "7/2h", "1/d burst 9"])
async def test_a_rate_limit_reads_as_it_was_written(cleo: Cleo, text: str) -> None:
    await cleo.groups.configure("q", "g", rate_limit=text)
    assert (await cleo.groups.get("q", "g")).rate_limit == RateLimit.parse(text)
    await cleo.queues.set_rate_limit("q", text)
    assert (await cleo.queues.stats("q")).rate_limit == RateLimit.parse(text)


@pytest.mark.parametrize("per", [0.00001, 1e-7, 86_400 * 365, 1 / 3, 0.1 + 0.2])
async def test_a_rate_limit_of_any_length_can_be_read_again(cleo: Cleo, per: float) -> None:
    limit = RateLimit(tasks=1, per=per)
    await cleo.groups.configure("q", "g", rate_limit=limit)
    kept = (await cleo.groups.get("q", "g")).rate_limit
    assert kept is not None
    assert kept.per == pytest.approx(per)


# --- options of a group --------------------------------------------------------------------------


async def test_options_of_a_group_hold_for_tasks_that_say_nothing_themselves(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g")
    async def fail() -> None:
        raise ValueError("no")

    @cleo.task(queue="q", group="g")
    async def hang() -> None:
        await asyncio.Event().wait()

    @cleo.task(queue="q", group="g")
    async def work() -> None:
        pass

    await cleo.groups.configure(
        "q", "g", max_retries=2, backoff=Backoff.fixed(0.01), timeout=0.1, retention=120, dead_retention=600
    )
    async with cleo.worker(sweep=0.05):
        failed, hung, done = await fail.enqueue(), await hang.enqueue(), await work.enqueue()
        for handle in (failed, hung):
            with pytest.raises(TaskFailed):
                await handle.result(timeout=30)
        await done.result(timeout=30)
    for handle, outcome in ((failed, Outcome.FAILED), (hung, Outcome.TIMED_OUT)):
        record = await cleo.queues.get_task("q", handle.id)
        assert [attempt.outcome for attempt in record.attempts] == [outcome] * 3
        assert 590 < (record.expires_at or 0) - (record.finished_at or 0) <= 601
    record = await cleo.queues.get_task("q", done.id)
    assert 110 < (record.expires_at or 0) - (record.finished_at or 0) <= 121


@pytest.mark.parametrize("say", ["declared", "called"])
async def test_what_a_task_says_itself_wins_over_its_group(cleo: Cleo, say: str) -> None:
    own: dict[str, Any] = {"max_retries": 1, "backoff": Backoff.fixed(0.02), "timeout": 0.05, "retention": 300}

    @cleo.task(queue="q", group="g", **(own if say == "declared" else {}))
    async def work(how: str) -> None:
        if how == "hang":
            await asyncio.Event().wait()

    await cleo.groups.configure(
        "q", "g", max_retries=5, backoff=Backoff.fixed(3_000), timeout=60, retention=120, dead_retention=600
    )
    called = work.options(**own) if say == "called" else work.options()
    async with cleo.worker(sweep=0.05):
        hung, done = await called.enqueue("hang"), await called.enqueue("end")
        with pytest.raises(TaskFailed, match=r"timeout of 0\.05 s"):
            await hung.result(timeout=30)
        await done.result(timeout=30)
    assert len((await cleo.queues.get_task("q", hung.id)).attempts) == 2
    record = await cleo.queues.get_task("q", done.id)
    assert 290 < (record.expires_at or 0) - (record.finished_at or 0) <= 301


@pytest.mark.parametrize("say", ["declared", "called"])
async def test_what_a_task_says_itself_wins_also_when_it_is_what_would_hold_anyway(cleo: Cleo, say: str) -> None:
    own: dict[str, Any] = {"max_retries": 3, "backoff": Backoff.fixed(0.01)}

    @cleo.task(queue="q", group="g", **(own if say == "declared" else {}))
    async def fail() -> None:
        raise ValueError("no")

    await cleo.groups.configure("q", "g", max_retries=0)
    async with cleo.worker(sweep=0.05):
        handle = await (fail.options(**own) if say == "called" else fail.options()).enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    assert len((await cleo.queues.get_task("q", handle.id)).attempts) == 4


async def test_a_groups_own_options_win_over_the_defaults_of_all_one_by_one(cleo: Cleo) -> None:
    await cleo.groups.set_defaults("q", max_retries=7, timeout=9, retention=100)
    await cleo.groups.configure("q", "g", timeout=5)
    assert (await cleo.groups.get("q", "g")).options == GroupOptions(max_retries=7, timeout=5, retention=100)
    assert (await cleo.groups.get("q", "other")).options == GroupOptions(max_retries=7, timeout=9, retention=100)
    # None takes the group's own away, and the default holds again.
    await cleo.groups.configure("q", "g", timeout=None)
    info = await cleo.groups.get("q", "g")
    assert info.options.timeout == 9
    assert info.own == []
    await cleo.groups.set_defaults("q", max_retries=None, timeout=None)
    assert (await cleo.groups.get("q", "g")).options == GroupOptions(retention=100)


async def test_options_that_are_changed_leave_the_others_as_they_are(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "g", max_retries=7, timeout=9, concurrency=3)
    await cleo.groups.configure("q", "g", timeout=None, retention=60)
    info = await cleo.groups.get("q", "g")
    assert info.options == GroupOptions(max_retries=7, retention=60)
    assert info.concurrency == 3
    assert sorted(info.own) == ["concurrency", "options"]


@pytest.mark.parametrize(("given", "deliveries"), [({"max_deliveries": 1}, 1), ({}, 3)])
async def test_max_deliveries_of_a_group_holds_for_tasks_that_are_lost(
    cleo: Cleo, given: dict[str, Any], deliveries: int
) -> None:
    @cleo.task(queue="q", group="g")
    async def work() -> None:
        pass

    if given:
        await cleo.groups.configure("q", "g", **given, dead_retention=600)
    handle = await work.enqueue()
    scripts = await cleo.backend.scripts()
    for n in range(deliveries):
        assert await handle.status() is TaskState.WAITING
        await claim_and_die(cleo, "q", lease=60, worker=f"w-{n}", begin=True)
        assert await scripts.release("q", f"w-{n}", (86_400, 60), "died") == 1
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.state, record.losses) == (TaskState.DEAD, deliveries)
    kept = (record.expires_at or 0) - (record.finished_at or 0)
    assert kept == pytest.approx(600 if given else 86_400, abs=2)


async def test_an_own_max_deliveries_wins_over_the_groups(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g", max_deliveries=2)
    async def work() -> None:
        pass

    await cleo.groups.configure("q", "g", max_deliveries=1)
    handle = await work.enqueue()
    scripts = await cleo.backend.scripts()
    states: list[TaskState] = []
    for n in range(2):
        await claim_and_die(cleo, "q", lease=60, worker=f"w-{n}", begin=True)
        await scripts.release("q", f"w-{n}", (60, 60), "died")
        states.append(await handle.status())
    assert states == [TaskState.WAITING, TaskState.DEAD]


async def test_retention_zero_of_a_group_leaves_nothing_of_its_tasks(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g")
    async def work() -> None:
        pass

    await cleo.groups.configure("q", "g", retention=0)
    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: _is_gone(cleo, handle.id))


async def _is_gone(cleo: Cleo, task_id: str) -> bool:
    return await ask(cleo, "EXISTS", keys_of(cleo, "q").task(task_id)) == 0


# --- how a change is told ------------------------------------------------------------------------


async def test_each_change_of_a_group_is_told_as_an_event_and_audited(cleo: Cleo) -> None:
    changes: list[tuple[str, str]] = [
        ("configure group", "concurrency=3, weight=2"),
        ("pause group", "paused=1"),
        ("resume group", "paused=none"),
        ("configure group", "priority=-5"),
        ("configure group", "every=200, burst=1, rate=5/s"),
        ("configure group", "every=none, burst=none, rate=none"),
        ("configure group", 'options={"max_retries": 2}'),
        ("configure group", "concurrency=none"),
    ]
    async with Listener(cleo, "q") as listener:
        await cleo.groups.configure("q", "acme", concurrency=3, weight=2)
        await cleo.groups.pause("q", "acme")
        await cleo.groups.resume("q", "acme")
        await cleo.groups.set_priority("q", "acme", -5)
        await cleo.groups.configure("q", "acme", rate_limit="5/s")
        await cleo.groups.configure("q", "acme", rate_limit=None)
        await cleo.groups.configure("q", "acme", max_retries=2)
        await cleo.groups.configure("q", "acme", concurrency=None)
        # What is so already is no change, and is not told.
        assert await cleo.groups.configure("q", "acme", max_retries=2, concurrency=None, paused=False) is False
        await until(lambda: len(listener.events) >= len(changes))
    assert {event.kind for event in listener.events} == {ObserverEvent.GROUP_CHANGE}
    assert [(event.group, event.detail) for event in listener.events] == [("acme", text) for _, text in changes]
    assert await audit_of(cleo, "q") == [(action, f"acme: {text}", 1) for action, text in changes]


async def test_the_audit_has_a_word_for_the_group_without_a_name(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "", concurrency=6)
    assert await audit_of(cleo, "q") == [("configure group", "(no group): concurrency=6", 1)]


async def test_changes_of_the_rules_are_told_as_changes_of_the_queue_and_audited(cleo: Cleo) -> None:
    async with Listener(cleo, "q") as listener:
        await cleo.groups.set_defaults("q", concurrency=1, max_retries=2)
        await cleo.queues.set_rate_limit("q", "5/s")
        await cleo.queues.set_rate_limit("q", None)
        assert await cleo.groups.set_defaults("q", concurrency=1) is False
        await until(lambda: len(listener.events) >= 3)
    assert {event.kind for event in listener.events} == {ObserverEvent.QUEUE_CHANGE}
    told = [
        ("set defaults", 'each_concurrency=1, each_options={"max_retries": 2}'),
        ("set rate limit", "every=200, burst=1, rate=5/s"),
        ("set rate limit", "every=none, burst=none, rate=none"),
    ]
    assert await audit_of(cleo, "q") == [(action, text, 1) for action, text in told]
    assert [event.detail for event in listener.events] == [f"{action}: {text}" for action, text in told]


async def test_of_many_who_pause_a_group_at_once_one_did_it(cleo: Cleo) -> None:
    assert sorted(await asyncio.gather(*(cleo.groups.pause("q", "g") for _ in range(10)))) == [False] * 9 + [True]
    assert await audit_of(cleo, "q") == [("pause group", "g: paused=1", 1)]


async def test_of_changes_at_once_to_different_options_none_is_lost(cleo: Cleo) -> None:
    changes: list[dict[str, Any]] = [
        {"max_retries": 7}, {"timeout": 9}, {"retention": 60}, {"dead_retention": 600}, {"max_deliveries": 2},
    ]  # fmt: skip
    await asyncio.gather(*(cleo.groups.configure("q", "g", **change) for change in changes))
    kept = (await cleo.groups.get("q", "g")).options
    assert kept == GroupOptions(max_retries=7, timeout=9, retention=60, dead_retention=600, max_deliveries=2)


# --- how long a group is known -------------------------------------------------------------------


async def test_a_group_is_listed_while_it_has_settings_and_forgotten_when_it_has_neither_those_nor_tasks(
    cleo: Cleo,
) -> None:
    @cleo.task(queue="q", group="g")
    async def work() -> None:
        pass

    async def names() -> list[str]:
        return [group.group for group in (await cleo.groups.list("q")).items]

    assert await names() == []
    await cleo.groups.configure("q", "g", weight=2)
    assert await names() == ["g"]
    handle = await work.enqueue()
    await cleo.groups.configure("q", "g", weight=None)
    assert await names() == ["g"]
    async with cleo.worker():
        await handle.result(timeout=30)
    assert await names() == []
    group_key = f"{keys_of(cleo, 'q').prefix}group:g"
    assert 0 < await ask(cleo, "TTL", group_key) <= 3_600
    # With settings it stays though its tasks have ended.
    await cleo.groups.pause("q", "g")
    assert await ask(cleo, "TTL", group_key) == -1
    assert await names() == ["g"]
    await cleo.groups.resume("q", "g")
    assert await names() == []


async def test_a_queue_that_nobody_used_can_be_configured(cleo: Cleo) -> None:
    assert await cleo.groups.configure("fresh", "g", concurrency=2)
    assert await cleo.groups.set_defaults("fresher", concurrency=2)
    assert await cleo.queues.set_rate_limit("freshest", "5/s")
    assert await cleo.queues.names() == ["fresh", "fresher", "freshest"]
    stats = await cleo.queues.stats("fresh")
    assert (stats.waiting, stats.groups) == (0, 1)
    assert (await cleo.groups.get("fresh", "g")).concurrency == 2
    assert (await cleo.groups.get("fresher", "any")).concurrency == 2


async def test_a_group_that_nobody_used_is_idle_with_the_defaults(cleo: Cleo) -> None:
    info = await cleo.groups.get("q", "never")
    assert (info.waiting, info.active, info.weight, info.priority, info.own) == (0, 0, 1.0, 0, [])
    assert await ask(cleo, "EXISTS", keys_of(cleo, "q").queue) == 0
    assert await cleo.groups.resume("q", "never") is False
    assert await cleo.groups.configure("q", "never", concurrency=None, max_retries=None) is False
    assert (await cleo.groups.list("q")).total == 0


async def test_settings_that_are_cleared_leave_no_key_for_ever(cleo: Cleo) -> None:
    await cleo.groups.configure("q", "g", concurrency=1, weight=2, priority=3, rate_limit="1/s", order="fifo")
    await cleo.groups.configure("q", "g", paused=True, max_retries=1)
    await cleo.groups.configure(
        "q", "g", concurrency=None, weight=None, priority=None, rate_limit=None, order=None, paused=None,
        max_retries=None,
    )  # fmt: skip
    assert (await cleo.groups.get("q", "g")).own == []
    assert await ask(cleo, "TTL", f"{keys_of(cleo, 'q').prefix}group:g") != -1
    assert await find_leaks(cleo) == []


async def test_with_full_memory_a_group_can_be_paused_and_limited(own_server: Server, own_cleo: Cleo) -> None:
    await own_cleo.ping()
    await ask_at(own_server.url, "CONFIG", "SET", "maxmemory", "1")
    began = time.monotonic()
    assert await own_cleo.groups.pause("q", "g")
    assert await own_cleo.groups.configure("q", "g", concurrency=1)
    assert await own_cleo.groups.set_defaults("q", concurrency=1)
    assert time.monotonic() - began < SOON
