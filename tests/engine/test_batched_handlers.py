"""Batched handlers: one call for many tasks, each of which is settled on its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from pydantic import BaseModel

from cleo_core import (
    Backoff,
    Cleo,
    InvalidArguments,
    InvalidOption,
    TaskCancelled,
    TaskContext,
    TaskFailed,
    TaskState,
)
from cleo_core.models import Outcome
from tests.ghosts import claim_and_die
from tests.waiting import until


class Row(BaseModel):
    n: int


async def test_one_call_runs_many_tasks_and_each_has_its_own_result(cleo: Cleo) -> None:
    calls: list[int] = []

    @cleo.task(queue="q", batch=50)
    async def double(rows: list[Row]) -> list[int]:
        calls.append(len(rows))
        return [row.n * 2 for row in rows]

    handles = await double.enqueue_many([(Row(n=n),) for n in range(120)])
    async with cleo.worker():
        assert [await handle.result(timeout=30) for handle in handles] == [2 * n for n in range(120)]
    assert sum(calls) == 120
    assert max(calls) == 50
    assert len(calls) <= 5


async def test_a_full_batch_does_not_wait_and_a_part_of_one_waits_no_longer_than_it_may(cleo: Cleo) -> None:
    calls: list[int] = []

    @cleo.task(queue="q", batch=3, batch_wait=30)
    async def eager(rows: list[int]) -> None:
        calls.append(len(rows))

    @cleo.task(queue="q", batch=3, batch_wait=0.05)
    async def patient(rows: list[int]) -> None:
        calls.append(len(rows))

    async with cleo.worker():
        for handle in await eager.enqueue_many([(n,) for n in range(3)]):
            await handle.result(timeout=30)
        assert calls == [3]
        await (await patient.enqueue(1)).result(timeout=30)
    assert calls == [3, 1]


async def test_what_comes_while_a_batch_is_gathered_goes_with_it(cleo: Cleo) -> None:
    calls: list[list[int]] = []

    @cleo.task(queue="q", batch=2, batch_wait=60)
    async def note(rows: list[int]) -> None:
        calls.append(rows)

    async with cleo.worker():
        first = await note.enqueue(1)
        await until(lambda: _is(cleo, first.id, TaskState.ACTIVE))
        second = await note.enqueue(2)
        await asyncio.gather(first.result(timeout=30), second.result(timeout=30))
    assert calls == [[1, 2]]


async def test_an_exception_in_the_list_fails_its_task_alone(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=10, max_retries=0)
    async def work(rows: list[int]) -> list[str | Exception]:
        return [ValueError(f"{n} is odd") if n % 2 else str(n) for n in rows]

    handles = await work.enqueue_many([(n,) for n in range(4)])
    async with cleo.worker():
        assert [await handles[n].result(timeout=30) for n in (0, 2)] == ["0", "2"]
        for n in (1, 3):
            with pytest.raises(TaskFailed, match=f"ValueError: {n} is odd"):
                await handles[n].result(timeout=30)


async def test_what_the_handler_raises_fails_all_and_each_is_retried_on_its_own(cleo: Cleo) -> None:
    attempts: list[tuple[int, int]] = []

    @cleo.task(queue="q", batch=10, max_retries=2, backoff=Backoff.fixed(0))
    async def work(contexts: list[TaskContext], rows: list[int]) -> None:
        attempts.extend((row, context.attempt) for row, context in zip(rows, contexts, strict=True))
        if contexts[0].attempt == 1:
            raise OSError("the database is away")

    handles = await work.enqueue_many([(n,) for n in range(3)])
    async with cleo.worker():
        await asyncio.gather(*(handle.result(timeout=30) for handle in handles))
    assert sorted(attempts) == [(n, attempt) for n in range(3) for attempt in (1, 2)]
    record = await cleo.queues.get_task("q", handles[1].id)
    assert [attempt.outcome for attempt in record.attempts] == [Outcome.FAILED, Outcome.COMPLETED]
    assert "the database is away" in record.attempts[0].traceback


async def test_an_innocent_task_is_not_buried_for_what_its_neighbour_does(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=10, max_retries=1, backoff=Backoff.fixed(0))
    async def work(rows: list[int]) -> None:
        if 3 in rows:
            raise ValueError("3 breaks the whole batch")

    handles = await work.enqueue_many([(n,) for n in range(5)])
    async with cleo.worker():
        await asyncio.gather(*(handle.result(timeout=30) for n, handle in enumerate(handles) if n != 3))
        with pytest.raises(TaskFailed, match="3 breaks"):
            await handles[3].result(timeout=30)


@pytest.mark.parametrize(
    ("answer", "said"),
    [([1], "got 2 tasks and returned 1 results"), ([1, 2, 3], "returned 3 results"), ("no", "returned a str")],
)
async def test_results_that_can_not_be_told_apart_fail_all(cleo: Cleo, answer: Any, said: str) -> None:
    @cleo.task(queue="q", batch=2, batch_wait=5, max_retries=0)
    async def work(rows: list[int]) -> list[int]:
        return answer

    handles = await work.enqueue_many([(1,), (2,)])
    async with cleo.worker():
        for handle in handles:
            with pytest.raises(TaskFailed, match=f"InvalidResults: .*{said}"):
                await handle.result(timeout=30)


async def test_a_result_that_has_no_json_form_fails_its_task_alone(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=2, batch_wait=5, max_retries=0)
    async def work(rows: list[int]) -> list[Any]:
        return [object(), 2]

    first, second = await work.enqueue_many([(1,), (2,)])
    async with cleo.worker():
        assert await second.result(timeout=30) == 2
        with pytest.raises(TaskFailed, match="can't be kept"):
            await first.result(timeout=30)


async def test_a_timeout_stops_the_call_and_fails_all_of_its_tasks(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=2, batch_wait=5, max_retries=0, timeout=0.05)
    async def work(rows: list[int]) -> None:
        await asyncio.sleep(60)

    handles = await work.enqueue_many([(1,), (2,)])
    async with cleo.worker():
        for handle in handles:
            with pytest.raises(TaskFailed, match="TaskTimeout"):
                await handle.result(timeout=30)


async def test_tasks_with_other_timeouts_are_not_in_one_batch(cleo: Cleo) -> None:
    calls: list[list[int]] = []

    @cleo.task(queue="q", batch=10, batch_wait=0.05)
    async def work(rows: list[int]) -> None:
        calls.append(rows)

    handles = [await work.enqueue(1), await work.options(timeout=5).enqueue(2), await work.enqueue(3)]
    async with cleo.worker():
        await asyncio.gather(*(handle.result(timeout=30) for handle in handles))
    assert sorted(calls) == [[1, 3], [2]]


async def test_a_plain_function_runs_in_a_thread(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=4, batch_wait=5)
    def where(rows: list[int]) -> list[str]:
        return [threading.current_thread().name] * len(rows)

    handles = await where.enqueue_many([(n,) for n in range(4)])
    async with cleo.worker():
        names = {await handle.result(timeout=30) for handle in handles}
    assert len(names) == 1
    assert names.pop().startswith("cleo-task")


async def test_a_task_that_is_cancelled_while_others_run_beside_it_is_told_and_the_others_go_on(cleo: Cleo) -> None:
    seen: list[TaskContext] = []
    go_on = asyncio.Event()

    @cleo.task(queue="q", batch=3, batch_wait=5)
    async def work(contexts: list[TaskContext], rows: list[int]) -> list[int | Exception]:
        seen.extend(contexts)
        await go_on.wait()
        return [TaskCancelled("as asked") if c.cancelled else row for c, row in zip(contexts, rows, strict=True)]

    handles = await work.enqueue_many([(n,) for n in range(3)])
    async with cleo.worker(heartbeat=0.1):
        await until(lambda: len(seen) == 3)
        assert await handles[1].cancel()
        await until(lambda: seen[1].cancelled)
        go_on.set()
        assert [await handles[n].result(timeout=30) for n in (0, 2)] == [0, 2]
        with pytest.raises(TaskCancelled):
            await handles[1].result(timeout=30)


async def test_the_call_is_stopped_when_all_of_its_tasks_are_cancelled(cleo: Cleo) -> None:
    reached = asyncio.Event()
    stopped = asyncio.Event()

    @cleo.task(queue="q", batch=2, batch_wait=5)
    async def work(rows: list[int]) -> None:
        reached.set()
        try:
            await asyncio.sleep(60)
        finally:
            stopped.set()

    handles = await work.enqueue_many([(1,), (2,)])
    async with cleo.worker(heartbeat=0.1):
        await asyncio.wait_for(reached.wait(), 30)
        assert (await cleo.queues.cancel("q", [handle.id for handle in handles])).done == 2
        await asyncio.wait_for(stopped.wait(), 30)
        for handle in handles:
            with pytest.raises(TaskCancelled):
                await handle.result(timeout=30)


async def test_a_task_that_is_cancelled_while_it_is_gathered_ends_at_once(cleo: Cleo) -> None:
    calls: list[list[int]] = []

    @cleo.task(queue="q", batch=2, batch_wait=30)
    async def work(rows: list[int]) -> None:
        calls.append(rows)

    async with cleo.worker(heartbeat=0.1):
        first = await work.enqueue(1)
        await until(lambda: _is(cleo, first.id, TaskState.ACTIVE))
        await first.cancel()
        with pytest.raises(TaskCancelled):
            await first.result(timeout=30)
        for handle in await work.enqueue_many([(2,), (3,)]):
            await handle.result(timeout=30)
    assert calls == [[2, 3]]


async def test_a_task_whose_lease_is_lost_does_not_take_its_neighbours_with_it(cleo: Cleo) -> None:
    calls: list[list[int]] = []
    go_on = asyncio.Event()

    @cleo.task(queue="q", batch=2, batch_wait=0.5)
    async def work(contexts: list[TaskContext], rows: list[int]) -> list[int]:
        calls.append(rows)
        if len(calls) == 1:
            await go_on.wait()
        return [len(calls)] * len(rows)

    lost, kept = await work.enqueue_many([(1,), (2,)])
    async with cleo.worker(heartbeat=0.1, sweep=60) as worker:
        await until(lambda: calls)
        await until(lambda: _is_taken_back(cleo, lost.id))
        await until(lambda: len(calls) == 2, what="the lost task is run again, alone")
        go_on.set()
        assert await kept.result(timeout=30) == 2
        assert await lost.result(timeout=30) == 2
        await until(lambda: worker.processed == 2)
    assert calls == [[1, 2], [1]]


async def _is_taken_back(cleo: Cleo, task_id: str) -> bool:
    """Let its lease run out and sweep. A heartbeat that comes between the two renews it."""
    await cleo.backend.ask("ZADD", f"{cleo.namespace}:{{q}}:leases", 1, task_id)
    return await _swept(await cleo.backend.scripts())


async def _swept(scripts: Any) -> bool:
    return (await scripts.sweep("q", 100, (60, 60)))[0] > 0


async def test_a_worker_that_stops_hands_back_what_is_still_gathered(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=10, batch_wait=60)
    async def work(rows: list[int]) -> None:
        raise AssertionError("it must not run")

    handle = await work.enqueue(1)
    async with cleo.worker():
        await until(lambda: _is(cleo, handle.id, TaskState.ACTIVE))
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.state, record.attempts) == (TaskState.WAITING, [])


async def test_a_batch_that_does_not_end_in_time_is_handed_back_whole(cleo: Cleo) -> None:
    reached = asyncio.Event()

    @cleo.task(queue="q", batch=3, batch_wait=5)
    async def work(rows: list[int]) -> None:
        reached.set()
        await asyncio.sleep(60)

    handles = await work.enqueue_many([(n,) for n in range(3)])
    async with cleo.worker(grace=0):
        await asyncio.wait_for(reached.wait(), 30)
    for handle in handles:
        record = await cleo.queues.get_task("q", handle.id)
        assert (record.state, record.attempts) == (TaskState.WAITING, [])


async def test_a_batch_is_no_larger_than_what_the_worker_runs_at_once(
    cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    @cleo.task(queue="q", batch=50, batch_wait=30)
    async def work(rows: list[int]) -> None:
        calls.append(len(rows))

    handles = await work.enqueue_many([(n,) for n in range(20)])
    async with cleo.worker(concurrency=5, prefetch=0):
        await asyncio.gather(*(handle.result(timeout=30) for handle in handles))
    assert calls == [5, 5, 5, 5]
    assert "Raise its concurrency" in caplog.text


async def test_a_suspect_runs_alone(cleo: Cleo) -> None:
    calls: list[list[int]] = []

    @cleo.task(queue="q", batch=10, batch_wait=0.05, max_deliveries=2)
    async def work(rows: list[int]) -> None:
        calls.append(rows)

    suspect = await work.enqueue(1)
    await claim_and_die(cleo, "q", begin=True)
    scripts = await cleo.backend.scripts()
    await until(lambda: _swept(scripts))
    others = await work.enqueue_many([(2,), (3,)])
    async with cleo.worker():
        await asyncio.gather(*(handle.result(timeout=30) for handle in (suspect, *others)))
    assert sorted(calls) == [[1], [2, 3]]


async def test_called_here_and_now_it_runs_a_batch_of_one(cleo: Cleo) -> None:
    @cleo.task(batch=10)
    async def work(rows: list[int]) -> list[int | Exception]:
        return [ValueError("no") if row < 0 else row * 2 for row in rows]

    @cleo.task(batch=10)
    def plain(rows: list[int]) -> list[int]:
        return [row * 2 for row in rows]

    assert await work(4) == 8
    assert plain(4) == 8
    with pytest.raises(ValueError, match="no"):
        await work(-1)


async def test_an_argument_that_does_not_fit_is_refused_before_it_is_stored(cleo: Cleo) -> None:
    @cleo.task(queue="q", batch=10)
    async def work(rows: list[Row]) -> None: ...

    with pytest.raises(InvalidArguments, match=r"rows\.n"):
        await work.enqueue({"n": "many"})  # pyright: ignore[reportArgumentType]
    handle = await cleo.queues.add("q", "work", {"rows": {"n": 1}})
    async with cleo.worker():
        assert await handle.result(timeout=30) is None


async def test_declarations_that_can_not_be_batched_are_refused(cleo: Cleo) -> None:
    def two(rows: list[int], more: int) -> None: ...
    def no_list(row: int) -> None: ...
    def good(rows: list[int]) -> None: ...

    for function in (two, no_list):
        with pytest.raises(InvalidOption, match="takes one list"):
            cleo.task(batch=2)(function)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with pytest.raises(InvalidOption, match="can't run in a process"):
        cleo.task(batch=2, executor="process")(good)
    for size in (0, 1_001, True, "2"):
        with pytest.raises(InvalidOption, match="batch can't be"):
            cleo.task(batch=size)(good)  # pyright: ignore[reportCallIssue, reportArgumentType]
    for wait in (-1, 61, float("nan")):
        with pytest.raises(InvalidOption, match="batch_wait can't be"):
            cleo.task(batch=2, batch_wait=wait)(good)


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return (await cleo.queues.get_task("q", task_id)).state is state
