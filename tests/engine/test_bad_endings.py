"""Tasks that end in unusual ways: nothing that a task raises or returns stops its worker."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn, cast

import pytest

from cleo_core import Cleo, Limits, Task, TaskFailed
from tests.servers import Server
from tests.waiting import until


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Odd(Exception):
    def __str__(self) -> str:
        return cast("str", 5)


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no picture")


ENDINGS: dict[str, BaseException] = {
    "SystemExit": SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "CancelledError": asyncio.CancelledError("by myself"),
    "GeneratorExit": GeneratorExit(),
    "StopIteration": StopIteration("end"),
    "StopAsyncIteration": StopAsyncIteration(),
    "BaseException": BaseException("base"),
    "ExceptionGroup": ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    "BaseExceptionGroup": BaseExceptionGroup("several", [SystemExit(1)]),
    "RecursionError": RecursionError("deep"),
    "MemoryError": MemoryError(),
    "Mute": Mute(),
    "Odd": Odd(),
    "with an unprintable argument": ValueError(Unprintable()),
    "a lone surrogate": ValueError("a\ud800b"),
    "control characters": ValueError("a\x00b\x1b[31m\nc"),
    "a very long message": ValueError("x" * 1_000_000),
    "an empty message": ValueError(),
}


def _good(cleo: Cleo) -> Task[[], object, str]:
    @cleo.task(queue="q")
    async def good() -> str:
        return "good"

    return good


@pytest.mark.parametrize("kind", ["async", "thread"])
@pytest.mark.parametrize("error", ENDINGS.values(), ids=ENDINGS.keys())
async def test_whatever_a_task_raises_fails_the_task_and_not_the_worker(
    cleo: Cleo, error: BaseException, kind: str
) -> None:
    async def raise_async() -> NoReturn:
        raise error

    def raise_sync() -> NoReturn:
        raise error

    bad: Task[[], object, None] = cleo.task(queue="q", name="bad", max_retries=0)(
        raise_async if kind == "async" else raise_sync
    )  # pyright: ignore[reportAssignmentType]
    good = _good(cleo)
    async with cleo.worker(concurrency=2):
        handle = await bad.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
        assert await (await good.enqueue()).result(timeout=30) == "good"
    record = await cleo.queues.get_task("q", handle.id)
    (attempt,) = record.attempts
    name = type(error).__name__
    assert attempt.error_type in {name, "RuntimeError"}
    assert len(attempt.error_message) <= 2_000
    assert attempt.traceback
    record.model_dump_json()


async def test_a_huge_traceback_is_cut_at_its_front(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def sink() -> None:
        def deeper(n: int) -> None:
            if n == 0:
                raise ValueError("the bottom")
            exec(f"def step_{n}(f, n): f(n)\nstep_{n}(deeper, n - 1)", {"deeper": deeper, "n": n})

        deeper(150)

    async with cleo.worker():
        handle = await sink.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    trace = (await cleo.queues.get_task("q", handle.id)).attempts[0].traceback
    assert 7_000 < len(trace) <= 8_000
    assert trace.rstrip().endswith("ValueError: the bottom")


async def test_a_recursion_without_end_fails_its_task(cleo: Cleo) -> None:
    @cleo.task(queue="q", max_retries=0)
    async def fall() -> int:
        def again(n: int) -> int:
            return again(n + 1)

        return again(0)

    async with cleo.worker():
        with pytest.raises(TaskFailed, match="RecursionError"):
            await (await fall.enqueue()).result(timeout=30)


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


def _deep() -> list[Any]:
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    return deep


RESULTS: dict[str, Any] = {
    "an object": object(),
    "a function": len,
    "NaN": float("nan"),
    "infinity within": {"a": [float("inf")]},
    "bytes": b"\xff",
    "a surrogate": "a\ud800",
    "a circle": _circle(),
    "too deep to be read": _deep(),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS.keys())
async def test_a_result_that_cannot_be_kept_is_a_dead_letter_and_not_run_again(cleo: Cleo, result: Any) -> None:
    ran: list[int] = []

    @cleo.task(queue="q", max_retries=5)
    async def work() -> Any:
        ran.append(1)
        return result

    good = _good(cleo)
    async with cleo.worker():
        handle = await work.enqueue()
        with pytest.raises(TaskFailed, match="result"):
            await handle.result(timeout=30)
        assert await (await good.enqueue()).result(timeout=30) == "good"
    assert ran == [1]


async def test_a_result_over_the_limit_is_a_dead_letter(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, limits=Limits(payload_bytes=1_000)) as cleo:

        @cleo.task(queue="q")
        async def work() -> str:
            return "x" * 1_001

        async with cleo.worker():
            with pytest.raises(TaskFailed, match=r"result of 'work' take.* 1,003 bytes.*limit is 1,000"):
                await (await work.enqueue()).result(timeout=30)


async def test_a_task_that_hides_from_its_cancellation_delays_the_stop_by_a_bounded_time(cleo: Cleo) -> None:
    started = asyncio.Event()
    release = asyncio.Event()

    @cleo.task(queue="q")
    async def stubborn() -> str:
        started.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return "at last"

    worker = cleo.worker(grace=0.1)
    await worker.__aenter__()
    handle = await stubborn.enqueue()
    await started.wait()
    await asyncio.wait_for(worker.__aexit__(None, None, None), 15)
    assert (await cleo.queues.stats("q")).waiting == 1
    release.set()
    async with cleo.worker():
        assert await handle.result(timeout=30) == "at last"


async def test_tasks_that_run_at_the_stop_are_handed_back_uncharged_after_the_grace(cleo: Cleo) -> None:
    started = asyncio.Event()
    attempts: list[int] = []

    @cleo.task(queue="q", max_retries=0)
    async def work() -> str:
        attempts.append(1)
        started.set()
        if len(attempts) == 1:
            await asyncio.sleep(60)
        return "second run"

    async with cleo.worker(grace=0.1):
        handle = await work.enqueue()
        await started.wait()
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.state, record.attempts, record.losses) == ("waiting", [], 0)
    async with cleo.worker():
        assert await handle.result(timeout=30) == "second run"


async def test_a_task_that_ends_within_the_grace_is_settled(cleo: Cleo) -> None:
    started = asyncio.Event()

    @cleo.task(queue="q")
    async def work() -> str:
        started.set()
        await asyncio.sleep(0.2)
        return "in time"

    async with cleo.worker(grace=10):
        handle = await work.enqueue()
        await started.wait()
    assert await handle.result(timeout=30) == "in time"


async def test_what_was_claimed_ahead_and_has_not_begun_is_handed_back(cleo: Cleo) -> None:
    ran: list[int] = []

    @cleo.task(queue="q")
    async def work(n: int) -> int:
        ran.append(n)
        await asyncio.sleep(0.005)
        return n

    await work.enqueue_many([(n,) for n in range(500)])
    async with cleo.worker(concurrency=5):
        await until(lambda: len(ran) > 50)
    stats = await cleo.queues.stats("q")
    assert stats.active == 0
    assert stats.waiting + stats.completed == 500
    assert stats.completed == len(ran)
