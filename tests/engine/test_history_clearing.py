"""Forgetting the past of a queue, a group, a worker or a task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cleo_core import Cleo, InvalidName
from cleo_core.history_limits import write_history_limits
from cleo_core.settings import HistoryLimits, Limits
from tests.engine.dead_letters.burying import clock
from tests.ghosts import claim_and_die
from tests.pasts import end_of, fold, run, settle, shift
from tests.raw import ask, audit_of, keys_of
from tests.servers import Server


async def _past(cleo: Cleo) -> list[str]:
    """Attempts of two groups by two workers, now and in the past."""
    ids: list[str] = []
    for age in (1_500, 90, 0):
        for group, worker in (("a", "one"), ("b", "two")):
            ids += await run(cleo, [1.0], group=group, worker=worker, name=f"n{group}")
            ids += await run(cleo, [1.0], group=group, worker=worker, name="bad", error=("ValueError", "no"))
        if age:
            await shift(cleo, age)
            await fold(cleo)
    return ids


async def _left(cleo: Cleo) -> dict[str, int]:
    history = cleo.history
    days = 3 * 86_400
    return {
        "queue": len(await history.queue("q")),
        "a": len(await history.group("q", "a")),
        "b": len(await history.group("q", "b")),
        "one": len(await history.worker("one")),
        "two": len(await history.worker("two")),
        "counted": (await history.stats("q", seconds=days)).figures.attempts,
        "counted a": (await history.stats("q", group="a", seconds=days)).figures.attempts,
        "counted b": (await history.stats("q", group="b", seconds=days)).figures.attempts,
        "counted two": (await history.stats(worker="two", seconds=days)).figures.attempts,
    }


ALL = {"queue": 12, "a": 6, "b": 6, "one": 6, "two": 6, "counted": 12, "counted a": 6, "counted b": 6, "counted two": 6}


async def test_clearing_a_group_leaves_the_others(cleo: Cleo) -> None:
    await _past(cleo)
    assert await _left(cleo) == ALL
    assert await cleo.history.clear_group("q", "a") > 3
    assert await _left(cleo) == ALL | {"a": 0, "counted a": 0}
    assert ("clear history of group", "a") in [(action, target) for action, target, _ in await audit_of(cleo, "q")]


async def test_clearing_a_worker_leaves_the_others(cleo: Cleo) -> None:
    await _past(cleo)
    await run(cleo, [1.0], queue="other", worker="two")
    assert await cleo.history.clear_worker("two") > 3
    assert await _left(cleo) == ALL | {"two": 0, "counted two": 0}
    for queue in ("q", "other"):
        assert ("clear history of worker", "two") in [(action, what) for action, what, _ in await audit_of(cleo, queue)]


async def test_clearing_a_queue_leaves_nothing_of_it_and_all_of_the_others(cleo: Cleo) -> None:
    await _past(cleo)
    await run(cleo, [1.0], queue="other", group="a", worker="one")
    assert await cleo.history.clear_queue("q") > 20
    assert await _left(cleo) == dict.fromkeys(ALL, 0) | {"one": 1}
    prefix = keys_of(cleo, "q").prefix
    keys = {key.decode().removeprefix(prefix).split(":")[0] for key in await ask(cleo, "KEYS", f"{prefix}*")}
    gone = {"minute", "minutes", "hours", "days", "times", "errors", "error", "history", "histories", "unfolded"}
    assert keys & gone == set()
    assert (await cleo.history.stats("other", group="a")).figures.completed == 1
    assert [action for action, _, _ in await audit_of(cleo, "q")] == ["clear history"]
    await run(cleo, [1.0], group="a")
    assert (await cleo.history.stats("q")).figures.completed == 1


async def test_clearing_a_task_takes_its_attempts_out_of_all_lists(cleo: Cleo) -> None:
    ids = await _past(cleo)
    assert await cleo.history.clear_task("q", ids[1]) == 1
    assert await cleo.history.task(ids[1]) == []
    assert await _left(cleo) == ALL | {"queue": 11, "a": 5, "one": 5}
    assert ("clear history of task", ids[1], 1) in await audit_of(cleo, "q")
    assert (await cleo.queues.get_task("q", ids[1])).attempts == []
    assert await cleo.history.clear_task("q", ids[1]) == 0


async def test_a_task_is_cleared_out_of_long_lists_slice_by_slice_and_nothing_else_goes(
    server: Server, namespace: str
) -> None:
    limits = Limits(history=HistoryLimits(queue_entries=5_000, group_entries=5_000))
    async with Cleo(server.url, namespace=namespace, limits=limits) as cleo:
        await write_history_limits(await cleo.backend.scripts(), "q", limits.history)
        (first,) = await run(cleo, [1.0], group="a", worker="one", error=("ValueError", "no"))
        await run(cleo, [1.0] * 2_500, group="a", worker="one")
        await cleo.dead_letters.retry("q", [first])
        claimed = await claim_and_die(cleo, "q", lease=60, worker="two")
        await settle(cleo, [end_of(claimed[0])], worker="two")
        await run(cleo, [1.0] * 700, group="b", worker="two")
        assert await cleo.history.clear_task("q", first) == 2
        for key, length in (("history", 3_200), ("history:g:a", 2_500), ("history:g:b", 700)):
            assert await ask(cleo, "LLEN", f"{keys_of(cleo, 'q').prefix}{key}") == length
        assert [entry.task_id for entry in await cleo.history.worker("two", 1_000)].count(first) == 0
        audit = [entry for entry in await audit_of(cleo, "q") if entry[0] == "clear history of task"]
        assert sum(count for _, _, count in audit) == 2
        assert {target for _, target, _ in audit} == {first}


async def test_a_dry_run_counts_just_what_would_be_dropped_and_changes_nothing(cleo: Cleo) -> None:
    ids = await _past(cleo)
    load = cleo.backend.keys.minute_load("two", int(await clock(cleo)) // 86_400)
    await ask(cleo, "HSET", load, "1", "[]")
    await ask(cleo, "EXPIRE", load, 60)
    clearings: list[Callable[[bool], Awaitable[int]]] = [
        lambda dry: cleo.history.clear_task("q", ids[1], dry_run=dry),
        lambda dry: cleo.history.clear_group("q", "a", dry_run=dry),
        lambda dry: cleo.history.clear_worker("two", dry_run=dry),
        lambda dry: cleo.history.clear_queue("q", dry_run=dry),
    ]
    for clear in clearings:
        before = await _left(cleo), await audit_of(cleo, "q")
        would = await clear(True)
        assert (await _left(cleo), await audit_of(cleo, "q")) == before
        assert would > 0
        assert await clear(False) == would
        assert await clear(True) == 0


async def test_clearing_what_never_was_does_nothing(cleo: Cleo) -> None:
    assert await cleo.history.clear_worker("never") == 0
    assert await cleo.history.clear_task("q", "never") == 0
    assert await cleo.history.clear_group("q", "never") == 0
    assert await cleo.history.clear_queue("q") == 0
    for call in (cleo.history.clear_queue, cleo.history.clear_worker):
        with pytest.raises(InvalidName):
            await call("a{b")


async def test_a_worker_writes_its_limits_into_the_queue_and_they_hold(server: Server, namespace: str) -> None:
    limits = Limits(history=HistoryLimits(queue_entries=7, group_entries=5, worker_entries=3, keep=7_200))
    async with Cleo(server.url, namespace=namespace, limits=limits) as cleo:

        @cleo.task(queue="q", group="g")
        async def work() -> None:
            return None

        async with cleo.worker(heartbeat=0.05) as worker:
            await (await work.enqueue()).result(timeout=30)
            keys = keys_of(cleo, "q")
            while await ask(cleo, "HGET", keys.queue, "keep") != limits.history.spec.encode():
                pass
            for _ in range(12):
                await (await work.enqueue()).result(timeout=30)
        assert len(await cleo.history.queue("q")) == 7
        assert len(await cleo.history.group("q", "g")) == 5
        assert len(await cleo.history.worker(worker.id)) == 3
        assert 7_000 < await ask(cleo, "TTL", keys.history) <= 7_200
    async with Cleo(server.url, namespace=namespace) as plain, plain.worker(["q"], heartbeat=0.05):
        while await ask(plain, "HEXISTS", keys.queue, "keep"):
            pass
