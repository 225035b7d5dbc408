"""Which of the waiting tasks goes next."""

from __future__ import annotations

from collections.abc import Callable

from cleo_core import Backoff, Cleo, Task, TaskContext, TaskPriority
from tests.waiting import until


def _recorder(cleo: Cleo, ran: list[str]) -> Task[[str], None, None]:
    @cleo.task(queue="q")
    def note(name: str) -> None:
        ran.append(name)

    return note


async def _drain(cleo: Cleo, done: Callable[[], bool]) -> None:
    async with cleo.worker(concurrency=1, prefetch=0):
        await until(done)


async def test_the_four_priorities_go_from_critical_to_low(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    for priority in (TaskPriority.NORMAL, TaskPriority.LOW, TaskPriority.CRITICAL, TaskPriority.HIGH):
        await note.options(priority=priority).enqueue(priority.name)
    await _drain(cleo, lambda: len(ran) == 4)
    assert ran == ["CRITICAL", "HIGH", "NORMAL", "LOW"]


async def test_within_a_priority_the_first_in_is_the_first_out(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    for n in range(10):
        await note.options(priority=TaskPriority.HIGH if n % 2 else TaskPriority.LOW).enqueue(str(n))
    await note.options(priority=TaskPriority.HIGH).enqueue_many([(str(n),) for n in range(10, 15)])
    await _drain(cleo, lambda: len(ran) == 15)
    assert ran == ["1", "3", "5", "7", "9", "10", "11", "12", "13", "14", "0", "2", "4", "6", "8"]


async def test_a_task_declared_with_a_priority_has_it_without_saying_so(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)

    @cleo.task(queue="q", priority=TaskPriority.CRITICAL)
    async def alarm() -> None:
        ran.append("alarm")

    await note.enqueue("plain")
    await alarm.enqueue()
    await _drain(cleo, lambda: len(ran) == 2)
    assert ran == ["alarm", "plain"]


async def test_groups_take_turns_by_default(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    for group in ("a", "b", "c"):
        await note.options(group=group).enqueue_many([(group,)] * (6 if group == "a" else 2))
    await _drain(cleo, lambda: len(ran) == 10)
    assert all(set(ran[i : i + 3]) == {"a", "b", "c"} for i in (0, 3))
    assert ran[6:] == ["a"] * 4


async def test_a_group_that_was_idle_has_saved_up_no_turns(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await note.options(group="busy").enqueue_many([("busy",)] * 20)
    await _drain(cleo, lambda: len(ran) >= 10)
    before = len(ran)
    await note.options(group="busy").enqueue_many([("busy",)] * 10)
    await note.options(group="idle").enqueue_many([("idle",)] * 5)
    await _drain(cleo, lambda: len(ran) == 35)
    assert ran[before : before + 10].count("idle") == 5


async def test_a_retried_task_goes_behind_those_that_wait(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)

    @cleo.task(queue="q", backoff=Backoff.fixed(0), max_retries=1)
    async def fail_once(ctx: TaskContext) -> None:
        ran.append(f"attempt {ctx.attempt}")
        if ctx.attempt == 1:
            raise ValueError

    await fail_once.enqueue()
    await note.enqueue_many([("x",), ("y",)])
    await _drain(cleo, lambda: len(ran) == 4)
    assert ran == ["attempt 1", "x", "y", "attempt 2"]
