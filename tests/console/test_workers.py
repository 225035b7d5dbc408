"""The workers on the console: their condition, what they run and ran, and telling them what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from cleo_core import Cleo
from cleo_core.errors import ServerUnavailable
from cleo_core.models import WorkerState
from cleo_tui.data.health import worker_alerts
from cleo_tui.screens.worker_columns import condition_of, explained
from cleo_tui.settings import ConsoleSettings
from tests.console.canned_workers import workers_at
from tests.console.driving import Console, console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def look(running: Console, *texts: str) -> str:
    """Go to the workers, once it is known that they may be told something."""
    await until(lambda: running.app.snapshot and running.app.snapshot.server)
    await running.press("5")
    return await running.see(*texts)


async def test_without_a_worker_the_screen_says_what_waits_and_how_to_start_one(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect) as running:
        await look(running, "No worker is alive", "1 task waits and nobody serves it.", "cleo worker MODULE:NAME")
        for key in "PNX":
            await running.press(key)
            assert not running.app.screen.is_modal


async def test_a_worker_is_paused_and_resumed_after_a_yes(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2), console(connect) as running:
        await look(running, "● running", "w1", "1 worker, 0 of")
        await running.press("P")
        await running.see("Pause w1?", "Now on the server: 1 running, 0 tasks running.", "What it runs goes on")
        await running.press("enter")
        assert (await cleo.workers.get("w1")).state is WorkerState.RUNNING
        await running.press("P")
        await running.see("Pause w1?")
        await running.press("y")
        await running.see("w1", "‖ paused")
        await running.press("P")
        await running.see("Resume w1?")
        await running.press("y")
        await running.see("● running")


async def test_a_worker_that_was_paused_a_moment_ago_can_be_resumed_though_the_screen_does_not_know_yet(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    seldom = ConsoleSettings(refresh=3_600)
    async with cleo.worker(queues=["emails"], worker_id="w1"), console(connect, settings=seldom) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.workers)
        await look(running, "● running", "w1")
        await running.press("enter")
        await running.see("w1 · running")
        await cleo.workers.pause("w1")

        async def paused() -> bool:
            return (await cleo.workers.get("w1")).state is WorkerState.PAUSED

        await until(paused)
        await running.press("P")
        await running.see("Resume w1?", "Now on the server: 1 paused")


async def test_what_ended_last_is_under_the_cursor_when_the_history_is_looked_at_first(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    @cleo.task(queue="emails")
    async def send() -> None: ...

    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2), console(connect) as running:
        await look(running, "w1")
        await running.press("enter")
        for number in range(3):
            await send.options(task_id=f"mail-{number}").enqueue()
            await running.see(f"history {number + 1}")
        await running.press("l")
        await running.see("✓ completed", "1 of 3")
        await running.press("question_mark")
        await running.see("l h → ←", "To the other list")


async def test_many_workers_are_told_at_once_and_those_that_ended_are_reported(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    async with console(connect) as running:
        async with (
            cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2),
            cleo.worker(queues=["emails"], worker_id="w2", heartbeat=0.2),
        ):
            await look(running, "w1", "w2")
            await running.press("A", "N")
            await running.see("Drain 2 workers?", "w1  emails", "w2  emails")
        # Both have ended while the question stood.
        await running.press("y")
        await running.see("2 workers could not be", "No worker 'w1' is alive")
        await running.press("escape")
        await running.see("No worker is alive")


async def test_why_a_plan_broke_off_is_told_with_what_it_did_before(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        console(connect) as running,
        cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2),
        cleo.worker(queues=["emails"], worker_id="w2", heartbeat=0.2),
        cleo.worker(queues=["emails"], worker_id="w3", heartbeat=0.2),
    ):
        workers = running.app.cleo.workers
        pause, asked = workers.pause, list[str]()

        async def lost(worker_id: str) -> bool:
            asked.append(worker_id)
            if len(asked) == 2:
                raise ServerUnavailable("here", "it went away.", "Start it.")
            return await pause(worker_id)

        monkeypatch.setattr(workers, "pause", lost)
        await look(running, "w1", "w2", "w3")
        await running.press("A", "P")
        await running.see("Pause 3 workers?")
        await running.press("y")
        await running.see("1 worker paused. Stopped before the other 2.", "✗ here: it went away. Start it.")
        await running.press("escape")
        assert len(asked) == 2
        assert (await cleo.workers.get(asked[0])).state is WorkerState.PAUSED


async def test_a_drained_worker_ends(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    worker = cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2)
    work = asyncio.create_task(worker.run())
    async with console(connect) as running:
        await look(running, "● running")
        await running.press("N", "y")
        await running.see("told to drain", "No worker is alive")
    await asyncio.wait_for(work, 30)


async def test_the_page_of_a_worker_shows_what_it_runs_and_what_ended(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    release = asyncio.Event()

    @cleo.task(queue="emails", max_retries=0)
    async def send(to: str) -> None:
        if to == "nobody":
            raise ValueError("no such address")
        await release.wait()

    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2), console(connect) as running:
        await look(running, "w1")
        await running.press("enter")
        await running.see("w1 · running", "It runs no task", "slots 0 of")
        await send.options(task_id="long").enqueue("ada")
        await send.options(task_id="bad").enqueue("nobody")
        await running.see("long", "running 1", "history 1")
        await running.press("l")
        await running.see("✗ failed", "bad", "ValueError: no")
        await running.press("enter")
        await running.see("Workers / w1 / send bad")
        await running.press("escape", "l")
        release.set()
        await running.see("It runs no task", "history 2")
    assert (await cleo.history.worker("w1"))[0].task_id == "long"


async def test_the_page_stays_when_its_worker_has_gone(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with console(connect) as running:
        async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2):
            await look(running, "w1")
            await running.press("enter")
            await running.see("w1 · running", "X stop")
        await running.see("state ✗ gone", "It has ended, or was not heard of for a minute.")
        await running.see_no_more("X stop")
        await running.press("escape")
        await running.see("No worker is alive")


async def test_workers_are_filtered_by_queue_and_sorted(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with (
        cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2),
        cleo.worker(queues=["images"], worker_id="w2", heartbeat=0.2),
        console(connect) as running,
    ):
        await look(running, "w1", "w2", "2 workers")
        await running.command("workers @images")
        await running.see("filter 'images': 1 of 2")
        await running.see_no_more(" w1 ")
        await running.press("escape", "s")
        await running.see("worker↑", "w1")
        await running.press("S")
        screen = await running.see("worker↓")
        assert screen.index(" w2 ") < screen.index(" w1 ")


async def test_read_only_tells_workers_nothing(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    async with (
        cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2),
        console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as running,
    ):
        screen = await look(running, "w1", "read-only")
        assert "P pause" not in screen
        await running.press("P", "N", "X")
        assert not running.app.screen.is_modal
        assert (await cleo.workers.get("w1")).state is WorkerState.RUNNING


def test_a_worker_that_is_blocked_is_told_apart_from_a_dead_one() -> None:
    now = 1_000.0
    conditions = {worker.id[7]: (condition_of(worker, now), explained(worker, now)) for worker in workers_at(now)}
    assert [conditions[number][0] for number in "123456"] == [
        "running", "running", "paused", "blocked", "silent", "draining",
    ]  # fmt: skip
    assert conditions["1"][1] == ""
    assert "has not answered for 12 s" in conditions["4"][1] or "has not answered for 13 s" in conditions["4"][1]
    assert "heartbeat is 21 s old" in conditions["5"][1]
    assert conditions["6"][1].startswith("It outgrew its memory. It claims nothing more and ends")


@pytest.mark.parametrize(("age", "silent"), [(13.0, False), (16.0, True)])
def test_a_worker_is_silent_in_the_alerts_when_it_is_on_its_screen(age: float, silent: bool) -> None:
    now = 1_000.0
    worker = workers_at(now)[0].model_copy(update={"beat_at": now - age})
    assert (condition_of(worker, now) == "silent", bool(worker_alerts((worker,), now))) == (silent, silent)
