"""The stuck tasks on the console: why they look stuck, and taking them back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest

from cleo_core import Cleo
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console, console
from tests.engine.dead_letters.burying import claim, numbered, store
from tests.ghosts import claim_and_die
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def look(running: Console, *texts: str) -> str:
    """Go to the stuck tasks, once it is known that something may be done about them."""
    await until(lambda: running.app.snapshot and running.app.snapshot.server)
    await running.press("7")
    return await running.see(*texts)


async def silence(cleo: Cleo, queue: str, *ids: str) -> None:
    """Have tasks claimed by a worker that is never heard of, half a minute ago."""
    await store(cleo, ids, queue=queue)
    await claim_and_die(cleo, queue, len(ids), lease=600)
    for task_id in ids:
        key = keys_of(cleo, queue).task(task_id)
        at = int(await ask(cleo, "HGET", key, "at"))
        await ask(cleo, "HSET", key, "ready", str(at - 30_000))


async def test_where_nothing_runs_nothing_is_stuck(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {})
    async with console(connect) as running:
        screen = await look(running, "Nothing is stuck", "Nothing runs.")
        assert "R recover" not in screen
        await running.press("R", "A", "enter", "y", "c")
        assert not running.app.screen.is_modal


async def test_what_runs_as_it_should_is_not_listed(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await store(cleo, ["fine"], queue="emails")
    await claim(cleo, 1, queue="emails")
    async with console(connect) as running:
        screen = await look(running, "Nothing is stuck", "No lease ran out", "0 of 1 running task")
        assert "fine" not in screen


async def test_a_task_whose_lease_ran_out_is_told_with_its_reason(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await store(cleo, ["lost"], queue="emails", name="send", group="acme")
    await claim_and_die(cleo, "emails", lease=0.001)
    async with console(connect) as running:
        await look(
            running,
            "✗ lease ran out",
            "send  lost   emails · group acme · attempt 1",
            "the next sweep of any worker of its queue",
        )
        await running.press("enter")
        await running.see("Stuck / send lost")


async def test_a_long_lease_is_not_cut_off_in_a_narrow_terminal(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await silence(cleo, "emails", "a")
    async with console(connect, size=(80, 24)) as running:
        await look(running, "? worker silent")
        await until(lambda: re.search(r"worker silent .* 9 min \d+ s  ", running.text()))


async def test_one_is_recovered_after_a_yes(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await silence(cleo, "emails", "a", "b")
    async with console(connect) as running:
        await look(running, "? worker silent", "2 of 2 running tasks")
        await running.press("R")
        await running.see("Recover 1 task of emails?", "work  a", "Now on the server: 1 active.")
        await running.press("enter")
        assert (await cleo.queues.stats("emails")).active == 2, "the focus was on No"
        await running.press("R", "y")
        await running.see("1 task of emails recovered.", "1 of 1 running task")
        stats = await cleo.queues.stats("emails")
        assert (stats.active, stats.waiting) == (1, 1)


async def test_all_of_several_queues_are_recovered_and_what_was_lost_is_charged(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await silence(cleo, "emails", *numbered("a", 3))
    await store(cleo, ["lost"], queue="images")
    await claim_and_die(cleo, "images", lease=0.001)
    async with console(connect) as running:
        await look(running, "all 4", "emails 3", "images 1")
        await running.press("A", "R")
        await running.see("Recover 4 tasks?")
        await running.press("y")
        await running.see("4 tasks recovered. 1 of them charged with a loss.", "Nothing is stuck")
    assert (await cleo.queues.stats("emails")).waiting == 3
    assert (await cleo.queues.stats("images")).waiting == 1


async def test_a_task_that_runs_under_another_lease_by_now_is_left_alone(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await silence(cleo, "emails", "a")
    async with console(connect, settings=ConsoleSettings(refresh=60)) as running:
        await look(running, "? worker silent")
        await running.press("R")
        await running.see("Recover 1 task of emails?")
        await cleo.workers.recover_stuck("emails", ["a"])
        await claim(cleo, 1, queue="emails")
        await running.press("y")
        await running.see("1 task could not be.", "runs under another lease")
    assert (await cleo.queues.stats("emails")).active == 1


async def test_a_living_worker_that_holds_the_task_is_warned_of(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    release = asyncio.Event()

    @cleo.task(queue="emails", timeout=600)
    async def wait() -> None:
        await release.wait()

    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2):
        handle = await wait.enqueue()
        await until(lambda: _is_active(cleo))
        key = keys_of(cleo, "emails").task(handle.id)
        await ask(cleo, "HSET", key, "head", '{"v":1,"timeout":0.05}')
        async with console(connect) as running:
            await look(running, "◷ past timeout", "its timeout is 0.05 s")
            await running.press("R")
            await running.see("! It is held by a worker that lives")
            await running.press("n")
        release.set()


async def _is_active(cleo: Cleo) -> bool:
    return (await cleo.queues.stats("emails")).active == 1


async def test_stuck_tasks_are_filtered_and_looked_at_by_queue(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await silence(cleo, "emails", "mail-1")
    await silence(cleo, "images", "picture-1")
    async with console(connect, size=(200, 40)) as running:
        await look(running, "mail-1", "picture-1")
        await running.command("stuck @images")
        await running.see("images · stuck tasks", "picture-1")
        await running.see_no_more("mail-1")
        await running.press("left_square_bracket")
        await running.see("emails · stuck tasks", "mail-1")
        await running.press("slash")
        await running.type("nothing like it")
        await running.press("enter")
        await running.see("No stuck task matches 'nothing like it'")
        await running.press("escape")
        await running.command("stuck @nowhere")
        await running.see("There is no queue 'nowhere'")


async def test_read_only_recovers_nothing(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await silence(cleo, "emails", "a")
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as running:
        screen = await look(running, "? worker silent")
        assert "R recover" not in screen
        await running.press("R")
        assert not running.app.screen.is_modal
        assert (await cleo.queues.stats("emails")).active == 1
