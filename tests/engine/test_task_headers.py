"""Headers: what middleware sends along with a task, and what can't be sent."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core import Backoff, Cleo, InvalidHeaders, Middleware, TaskContext
from cleo_core.middleware import OutgoingTask, TaskRun


class Tagging(Middleware):
    """Sends headers along."""

    def __init__(self, **headers: Any) -> None:
        self.headers = headers

    async def before_enqueue(self, task: OutgoingTask) -> None:
        task.headers.update({**self.headers, "made-for": task.name})


class Seeing(Middleware):
    """Keeps what is run."""

    def __init__(self) -> None:
        self.runs: list[TaskRun] = []

    async def before_run(self, run: TaskRun) -> None:
        self.runs.append(run)


async def test_headers_travel_with_a_task_through_its_retries(cleo: Cleo) -> None:
    cleo.use(Tagging(trace='a "quoted" ü'))
    seen = cleo.use(Seeing())

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0), timeout=5)
    async def work(ctx: TaskContext) -> dict[str, str]:
        if ctx.attempt == 1:
            raise ValueError("again")
        return dict(ctx.headers)

    told = {"trace": 'a "quoted" ü', "made-for": "work"}
    handle = await work.enqueue()
    async with cleo.worker():
        assert await handle.result(timeout=30) == told
    record = await cleo.queues.get_task("q", handle.id)
    assert record.headers == told
    assert "headers" not in record.options
    assert record.options["max_retries"] == 1
    assert all(run.headers == told for run in seen.runs)


@pytest.mark.parametrize(
    "headers",
    [{"x y": "1"}, {"": "1"}, {"x": 1}, {"x": "v" * 9_000}, {f"n{n}": "" for n in range(40)}, {"n" * 65: "1"}],
)
async def test_headers_that_can_not_travel_are_refused_before_anything_is_stored(
    cleo: Cleo, headers: dict[str, Any]
) -> None:
    cleo.use(Tagging(**headers))

    @cleo.task(queue="q")
    async def work() -> None: ...

    with pytest.raises(InvalidHeaders):
        await work.enqueue()
    assert (await cleo.queues.stats("q")).waiting == 0
