"""The history of attempts: by queue, group, worker and task, and of everything, with filters."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cleo_core import (
    Backoff,
    Cleo,
    HistoryEntry,
    InvalidName,
    InvalidOption,
    Outcome,
    TaskFailed,
    TaskHistoryService,
    TaskState,
)
from tests.pasts import run
from tests.raw import ask, keys_of
from tests.waiting import until

Call = Callable[[Cleo], Awaitable[list[HistoryEntry]]]


def _ids(entries: list[HistoryEntry]) -> list[str]:
    return [entry.task_id for entry in entries]


async def test_an_entry_tells_all_of_its_attempt(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g", max_retries=1, backoff=Backoff.fixed(0))
    async def fail() -> None:
        raise KeyError("no user 17")

    async with cleo.worker() as worker:
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    second, first = await cleo.history.queue("q")
    assert (first.task_id, first.name, first.queue, first.group, first.worker) == (
        handle.id, "fail", "q", "g", worker.id,
    )  # fmt: skip
    assert (first.attempt, first.outcome, first.state) == (1, Outcome.FAILED, TaskState.WAITING)
    assert (second.attempt, second.outcome, second.state) == (2, Outcome.FAILED, TaskState.DEAD)
    assert first.error == "KeyError: 'no user 17'"
    assert first.pattern == "KeyError: 'no user <n>'"
    assert len(first.fingerprint) == 12
    assert first.at <= second.at
    assert 0 < first.run < 5
    assert 0 <= first.wait < 5
    assert first.traceback == ""


async def test_each_list_has_its_own_attempts_the_latest_first(cleo: Cleo) -> None:
    a = await run(cleo, [0.001] * 3, group="a", worker="one")
    b = await run(cleo, [0.001] * 2, group="b", worker="two")
    other = await run(cleo, [0.001] * 2, queue="other", group="a", worker="one")
    history = cleo.history
    assert _ids(await history.queue("q")) == [*b[::-1], *a[::-1]]
    assert _ids(await history.group("q", "a")) == a[::-1]
    assert _ids(await history.group("other", "a")) == other[::-1]
    assert _ids(await history.worker("two")) == b[::-1]
    assert _ids(await history.worker("one")) == [*other[::-1], *a[::-1]]
    assert _ids(await history.everything()) == [*other[::-1], *b[::-1], *a[::-1]]


async def test_everything_is_in_order_over_queues_that_took_turns(cleo: Cleo) -> None:
    done: list[str] = []
    for turn in range(6):
        done += await run(cleo, [0.001] * 30, queue=f"q{turn % 3}")
    assert sorted(_ids(await cleo.history.everything())) == sorted(done)
    entries = await cleo.history.everything(70)
    assert len(entries) == 70
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert set(_ids(entries)) <= set(done[-90:])


@pytest.mark.parametrize(("limit", "given"), [(-3, 1), (0, 1), (1, 1), (7, 7), (500, 500), (10**9, 500)])
async def test_a_limit_bounds_what_is_given(cleo: Cleo, limit: int, given: int) -> None:
    await run(cleo, [0.001] * 510)
    assert len(await cleo.history.queue("q", limit)) == given


@pytest.mark.parametrize(
    "call",
    [
        lambda cleo: cleo.history.queue("never"),
        lambda cleo: cleo.history.group("never", "g"),
        lambda cleo: cleo.history.worker("never"),
        lambda cleo: cleo.history.task("never"),
        lambda cleo: cleo.history.task("never", "never"),
        lambda cleo: cleo.history.everything(),
    ],
    ids=["queue", "group", "worker", "task", "task of a queue", "everything"],
)
async def test_what_never_was_has_no_history(cleo: Cleo, call: Call) -> None:
    assert await call(cleo) == []


# --- filters -----------------------------------------------------------------------------------------


async def _mixed(cleo: Cleo) -> None:
    await run(cleo, [0.001] * 2, name="send")
    await run(cleo, [0.001] * 2, name="draw", error=("ValueError", "no tea for user 12"))
    await run(cleo, [0.001], name="draw", error=("ValueError", "no tea for user 7"))
    await run(cleo, [0.001], name="draw", error=("KeyError", "cup"))


async def test_entries_are_found_by_name_outcome_and_state(cleo: Cleo) -> None:
    await _mixed(cleo)
    history = cleo.history
    assert {entry.name for entry in await history.queue("q", name="send")} == {"send"}
    assert len(await history.queue("q", outcome=Outcome.COMPLETED)) == 2
    assert len(await history.queue("q", outcome=[Outcome.FAILED, Outcome.LOST])) == 4
    assert len(await history.queue("q", state=TaskState.DEAD, name="draw")) == 4
    assert await history.queue("q", outcome=Outcome.LOST) == []
    assert await history.queue("q", outcome=[]) == []


async def test_entries_are_found_by_the_kind_or_the_text_of_their_error(cleo: Cleo) -> None:
    await _mixed(cleo)
    fingerprint = (await cleo.history.queue("q", error="user 7"))[0].fingerprint
    assert len(await cleo.history.queue("q", error=fingerprint)) == 3
    assert len(await cleo.history.everything(error="KEYERROR")) == 1
    assert len(await cleo.history.queue("q", 1, error="tea")) == 1
    assert await cleo.history.queue("q", error="coffee") == []


async def test_entries_are_found_by_time_from_the_first_moment_on_and_before_the_second(cleo: Cleo) -> None:
    await run(cleo, [0.001])
    await until(lambda: _later(cleo))
    await run(cleo, [0.001])
    late, early = await cleo.history.queue("q")
    assert early.at < late.at
    assert await cleo.history.queue("q", since=late.at) == [late]
    assert await cleo.history.queue("q", until=late.at) == [early]
    assert await cleo.history.everything(since=late.at + 60) == []
    assert await cleo.history.queue("q", since=late.at, until=early.at) == []


async def _later(cleo: Cleo) -> bool:
    """Whether the server's clock shows another millisecond than the last entry has."""
    (entry,) = await cleo.history.queue("q")
    seconds, microseconds = await ask(cleo, "TIME")
    return int(seconds) + int(microseconds) / 1e6 > entry.at + 0.002


async def test_a_filter_reads_on_until_it_has_found_enough(cleo: Cleo) -> None:
    await run(cleo, [0.001], queue="busy", name="rare")
    await run(cleo, [0.001] * 400, queue="busy", name="common")
    await run(cleo, [0.001], queue="quiet", name="common")
    (found,) = await cleo.history.everything(5, name="rare")
    assert found.queue == "busy"


@pytest.mark.parametrize(
    "where",
    [{"outcome": "great"}, {"state": "asleep"}, {"since": float("nan")}, {"until": "soon"}, {"colour": 1}, {"name": 7}],
    ids=str,
)
async def test_a_filter_that_can_not_be_is_refused_by_name(cleo: Cleo, where: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(where))):
        await cleo.history.queue("q", **where)
    with pytest.raises(InvalidOption, match="Filters are since, until, outcome, state, name, error"):
        await cleo.history.everything(**where)


@pytest.mark.parametrize("name", ["", "a{b", "a\nb", "x" * 201, None])
async def test_a_name_that_can_not_be_is_refused(cleo: Cleo, name: str) -> None:
    for call in (cleo.history.queue, cleo.history.worker, cleo.history.task):
        with pytest.raises(InvalidName):
            await call(name)
    with pytest.raises(InvalidName):
        await cleo.history.group(name, "g")


# --- one task ----------------------------------------------------------------------------------------


async def test_a_task_tells_of_every_attempt_with_tracebacks(cleo: Cleo) -> None:
    tries: list[int] = []

    @cleo.task(queue="q", max_retries=3, backoff=Backoff.fixed(0))
    async def flaky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError(f"try {len(tries)}")

    async with cleo.worker():
        handle = await flaky.enqueue()
        await handle.result(timeout=30)
    for entries in (await cleo.history.task(handle.id), await cleo.history.task(handle.id, "q")):
        assert [(entry.attempt, entry.outcome) for entry in entries] == [
            (3, Outcome.COMPLETED), (2, Outcome.FAILED), (1, Outcome.FAILED),
        ]  # fmt: skip
        assert "ValueError: try 1" in entries[2].traceback
    assert len(await cleo.history.task(handle.id, limit=1)) == 1
    assert len(await cleo.history.task(handle.id, outcome=Outcome.FAILED)) == 2


async def test_a_dead_letter_has_its_last_attempt_once(cleo: Cleo) -> None:
    (task_id,) = await run(cleo, [0.001], error=("ValueError", "no"))
    (entry,) = await cleo.history.task(task_id)
    assert entry.traceback == "Traceback of it"


async def test_a_task_whose_record_is_gone_is_found_in_the_list_of_its_queue(cleo: Cleo) -> None:
    (task_id,) = await run(cleo, [0.001], error=("ValueError", "no"))
    await run(cleo, [0.001] * 20)
    await cleo.dead_letters.discard("q", [task_id])
    (entry,) = await cleo.history.task(task_id)
    assert (entry.error, entry.traceback) == ("ValueError: no", "")


async def test_a_task_that_was_cancelled_before_it_ran_has_no_attempt(cleo: Cleo) -> None:
    handle = await cleo.queues.add("q", "work")
    await handle.cancel()
    assert await cleo.history.task(handle.id) == []


# --- garbage -----------------------------------------------------------------------------------------


GARBAGE = [
    b"", b"no json", b"{}", b"[]", b"7", b"null", b'"text"', b"\xff\xfe", b"[1,2,3]",
    b'["id","name","group",1,1,"worker",0,"task_completed","completed",0,0,"fantastic","",""]',
    b'["id","name","group",1,1,"worker",0,"task_completed","nowhere",0,0,"completed","",""]',
    b'["id","name","group",1,1,"worker","long","task_completed","completed",0,0,"completed","",""]',
    b'["id","name","group",1,1,"worker",0,"task_failed","dead",0,0,"failed",5,6]',
    b'["id","name","group",1,1,"worker",0,"task_failed","dead",null,0,"failed","a","b"]',
]  # fmt: skip


@pytest.mark.garbles_data
async def test_lines_that_can_not_be_read_are_left_out(cleo: Cleo) -> None:
    (good,) = await run(cleo, [0.001], group="g")
    keys = keys_of(cleo, "q")
    for key in (keys.history, keys.group_history("g")):
        await ask(cleo, "LPUSH", key, *GARBAGE)
        await ask(cleo, "RPUSH", key, *GARBAGE)
    assert _ids(await cleo.history.queue("q")) == [good]
    assert _ids(await cleo.history.group("q", "g")) == [good]
    assert _ids(await cleo.history.everything()) == [good]
    await ask(cleo, "HSET", keys.task(good), "attempts", b"\n".join(GARBAGE), "end", "nonsense")
    assert _ids(await cleo.history.task(good)) == [good]


@pytest.mark.garbles_data
async def test_pages_of_nothing_but_garbage_are_passed_over(cleo: Cleo) -> None:
    (good,) = await run(cleo, [0.001])
    await run(cleo, [0.001], queue="other")
    line = json.dumps(["garbage"])
    await ask(cleo, "LPUSH", keys_of(cleo, "q").history, *(f"{line}{' ' * n}" for n in range(120)))
    assert good in _ids(await cleo.history.everything())


async def test_the_service_of_the_default_cleo_is_had_by_its_class() -> None:
    assert TaskHistoryService.get_instance() is Cleo.get_instance().history
