"""Middleware: where it is called, in which order, what it may refuse, and that it can't lose a task."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from cleo_core import (
    Backoff,
    Cleo,
    InvalidOption,
    Middleware,
    ServerError,
    TaskContext,
    TaskFailed,
    TaskState,
    WorkerLost,
)
from cleo_core.middleware import OutgoingTask, RunEnd, TaskRun, Verdict
from tests.ghosts import claim_and_die
from tests.servers import Server
from tests.waiting import until

color: ContextVar[str] = ContextVar("color", default="none")


class Diary(Middleware):
    """Writes down what it is told."""

    def __init__(self, name: str = "", book: list[str] | None = None) -> None:
        self.name = name
        self.book: list[str] = [] if book is None else book
        self.ends: list[RunEnd] = []
        self.runs: list[TaskRun] = []

    def note(self, what: str) -> None:
        self.book.append(f"{self.name}{what}")

    async def before_enqueue(self, task: OutgoingTask) -> None:
        self.note("before_enqueue")

    async def after_enqueue(self, task: OutgoingTask, *, created: bool, error: BaseException | None) -> None:
        self.note(f"after_enqueue {created} {type(error).__name__}")

    async def before_run(self, run: TaskRun) -> None:
        self.runs.append(run)
        self.note("before_run")

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        self.ends.append(end)
        self.note(f"after_run {end.verdict}")

    async def on_retry(self, run: TaskRun, end: RunEnd) -> None:
        self.note(f"on_retry {end.retry_in:g}")

    async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
        self.note(f"on_dead_letter {type(end.error).__name__}")

    async def on_worker_start(self, worker: str, queues: Sequence[str]) -> None:
        self.note(f"on_worker_start {','.join(queues)}")

    async def on_worker_stop(self, worker: str) -> None:
        self.note("on_worker_stop")


async def test_middleware_is_called_in_order_before_and_in_reverse_order_after(cleo: Cleo) -> None:
    book: list[str] = []
    cleo.use(Diary("a ", book))
    cleo.use(Diary("b ", book))

    @cleo.task(queue="q")
    async def work() -> None:
        book.append("work")

    handle = await work.enqueue()
    assert book == [
        "a before_enqueue", "b before_enqueue", "b after_enqueue True NoneType", "a after_enqueue True NoneType",
    ]  # fmt: skip
    book.clear()
    async with cleo.worker():
        await handle.result(timeout=30)
    assert book == [
        "a on_worker_start q", "b on_worker_start q",
        "a before_run", "b before_run", "work", "b after_run completed", "a after_run completed",
        "b on_worker_stop", "a on_worker_stop",
    ]  # fmt: skip


async def test_a_retry_and_a_dead_letter_are_told_once_the_server_has_taken_them(cleo: Cleo) -> None:
    diary = cleo.use(Diary())

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0.01))
    async def fail() -> None:
        raise KeyError("no")

    async with cleo.worker(sweep=0.05):
        handle = await fail.enqueue()
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
        await until(lambda: "on_dead_letter KeyError" in diary.book)
    assert [line for line in diary.book if line.startswith(("after_run", "on_retry", "on_dead"))] == [
        "after_run retried", "on_retry 0.01", "after_run dead", "on_dead_letter KeyError",
    ]  # fmt: skip
    assert [run.attempt for run in diary.runs] == [1, 2]
    assert (diary.runs[0].queue, diary.runs[0].name, diary.runs[0].id) == ("q", "fail", handle.id)
    assert 0 <= diary.runs[0].wait < 5


async def test_a_task_that_can_not_be_read_is_told_as_a_dead_letter(cleo: Cleo) -> None:
    diary = cleo.use(Diary())
    handle = await cleo.queues.add("q", "unheard_of")
    async with cleo.worker(queues=["q"]):
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
        await until(lambda: "on_dead_letter Refused" in diary.book)
    assert "before_run" not in diary.book


async def test_a_heartbeat_that_meets_an_end_which_is_being_told_takes_nothing_from_it(cleo: Cleo) -> None:
    diary = cleo.use(Diary())
    for _ in range(400):
        await cleo.queues.add("q", "unheard_of")
    async with cleo.worker(queues=["q"], concurrency=2, heartbeat=0.02):
        await until(lambda: _dead(cleo, 400))
        await until(lambda: diary.book.count("on_dead_letter Refused") == 400)


async def _dead(cleo: Cleo, number: int) -> bool:
    return (await cleo.queues.stats("q")).dead == number


async def test_before_enqueue_may_refuse_and_then_nothing_is_stored(cleo: Cleo) -> None:
    class Bouncer(Middleware):
        async def before_enqueue(self, task: OutgoingTask) -> None:
            if b"3" in task.arguments:
                raise PermissionError("not this one")

    diary = cleo.use(Diary())
    cleo.use(Bouncer())

    @cleo.task(queue="q")
    async def work(n: int) -> None: ...

    with pytest.raises(PermissionError, match="not this one"):
        await work.enqueue_many([(n,) for n in range(5)])
    assert (await cleo.queues.stats("q")).waiting == 0
    assert diary.book.count("before_enqueue") == diary.book.count("after_enqueue False PermissionError") == 4


async def test_what_the_server_did_not_take_is_told_after(own_server: Server, namespace: str) -> None:
    async with Cleo(own_server.url, namespace=namespace, middleware=[diary := Diary()]) as cleo:

        @cleo.task(queue="q")
        async def work() -> None: ...

        await work.options(task_id="one").enqueue()
        await work.options(task_id="one").enqueue()
        own_server.stop()
        with pytest.raises(ServerError):
            await work.enqueue()
    assert diary.book[1::2] == [
        "after_enqueue True NoneType", "after_enqueue False NoneType", "after_enqueue False ServerUnavailable",
    ]  # fmt: skip


async def test_before_run_may_refuse_and_that_counts_as_a_failed_attempt(cleo: Cleo) -> None:
    class Closed(Middleware):
        async def before_run(self, run: TaskRun) -> None:
            raise ConnectionError("the shop is closed")

    diary = cleo.use(Diary())
    cleo.use(Closed())
    ran: list[int] = []

    @cleo.task(queue="q", max_retries=0)
    async def work() -> None:
        ran.append(1)

    async with cleo.worker():
        with pytest.raises(TaskFailed, match="ConnectionError: the shop is closed"):
            await (await work.enqueue()).result(timeout=30)
    assert ran == []
    assert "after_run dead" in diary.book


class Clumsy(Middleware):
    """Fails wherever that must not matter."""

    async def after_enqueue(self, task: OutgoingTask, *, created: bool, error: BaseException | None) -> None:
        raise RuntimeError("after_enqueue")

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        raise RuntimeError("after_run")

    async def on_retry(self, run: TaskRun, end: RunEnd) -> None:
        raise RuntimeError("on_retry")

    async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
        raise RuntimeError("on_dead_letter")

    async def on_worker_start(self, worker: str, queues: Sequence[str]) -> None:
        raise RuntimeError("on_worker_start")

    async def on_worker_stop(self, worker: str) -> None:
        raise RuntimeError("on_worker_stop")


async def test_a_middleware_that_fails_after_the_fact_is_logged_and_changes_nothing(
    cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    cleo.use(diary := Diary())
    cleo.use(Clumsy())

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def work(good: bool) -> int:
        return 1 // good

    async with cleo.worker():
        good, bad = await work.enqueue_many([(True,), (False,)])
        assert await good.result(timeout=30) == 1
        with pytest.raises(TaskFailed):
            await bad.result(timeout=30)
        await until(lambda: "on_dead_letter ZeroDivisionError" in diary.book)
    for where in ("after_enqueue", "after_run", "on_retry", "on_dead_letter", "on_worker_start", "on_worker_stop"):
        assert f"RuntimeError: {where}" in caplog.text
    assert diary.book.count("after_run completed") == 1


async def test_a_cancel_and_a_lost_lease_have_their_own_verdicts(cleo: Cleo) -> None:
    diary = cleo.use(Diary())
    reached: list[str] = []

    @cleo.task(queue="q")
    async def hang(ctx: TaskContext) -> None:
        reached.append(ctx.task_id)
        await asyncio.sleep(60)

    cancelled = await hang.enqueue()
    async with cleo.worker(heartbeat=0.1, grace=0):
        await until(lambda: reached)
        await cancelled.cancel()
        await until(lambda: diary.ends)
        await hang.enqueue()
        await until(lambda: len(reached) == 2)
    assert [end.verdict for end in diary.ends] == [Verdict.CANCELLED, Verdict.RETURNED]


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_what_before_run_sets_in_the_context_is_seen_by_the_function(cleo: Cleo, kind: str) -> None:
    class Painter(Middleware):
        async def before_run(self, run: TaskRun) -> None:
            color.set(f"blue {run.id}")

    cleo.use(Painter())

    @cleo.task(queue="q")
    async def in_the_loop() -> str:
        return color.get()

    @cleo.task(queue="q")
    def in_a_thread() -> str:
        return color.get()

    async with cleo.worker():
        handle = await (in_the_loop if kind == "async" else in_a_thread).enqueue()
        assert await handle.result(timeout=30) == f"blue {handle.id}"
    assert color.get() == "none"


async def test_each_task_of_a_batch_passes_the_middleware_and_a_refused_one_is_not_in_the_call(cleo: Cleo) -> None:
    class NoThree(Middleware):
        async def before_run(self, run: TaskRun) -> None:
            if run.arguments["rows"] == 3:
                raise ValueError("three is refused")

    diary = cleo.use(Diary())
    cleo.use(NoThree())
    calls: list[list[int]] = []

    @cleo.task(queue="q", batch=5, batch_wait=5, max_retries=0)
    async def work(rows: list[int]) -> list[int | Exception]:
        calls.append(rows)
        return [KeyError(row) if row == 4 else row for row in rows]

    handles = await work.enqueue_many([(n,) for n in range(5)])
    async with cleo.worker():
        assert [await handles[n].result(timeout=30) for n in range(3)] == [0, 1, 2]
        for n, error in ((3, "three is refused"), (4, "KeyError")):
            with pytest.raises(TaskFailed, match=error):
                await handles[n].result(timeout=30)
    assert calls == [[0, 1, 2, 4]]
    assert [(run.batch_size, run.batch_place) for run in diary.runs] == [(5, n) for n in range(5)]
    assert sorted(end.verdict for end in diary.ends) == ["completed"] * 3 + ["dead"] * 2


async def test_poison_that_a_sweep_quarantines_is_told_as_a_dead_letter(cleo: Cleo) -> None:
    told: list[tuple[TaskRun, RunEnd]] = []

    class Mourner(Middleware):
        async def before_enqueue(self, task: OutgoingTask) -> None:
            task.headers["trace"] = "17"

        async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
            told.append((run, end))

    cleo.use(Mourner())

    @cleo.task(queue="q", max_deliveries=1)
    async def deadly(word: str) -> None: ...

    @cleo.task(queue="other")
    async def other() -> None: ...

    handle = await deadly.options(group="g").enqueue("x")
    await claim_and_die(cleo, "q", begin=True, worker="the-late")
    async with cleo.worker(["q"], sweep=0.05):
        await until(lambda: told)
    ((run, end),) = told
    assert (run.id, run.name, run.queue, run.group, run.worker, run.attempt) == (
        handle.id, "deadly", "q", "g", "the-late", 1,
    )  # fmt: skip
    assert (dict(run.headers), dict(run.arguments), end.verdict) == ({"trace": "17"}, {}, Verdict.DEAD)
    assert isinstance(end.error, WorkerLost)
    assert str(end.error) == "poison: 1 workers were lost while running it"
    assert await handle.status() is TaskState.DEAD


async def test_what_is_no_middleware_or_is_used_twice_is_refused(cleo: Cleo) -> None:
    diary = cleo.use(Diary())
    with pytest.raises(InvalidOption, match="used already"):
        cleo.use(diary)
    with pytest.raises(InvalidOption, match="is no Middleware"):
        cleo.use(Diary)  # pyright: ignore[reportArgumentType, reportUnknownMemberType]


async def test_a_stop_waits_for_what_middleware_is_told_last(cleo: Cleo) -> None:
    told: list[str] = []

    class Slow(Middleware):
        async def on_dead_letter(self, run: TaskRun, end: RunEnd) -> None:
            await asyncio.sleep(0.2)
            told.append(run.id)

    cleo.use(Slow())

    @cleo.task(queue="q", max_retries=0)
    async def fail() -> None:
        raise ValueError

    handle = await fail.enqueue()
    async with cleo.worker():
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    assert told == [handle.id]


async def test_without_middleware_nothing_of_it_is_called(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("this must not be called")

    for where in (
        "cleo_core.middleware.Hooks.around_enqueue", "cleo_core.middleware.OutgoingTask.__init__",
        "cleo_core.middleware.TaskRun.__init__", "cleo_core.middleware.Hooks.before_run",
        "cleo_core.worker.hooked.HookedExecution.run", "cleo_core.worker.hooked.Told.tell",
    ):  # fmt: skip
        monkeypatch.setattr(where, fail)

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def work(ctx: TaskContext, n: int) -> int:
        return n // (1 if n % 2 == 0 else ctx.attempt - 1)

    handles = await work.enqueue_many([(n,) for n in range(10)])
    async with cleo.worker():
        assert [await handle.result(timeout=30) for handle in handles[::2]] == list(range(0, 10, 2))
        assert [await handle.result(timeout=30) for handle in handles[1::2]] == list(range(1, 10, 2))
