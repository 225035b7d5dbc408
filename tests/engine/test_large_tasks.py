"""Tasks with large arguments and results: no call of the server carries many of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from cleo_core import Cleo
from cleo_core.scripts import Cycle, Settled
from cleo_core.scripts.work import WorkScripts
from cleo_core.worker.line import MAX_BYTES
from tests.raw import ask, keys_of
from tests.waiting import until

SIZE = 900_000
MANY = 8


async def _enqueue(cleo: Cleo) -> list[str]:
    tasks = [await cleo.queues.add("q", "work", {"text": letter * SIZE}) for letter in "abcdefgh"[:MANY]]
    return [task.id for task in tasks]


async def test_a_claim_carries_the_first_large_arguments_and_the_worker_has_them_all(cleo: Cleo) -> None:
    ids = await _enqueue(cleo)
    scripts = await cleo.backend.scripts()
    before = scripts.calls
    claimed = (await scripts.cycle("q", "w", MANY, 60_000, (60, 60), [])).claimed
    assert [task.id.decode() for task in claimed] == ids
    assert [task.arguments for task in claimed] == [
        b'{"text":"%s"}' % (letter * SIZE).encode() for letter in "abcdefgh"
    ]
    # Three fit into a call: the claim and two more.
    assert scripts.calls - before == 3


async def test_small_tasks_are_claimed_in_one_call(cleo: Cleo) -> None:
    for n in range(MANY):
        await cleo.queues.add("q", "work", {"n": n})
    scripts = await cleo.backend.scripts()
    before = scripts.calls
    assert len((await scripts.cycle("q", "w", MANY, 60_000, (60, 60), [])).claimed) == MANY
    assert scripts.calls - before == 1


async def test_a_large_task_without_arguments_any_more_is_claimed_all_the_same(cleo: Cleo) -> None:
    ids = await _enqueue(cleo)
    await ask(cleo, "HDEL", keys_of(cleo, "q").task(ids[-1]), "args")
    scripts = await cleo.backend.scripts()
    claimed = (await scripts.cycle("q", "w", MANY, 60_000, (60, 60), [])).claimed
    assert [len(task.arguments) > SIZE for task in claimed] == [True] * (MANY - 1) + [False]


async def test_large_results_are_settled_in_calls_of_a_bounded_size(
    cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    cycle = WorkScripts.cycle

    async def watched(
        self: WorkScripts, queue: str, worker: str, room: int, lease_ms: int, retentions: tuple[int, int],
        settled: Sequence[Settled],
    ) -> Cycle:  # fmt: skip
        sizes.append(sum(len(task.value) for task in settled))
        return await cycle(self, queue, worker, room, lease_ms, retentions, settled)

    monkeypatch.setattr(WorkScripts, "cycle", watched)
    together = asyncio.Barrier(MANY)

    @cleo.task(queue="q")
    async def work() -> str:
        await together.wait()
        return "x" * SIZE

    async with cleo.worker(concurrency=MANY):
        handles = await work.enqueue_many([()] * MANY)
        for handle in handles:
            assert await handle.result(timeout=30) == "x" * SIZE
    assert max(sizes) <= MAX_BYTES


async def test_a_worker_that_is_stopped_at_once_settles_all_large_results(cleo: Cleo) -> None:
    began = 0

    @cleo.task(queue="q")
    async def work() -> str:
        nonlocal began
        began += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "x" * SIZE
        return ""

    handles = await work.enqueue_many([()] * MANY)
    async with cleo.worker(concurrency=MANY, grace=0) as worker:
        await until(lambda: began == MANY)
    assert worker.unsettled == 0
    assert (await cleo.queues.stats("q")).completed == MANY
    assert await handles[-1].result(timeout=30) == "x" * SIZE
