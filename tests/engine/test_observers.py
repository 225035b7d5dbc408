"""Functions that are called when something happens."""

from __future__ import annotations

from cleo_core import Cleo, Event, ObserverEvent, Task, TaskState
from tests.waiting import until


def _echo(cleo: Cleo) -> Task[[int], object, int]:
    @cleo.task(queue="q", max_retries=0)
    async def echo(n: int) -> int:
        if n < 0:
            raise ValueError(n)
        return n

    return echo


async def test_an_observer_is_called_for_its_kind_alone(cleo: Cleo) -> None:
    completed: list[tuple[str, TaskState | None]] = []
    failed: list[Event] = []

    async def on_completed(task_id: str, state: TaskState | None, event: Event) -> None:
        completed.append((task_id, state))

    cleo.queues.on_task_event(ObserverEvent.TASK_COMPLETED, on_completed)
    cleo.queues.on_task_event(ObserverEvent.TASK_FAILED, lambda task_id, state, event: failed.append(event))
    await cleo.events.ready()
    echo = _echo(cleo)
    async with cleo.worker():
        good, bad = await echo.enqueue(1), await echo.enqueue(-1)
        await until(lambda: completed and failed)
    assert completed == [(good.id, TaskState.COMPLETED)]
    assert [event.task_id for event in failed] == [bad.id]


async def test_a_change_of_status_is_told_for_every_change(cleo: Cleo) -> None:
    states: list[TaskState | None] = []
    cleo.queues.on_task_event(ObserverEvent.STATUS_CHANGE, lambda task_id, state, event: states.append(state))
    await cleo.events.ready()
    echo = _echo(cleo)
    async with cleo.worker():
        await echo.enqueue(1)
        await until(lambda: TaskState.COMPLETED in states)
    assert states == [TaskState.WAITING, TaskState.ACTIVE, TaskState.COMPLETED]


async def test_an_observer_that_fails_does_not_stop_the_others(cleo: Cleo) -> None:
    called: list[str] = []

    def fail(task_id: str, state: TaskState | None, event: Event) -> None:
        raise RuntimeError("an observer's own fault")

    cleo.queues.on_task_event(ObserverEvent.TASK_ADDED, fail)
    cleo.queues.on_task_event(ObserverEvent.TASK_ADDED, lambda task_id, state, event: called.append(task_id))
    await cleo.events.ready()
    handles = [await _echo(cleo).enqueue(n) for n in range(2)]
    await until(lambda: len(called) == 2)
    assert called == [handle.id for handle in handles]


async def test_an_observer_that_was_taken_off_is_called_no_more(cleo: Cleo) -> None:
    first: list[str] = []
    second: list[str] = []

    def observe(task_id: str, state: TaskState | None, event: Event) -> None:
        first.append(task_id)

    cleo.queues.on_task_event(ObserverEvent.TASK_ADDED, observe)
    cleo.queues.on_task_event(ObserverEvent.TASK_ADDED, lambda task_id, state, event: second.append(task_id))
    await cleo.events.ready()
    echo = _echo(cleo)
    await echo.enqueue(1)
    await until(lambda: first and second)
    cleo.queues.off_task_event(ObserverEvent.TASK_ADDED, observe)
    await echo.enqueue(2)
    await until(lambda: len(second) == 2)
    assert len(first) == 1


async def test_pausing_is_a_change_of_the_queue(cleo: Cleo) -> None:
    changes: list[str] = []
    cleo.queues.on_task_event(ObserverEvent.QUEUE_CHANGE, lambda task_id, state, event: changes.append(event.detail))
    await cleo.events.ready()
    await cleo.queues.pause("q")
    await cleo.queues.resume("q")
    await until(lambda: len(changes) == 2)
    assert changes == ["paused", "resumed"]
