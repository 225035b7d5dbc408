"""Signatures where tasks come from elsewhere than from ``enqueue``, and together with middleware and batches."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from cleo_core import (
    Cleo,
    Every,
    Middleware,
    SigningKey,
    SigningKeyNeeded,
    TaskContext,
    TaskState,
    TrustedKey,
)
from cleo_core.middleware import OutgoingTask, RunEnd, TaskRun, Verdict
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

SECRET = b"0123456789abcdef"
KEY = SigningKey("shop", SECRET)
TRUSTED = [TrustedKey("shop", SECRET)]
HOUR = 3_600.0


@pytest.fixture
async def strict(server: Server, namespace: str) -> AsyncIterator[Cleo]:
    """Its workers run only what ``KEY`` signed, and it signs with it."""
    async with Cleo(server.url, namespace=namespace, signing=KEY, trusted=TRUSTED, require_signatures=True) as made:
        yield made


async def _is(cleo: Cleo, task_id: str, state: TaskState) -> bool:
    return (await cleo.queues.get_task("q", task_id)).state is state


def _declare(cleo: Cleo, ran: list[int]) -> None:
    @cleo.task(queue="q", group="g", max_retries=0)
    async def work(n: int = 7) -> int:  # pyright: ignore[reportUnusedFunction]
        ran.append(n)
        if n < 0:
            raise ValueError(n)
        return n


# --- edited dead letters -------------------------------------------------------------------------------


async def test_an_edited_dead_letter_is_signed_anew_and_runs(strict: Cleo) -> None:
    ran: list[int] = []
    _declare(strict, ran)
    async with strict.worker():
        handle = await strict.queues.add("q", "work", {"n": -1}, group="g")
        await until(lambda: _is(strict, handle.id, TaskState.DEAD))
        await strict.dead_letters.edit_and_retry("q", handle.id, {"n": 5})
        assert await handle.result(timeout=30) == 5
    assert ran == [-1, 5]


async def test_who_has_no_key_can_not_edit_a_signed_task_and_the_letter_stays(strict: Cleo, cleo: Cleo) -> None:
    _declare(strict, [])
    async with strict.worker():
        handle = await strict.queues.add("q", "work", {"n": -1})
        await until(lambda: _is(strict, handle.id, TaskState.DEAD))
    with pytest.raises(SigningKeyNeeded, match="signing key"):
        await cleo.dead_letters.edit_and_retry("q", handle.id, {"n": 5})
    assert (await cleo.dead_letters.get("q", handle.id)).arguments == {"n": -1}
    assert (await cleo.queues.stats("q")).dead == 1


async def test_a_task_that_nobody_signed_can_be_edited_by_who_has_a_key_and_then_runs(strict: Cleo, cleo: Cleo) -> None:
    ran: list[int] = []
    _declare(strict, ran)
    async with strict.worker():
        handle = await cleo.queues.add("q", "work", {"n": 1})
        await until(lambda: _is(strict, handle.id, TaskState.DEAD))
        assert "no signature" in (await cleo.dead_letters.get("q", handle.id)).reason
        await strict.dead_letters.edit_and_retry("q", handle.id, {"n": 2})
        assert await strict.queues.handle("q", handle.id).result(timeout=30) == 2
    assert ran == [2]


# --- schedules -----------------------------------------------------------------------------------------


async def _make_due(cleo: Cleo, schedule: str) -> None:
    due = await (await cleo.backend.scripts()).time() - 1
    key = keys_of(cleo, "q").prefix + "schedule"
    await ask(cleo, "ZADD", f"{key}s", due, schedule)
    await ask(cleo, "HSET", keys_of(cleo, "q").queue, "tick", due)


async def test_the_tasks_of_a_schedule_are_signed_by_who_added_it(strict: Cleo) -> None:
    ran: list[int] = []
    _declare(strict, ran)
    await strict.schedules.add("q", "s", "work", {"n": 3}, when=Every(HOUR))
    assert "headers" not in (await strict.schedules.get("q", "s")).options
    await _make_due(strict, "s")
    async with strict.worker():
        assert await (await strict.schedules.run_now("q", "s")).result(timeout=30) == 3
        await until(lambda: len(ran) == 2)
    assert (await strict.queues.stats("q")).dead == 0


async def test_a_declared_schedule_is_signed_with_the_key_of_the_worker(strict: Cleo) -> None:
    ran: list[int] = []

    @strict.task(queue="q", schedule=Every(HOUR))
    async def work(n: int = 7) -> int:
        ran.append(n)
        return n

    async with strict.worker():
        await until(lambda: _has_schedule(strict))
        (schedule,) = (await strict.schedules.list("q")).items
        assert await (await strict.schedules.run_now("q", schedule.id)).result(timeout=30) == 7
    assert ran == [7]


async def _has_schedule(cleo: Cleo) -> bool:
    return (await cleo.schedules.list("q")).total == 1


async def test_a_worker_that_would_refuse_what_it_schedules_says_so(
    server: Server, cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    async with Cleo(server.url, namespace=cleo.namespace, trusted=TRUSTED, require_signatures=True) as unable:

        @unable.task(queue="q", schedule=Every(HOUR))
        async def nightly() -> None: ...

        with caplog.at_level(logging.WARNING, "cleo.worker"):
            async with unable.worker():
                await until(lambda: _has_schedule(cleo))
    assert "would refuse the scheduled tasks of nightly" in caplog.text


@pytest.mark.parametrize(
    ("field", "value"), [("args", '{"n":666}'), ("task", "other"), ("group", "h"), ("head", '{"v":1}')]
)
async def test_a_schedule_that_was_changed_after_it_was_signed_stores_tasks_that_are_refused(
    strict: Cleo, field: str, value: str
) -> None:
    ran: list[int] = []
    _declare(strict, ran)
    await strict.schedules.add("q", "s", "work", {"n": 3}, when=Every(HOUR))
    await ask(strict, "HSET", f"{keys_of(strict, 'q').prefix}schedule:s", field, value)
    async with strict.worker():
        handle = await strict.schedules.run_now("q", "s")
        await until(lambda: _is(strict, handle.id, TaskState.DEAD))
    assert "signature" in (await strict.dead_letters.get("q", handle.id)).reason
    assert ran == []


def test_the_signature_of_a_schedule_holds_for_its_own_tasks_only() -> None:
    from cleo_core.signing import Trust

    trust = Trust(TRUSTED, required=True)
    head = KEY.sign_schedule("s", "work", "q", "", b"{}", b'{"v":1}')

    def refusal(task_id: bytes, head: bytes = head) -> str:
        return trust.refusal(task_id, b"work", "q", b"", b"{}", head)

    assert refusal(b"s@2026-11-26T05:00:00Z") == ""
    for other in (b"s", b"t@2026-11-26T05:00:00Z", b"s@x@2026-11-26T05:00:00Z", b"@", b""):
        assert "is wrong" in refusal(other)
    # The signature of a task is none of a schedule, whatever the ids are.
    of_task = KEY.sign("s", "work", "q", "", b"{}", b'{"v":1}')
    assert refusal(b"s", of_task) == ""
    assert "is wrong" in refusal(b"s@1", of_task.replace(b"shop:", b"shop:schedule:"))
    assert "is wrong" in refusal(b"s", head.replace(b"shop:schedule:", b"shop:"))


# --- middleware and batches ----------------------------------------------------------------------------


class _Noting(Middleware):
    """Sends a header along, and notes with which it comes back."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Verdict]] = []

    async def before_enqueue(self, task: OutgoingTask) -> None:
        task.headers["tenant"] = f"of {task.id}"

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        self.seen.append((run.id, run.headers.get("tenant", ""), end.verdict))


async def test_batches_signatures_and_middleware_work_together(strict: Cleo, cleo: Cleo) -> None:
    noting = strict.use(_Noting())
    calls: list[list[int]] = []

    @strict.task(queue="q", batch=4, batch_wait=0.2, max_retries=0)
    async def work(contexts: list[TaskContext], rows: list[int]) -> list[int | Exception]:
        calls.append(sorted(rows))
        assert [context.headers["tenant"] for context in contexts] == [f"of {one.task_id}" for one in contexts]
        return [ValueError("odd") if row % 2 else row for row in rows]

    handles = await work.enqueue_many([(n,) for n in range(4)])
    forged = await cleo.queues.add("q", "work", {"rows": 99})
    async with strict.worker():
        assert await handles[0].result(timeout=30) == 0
        assert await handles[2].result(timeout=30) == 2
        for handle in (handles[1], handles[3], forged):
            await until(lambda: _is(strict, handle.id, TaskState.DEAD))  # noqa: B023
        assert calls == [[0, 1, 2, 3]]
        assert "no signature" in (await cleo.dead_letters.get("q", forged.id)).reason
        # A dead letter that is retried comes back with its headers and signature; so does one with other arguments.
        await cleo.dead_letters.retry("q", [handles[1].id])
        await strict.dead_letters.edit_and_retry("q", handles[3].id, {"rows": 8})
        assert await handles[3].result(timeout=30) == 8
        await until(lambda: len(calls) == 2)
        await until(lambda: _is(strict, handles[1].id, TaskState.DEAD))
    assert {(task_id, header) for task_id, header, _ in noting.seen} == {(one.id, f"of {one.id}") for one in handles}
    assert [end for task_id, _, end in noting.seen if task_id == handles[3].id] == [Verdict.DEAD, Verdict.COMPLETED]


async def test_the_tasks_of_a_schedule_pass_the_middleware_of_the_worker_without_headers(cleo: Cleo) -> None:
    noting = cleo.use(_Noting())
    _declare(cleo, [])
    await cleo.schedules.add("q", "s", "work", {"n": 3}, when=Every(HOUR))
    async with cleo.worker():
        handle = await cleo.schedules.run_now("q", "s")
        assert await handle.result(timeout=30) == 3
    assert noting.seen == [(handle.id, "", Verdict.COMPLETED)]
