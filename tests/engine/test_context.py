"""What a running task knows and says of itself."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest

from cleo_core import Backoff, Cleo, InvalidInput, PermissionDenied, TaskContext
from cleo_core.scripts import Report
from cleo_core.scripts.work import WorkScripts
from tests.waiting import until


async def test_a_task_knows_its_id_attempt_queue_group_and_worker(cleo: Cleo) -> None:
    seen: list[tuple[str, int, str, str, str, str]] = []

    @cleo.task(queue="q", group="g", max_retries=1, backoff=Backoff.fixed(0))
    async def look(ctx: TaskContext, n: int) -> int:
        seen.append((ctx.task_id, ctx.attempt, ctx.queue, ctx.group, ctx.name, ctx.worker))
        if ctx.attempt == 1:
            raise ValueError
        return n

    worker = cleo.worker()
    async with worker:
        handle = await look.enqueue(3)
        assert await handle.result(timeout=30) == 3
    assert seen == [(handle.id, attempt, "q", "g", "look", worker.id) for attempt in (1, 2)]


async def test_progress_is_seen_while_the_task_runs(cleo: Cleo) -> None:
    go_on = asyncio.Event()

    @cleo.task(queue="q")
    async def work(ctx: TaskContext) -> None:
        ctx.progress(0.1)
        ctx.progress(0.4, "four of ten")
        await go_on.wait()

    async with cleo.worker():
        handle = await work.enqueue()
        await until(lambda: _progress(cleo, handle.id))
        record = await cleo.queues.get_task("q", handle.id)
        assert (record.progress, record.progress_text) == (0.4, "four of ten")
        go_on.set()
        await handle.result(timeout=30)


async def _progress(cleo: Cleo, task_id: str) -> bool:
    return (await cleo.queues.get_task("q", task_id)).progress is not None


async def test_what_a_task_says_is_there_before_its_end_is(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    def work(ctx: TaskContext) -> None:
        ctx.log("first\nline")
        ctx.log("zweite Zeile ✓ \x00 \ud800")
        ctx.progress(1.0, "all")

    async with cleo.worker():
        handle = await work.enqueue()
        await handle.result(timeout=30)
        record = await cleo.queues.get_task("q", handle.id)
    assert [line.text for line in record.logs] == ["first\nline", "zweite Zeile ✓ \x00 \\ud800"]
    assert record.progress == 1.0


async def test_of_many_log_lines_the_last_are_kept_whole(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def chatter(ctx: TaskContext) -> None:
        for n in range(2000):
            ctx.log(f"line {n} " + "x" * 50)

    async with cleo.worker():
        handle = await chatter.enqueue()
        await handle.result(timeout=30)
    logs = (await cleo.queues.get_task("q", handle.id)).logs
    assert logs[-1].text.startswith("line 1999 ")
    assert [line.text.split()[1] for line in logs] == [str(n) for n in range(2000 - len(logs), 2000)]
    assert 100 < len(logs) < 300


@pytest.mark.parametrize("fraction", [-0.1, 1.1, math.nan, math.inf])
async def test_progress_outside_of_its_range_is_refused(cleo: Cleo, fraction: float) -> None:
    @cleo.task(queue="q")
    async def work(ctx: TaskContext) -> None:
        ctx.progress(fraction)

    with pytest.raises(InvalidInput, match="between 0 and 1"):
        await work()


async def test_a_task_that_runs_here_may_use_its_context_too(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work(ctx: TaskContext, n: int) -> int:
        ctx.log("here")
        ctx.progress(0.5)
        ctx.heartbeat()
        return n + ctx.attempt

    assert await work(1) == 2


async def test_progress_of_a_retried_task_can_be_said_anew(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def work(ctx: TaskContext) -> None:
        ctx.progress(0.9 if ctx.attempt == 1 else 0.2)
        if ctx.attempt == 1:
            raise ValueError

    async with cleo.worker():
        handle = await work.enqueue()
        await handle.result(timeout=30)
    assert (await cleo.queues.get_task("q", handle.id)).progress == 0.2


async def test_tasks_are_settled_although_what_they_say_can_not_be_sent(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: WorkScripts, queue: str, reports: Sequence[Report]) -> list[int]:
        raise PermissionDenied("server", "refused", "cure")

    monkeypatch.setattr(WorkScripts, "report", refuse)

    @cleo.task(queue="q")
    async def work(ctx: TaskContext, n: int) -> int:
        ctx.log("heard by nobody")
        return n

    async with cleo.worker():
        handles = await work.enqueue_many([(n,) for n in range(20)])
        assert [await handle.result(timeout=30) for handle in handles] == list(range(20))


async def test_a_task_that_says_very_much_is_no_burden_to_the_server(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    report = WorkScripts.report

    async def watched(self: WorkScripts, queue: str, reports: Sequence[Report]) -> list[int]:
        sizes.append(sum(len(one.logs) for one in reports))
        return await report(self, queue, reports)

    monkeypatch.setattr(WorkScripts, "report", watched)

    @cleo.task(queue="q")
    def chatter(ctx: TaskContext) -> None:
        for n in range(20_000):
            ctx.log(f"line {n} " + "x" * 90)

    async with cleo.worker():
        handle = await chatter.enqueue()
        await handle.result(timeout=30)
    assert (await cleo.queues.get_task("q", handle.id)).logs[-1].text.startswith("line 19999 ")
    assert max(sizes) < 20_000
