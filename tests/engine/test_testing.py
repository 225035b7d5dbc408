"""``cleo_core.testing``: tasks run where they are enqueued, or drained by a worker, and the fixtures in a project."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from cleo_core import (
    Backoff,
    Cleo,
    InvalidArguments,
    Middleware,
    TaskContext,
    TaskFailed,
    TaskState,
    UnknownTask,
)
from cleo_core.middleware import OutgoingTask, RunEnd, TaskRun
from cleo_core.testing import NotDrained, drain, eager
from tests.processes import ROOT
from tests.waiting import until

NOWHERE = "redis://127.0.0.1:1/0"


class Order(BaseModel):
    number: int


async def test_eager_tasks_run_in_the_enqueuing_call_without_a_server() -> None:
    cleo = Cleo(NOWHERE)

    @cleo.task(queue="orders", group="g")
    async def ship(ctx: TaskContext, order: Order) -> Order:
        ctx.progress(0.5, "half")
        ctx.log("on its way")
        return Order(number=order.number + 1)

    @cleo.task
    def plain(n: int) -> int:
        return n * 2

    @cleo.task(batch=10)
    async def batched(rows: list[int]) -> list[int]:
        return [row + len(rows) for row in rows]

    with eager(cleo) as ran:
        handle = await ship.options(delay=60).enqueue(Order(number=1))
        assert await handle.result() == Order(number=2)
        assert await handle.status() is TaskState.COMPLETED
        assert not await handle.cancel()
        assert await (await plain.enqueue(4)).result() == 8
        assert [await h.result() for h in await batched.enqueue_many([(1,), (2,)])] == [2, 3]
        await cleo.queues.add("orders", "ship", {"order": {"number": 7}})
    (first, second) = ran.named("ship")
    assert (first.arguments, first.result) == ({"order": {"number": 1}}, {"number": 2})
    assert (first.queue, first.group, first.delay, first.attempts) == ("orders", "g", 60, 1)
    assert (first.progress, first.logs) == ([(0.5, "half")], ["on its way"])
    assert second.result == {"number": 8}
    assert len(ran.tasks) == 5


async def test_eager_tasks_go_through_the_same_checks_and_json() -> None:
    cleo = Cleo(NOWHERE)

    @cleo.task
    async def work(order: Order) -> object:
        return object()

    with eager(cleo) as ran:
        with pytest.raises(InvalidArguments):
            await work.enqueue("no order")  # pyright: ignore[reportArgumentType]
        assert ran.tasks == []
        with pytest.raises(TaskFailed, match="can't be kept"):
            await (await work.options(max_retries=0).enqueue(Order(number=1))).result()
        unknown = await cleo.queues.add("q", "unheard_of")
        with pytest.raises(TaskFailed, match=UnknownTask.__name__.replace("UnknownTask", "No task 'unheard_of'")):
            await unknown.result()


async def test_eager_tasks_are_retried_without_waiting_and_fail_in_the_end() -> None:
    cleo = Cleo(NOWHERE)

    @cleo.task(max_retries=2, backoff=Backoff.fixed(3_600))
    async def third_time(ctx: TaskContext) -> int:
        if ctx.attempt < 3:
            raise OSError("away")
        return ctx.attempt

    @cleo.task(max_retries=1, timeout=0.01)
    async def hang() -> None:
        await asyncio.sleep(60)

    with eager(cleo) as ran:
        assert await (await third_time.enqueue()).result() == 3
        with pytest.raises(TaskFailed, match="TaskTimeout"):
            await (await hang.enqueue()).result()
    assert [(task.attempts, task.state) for task in ran.tasks] == [(3, TaskState.COMPLETED), (2, TaskState.DEAD)]


async def test_eager_tasks_run_once_for_an_id_may_enqueue_others_and_pass_the_middleware() -> None:
    told: list[str] = []

    class Watch(Middleware):
        async def before_enqueue(self, task: OutgoingTask) -> None:
            task.headers["for"] = task.name

        async def after_run(self, run: TaskRun, end: RunEnd) -> None:
            told.append(f"{run.headers['for']} {end.verdict}")

        async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
            told.append(f"buried {run.name}")

    cleo = Cleo(NOWHERE, middleware=[Watch()])

    @cleo.task(max_retries=0)
    async def inner() -> None:
        raise ValueError

    @cleo.task
    async def outer() -> None:
        await inner.enqueue()

    with eager(cleo) as ran:
        first = await outer.options(task_id="one").enqueue()
        again = await outer.options(task_id="one").enqueue()
        assert (first.created, again.created) == (True, False)
    assert [task.name for task in ran.tasks] == ["outer", "inner"]
    assert told == ["inner dead", "buried inner", "outer completed"]


def test_eager_holds_for_the_blocking_face_too() -> None:
    cleo = Cleo(NOWHERE)

    @cleo.task
    def double(n: int) -> int:
        return n * 2

    with eager(cleo) as ran:
        assert cleo.sync.enqueue(double, 4).result(timeout=30) == 8
    assert len(ran.tasks) == 1
    cleo.sync.close()


async def test_after_eager_the_server_is_asked_again(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None: ...

    with eager(cleo):
        await work.enqueue()
    assert (await cleo.queues.stats("q")).enqueued == 0
    await work.enqueue()
    assert (await cleo.queues.stats("q")).waiting == 1


async def test_drain_runs_all_that_waits_and_what_comes_of_it(cleo: Cleo) -> None:
    ran: list[str] = []

    @cleo.task(queue="a-last")
    async def child(n: int) -> None:
        ran.append("child")

    @cleo.task(queue="b-first")
    async def parent(n: int) -> None:
        ran.append("parent")
        await child.enqueue(n)

    await parent.enqueue_many([(n,) for n in range(50)])
    assert await drain(cleo) == 100
    assert (ran.count("parent"), ran.count("child")) == (50, 50)
    assert await drain(cleo, "b-first") == 0


async def test_drain_leaves_delayed_tasks_unless_it_is_told_to_wait_for_them(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(2))
    async def second_time(ctx: TaskContext) -> int:
        return 1 // (ctx.attempt - 1)

    handle = await second_time.enqueue()
    assert await drain(cleo) == 1
    assert await handle.status() is TaskState.DELAYED
    assert await drain(cleo, delayed=True) == 1
    assert await handle.status() is TaskState.COMPLETED


async def test_drain_gives_up_in_time_and_says_what_is_left(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def hang() -> None:
        await asyncio.sleep(60)

    handles = await hang.enqueue_many([()] * 3)
    with pytest.raises(NotDrained, match=r"Not drained within 2 s: in q 2 wait, 1 run"):
        await drain(cleo, within=2, concurrency=1, prefetch=0)
    await until(lambda: _all_wait(cleo, len(handles)))
    await cleo.queues.pause("q")
    with pytest.raises(NotDrained, match="it is paused"):
        await drain(cleo, within=0.1)


async def _all_wait(cleo: Cleo, number: int) -> bool:
    return (await cleo.queues.stats("q")).waiting == number


CONFTEST = """
import pytest
pytest_plugins = ["cleo_core.testing.fixtures"]

@pytest.fixture
def cleo_app():
    from shop import cleo
    return cleo
"""
SHOP = """
from cleo_core import Cleo
cleo = Cleo("redis://127.0.0.1:1/0", namespace="shop")

@cleo.task(queue="q")
async def double(n: int) -> int:
    return n * 2
"""
TESTS = """
import asyncio
import pytest
from cleo_core.testing import drain
from shop import cleo, double

def test_eager(cleo_eager):
    async def main():
        return await (await double.enqueue(2)).result()
    assert asyncio.run(main()) == 4
    assert [task.name for task in cleo_eager.tasks] == ["double"]

@pytest.mark.parametrize("n", [1, 2])
def test_on_a_server(cleo_server, n):
    assert cleo_server is cleo
    assert cleo.namespace.startswith("test-")
    async def main():
        async with cleo_server:
            handle = await double.enqueue(n)
            assert await drain(cleo_server) == 1
            return await handle.result(timeout=30)
    assert asyncio.run(main()) == 2 * n
    assert cleo.sync.queues.stats("q").completed == 1

def test_afterwards_it_is_as_before():
    assert (cleo.namespace, cleo.backend.redis.url) == ("shop", "redis://127.0.0.1:1/0")
"""


def test_the_fixtures_serve_a_project_of_its_own(tmp_path: Path) -> None:
    for name, text in (("conftest.py", CONFTEST), ("shop.py", SHOP), ("test_shop.py", TESTS)):
        (tmp_path / name).write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CLEO_", "PYTEST_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:xdist", "-W", "error", str(tmp_path)],
        cwd=tmp_path, env={**environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert "4 passed" in ran.stdout, ran.stdout + ran.stderr
