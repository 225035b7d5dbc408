"""Dead letters that are retried in stages, or with other arguments by way of an editor."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from cleo_core import Cleo
from cleo_core.models import RetryState, TaskState
from cleo_tui.app import CleoApp
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console, console
from tests.engine.dead_letters.burying import bury, claim, complete, fail, numbered
from tests.servers import Server
from tests.waiting import until

EDITOR = """
import pathlib, sys
steps = pathlib.Path({steps!r})
turn = len(list(steps.glob("seen-*")))
file = pathlib.Path(sys.argv[1])
(steps / f"seen-{{turn}}").write_text(file.read_text())
typed = steps / f"type-{{turn}}"
if not typed.exists():
    sys.exit(1)
file.write_text(typed.read_text())
"""


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    """A console on the one kind of ``mails``: twelve letters."""
    await bury(cleo, numbered("m", 12), queue="mails", name="send", arguments=b'{"to":"bob","copies":2}')
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("1 kind, 12 letters")
        yield running


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What the editor types, turn after turn; gives back what it was shown. The terminal is not really handed over."""
    script = tmp_path / "editor.py"
    script.write_text(EDITOR.format(steps=str(tmp_path)))
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    monkeypatch.setattr(CleoApp, "suspend", lambda _app: nullcontext())

    def type_(*texts: str) -> list[str]:
        for turn, text in enumerate(texts):
            (tmp_path / f"type-{turn}").write_text(text)
        return [seen.read_text() for seen in sorted(tmp_path.glob("seen-*"))]

    return type_


async def waiting(cleo: Cleo) -> int:
    return (await cleo.queues.stats("mails")).waiting


# --- in stages ---------------------------------------------------------------------------------------


async def test_numbers_that_can_not_be_are_refused_in_the_dialog(shop: Console, cleo: Cleo) -> None:
    await shop.press("T")
    await shop.see("Retry 12 dead letters of mails in stages", "letters a second", "50%")
    await shop.press("ctrl+u")
    await shop.type("few")
    await shop.press("enter")
    await shop.see("a whole number of letters")
    await shop.press("ctrl+u", "0", "enter")
    await shop.see("A staged retry begins with 1 to 1,000 letters")
    await shop.press("escape")
    await shop.see_no_more("in stages?")
    assert await waiting(cleo) == 0


async def test_a_few_go_first_and_the_others_follow_when_those_succeed(shop: Console, cleo: Cleo) -> None:
    await shop.press("T", "ctrl+u", "2", "tab", "ctrl+u", "1", "0", "0", "enter")
    await shop.see("Retry 12 dead letters of mails in stages?", "2 letters first", "100/s")
    await shop.press("y")
    await shop.see("mails · retries", "► runs", "2 of 12", "The first 2 are out", "This console carries it on.")
    await shop.pilot.resize_terminal(80, 24)
    await shop.see("1 Over 2 Queue", "The first 2 are out", "console carries it on.")
    assert await waiting(cleo) == 2
    await complete(cleo, await claim(cleo, 2, queue="mails"), queue="mails")
    await shop.press("escape", "1")
    await until(lambda: _waits(cleo, 10), what="it goes on while another screen is in front")
    await shop.press("6", "t")
    await shop.see("12 of 12")


async def _waits(cleo: Cleo, count: int) -> bool:
    return await waiting(cleo) == count


async def test_too_many_failures_stop_it_and_it_is_carried_on_by_hand(shop: Console, cleo: Cleo) -> None:
    await shop.press("T", "ctrl+u", "2", "enter", "y")
    await shop.see("2 of 12", "still to be tried 2")
    await fail(cleo, await claim(cleo, 2, queue="mails"), queue="mails")
    await shop.see("✗ failing", "It stopped by itself", "failed again 2", "failure rate 100%, stops at 50%")
    await shop.see("The retry of mails stopped by itself")
    await shop.press("R")
    await shop.see("Carry on the retry of mails?", "begins with a first few again")
    await shop.press("y")
    await shop.see("► runs", "4 of 12")
    assert await waiting(cleo) == 2


async def test_a_run_is_stopped_by_a_key(shop: Console, cleo: Cleo) -> None:
    await shop.press("T", "ctrl+u", "2", "enter", "y")
    await shop.see("► runs", "2 of 12")
    await shop.press("X")
    await shop.see("Stop the retry of mails?")
    await shop.press("y")
    await shop.see("The retry of mails is stopped.", "■ stopped", "R carry on")
    (run,) = await cleo.dead_letters.retries("mails")
    assert run.state is RetryState.STOPPED


async def test_a_console_that_ends_leaves_its_run_to_be_taken_up(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await bury(cleo, numbered("m", 12), queue="mails")
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("1 kind, 12 letters")
        await running.press("T", "ctrl+u", "2", "enter", "y")
        await running.see("► runs", "2 of 12")
    (run,) = await cleo.dead_letters.retries("mails")
    assert run.state is RetryState.RUNNING
    await complete(cleo, await claim(cleo, 2, queue="mails"), queue="mails")
    await asyncio.wait_for(_finish(cleo, run.id), 30)
    assert await waiting(cleo) == 10


async def _finish(cleo: Cleo, run: str) -> None:
    async for step in cleo.dead_letters.resume_retry("mails", run):
        if step.retried == step.total:
            return


# --- with other arguments ----------------------------------------------------------------------------


async def test_a_letter_is_retried_with_what_the_editor_left(
    shop: Console, cleo: Cleo, typed: Callable[..., list[str]]
) -> None:
    typed('{"to": "ada@example.com", "copies": 2}')
    await shop.press("enter")
    await shop.see("1 of 12")
    letter = (await cleo.dead_letters.list("mails")).items[0]
    await shop.press("E")
    await shop.see("Retry 1 task of mails with other arguments?", 'to: "bob" → "ada@example.com"')
    assert typed()[0].startswith('{\n  "to": "bob"')
    await shop.press("enter")
    assert await waiting(cleo) == 0, "the focus was on No"
    await shop.press("E")
    await shop.see("The editor ended with 1, so nothing was changed.")
    typed("", "", '{"to": "ada@example.com", "copies": 2}')
    await shop.press("E", "y")
    await shop.see("retried with other", "published", "of 11")
    record = await cleo.queues.get_task("mails", letter.id)
    assert (record.state, record.arguments) == (TaskState.WAITING, {"to": "ada@example.com", "copies": 2})


async def test_a_mistake_is_told_and_what_was_typed_is_kept(
    shop: Console, cleo: Cleo, typed: Callable[..., list[str]]
) -> None:
    typed('{"to": "ada",\n "copies" 2}', "[1]", '{"to": "ada", "copies": 3}')
    await shop.press("enter")
    await shop.see("1 of 12")
    await shop.press("E")
    await shop.see("Nothing was retried", "This is no JSON", "in line 2, column 11")
    await shop.press("enter")
    await shop.see("Arguments are given by name")
    assert typed()[1] == '{"to": "ada",\n "copies" 2}', "the editor began with what was typed before"
    await shop.press("enter")
    await shop.see("with other arguments?", "copies: 2 → 3")
    await shop.press("y")
    await shop.see("of 11")


async def test_arguments_that_the_task_does_not_take_are_refused_and_can_be_mended(
    shop: Console, cleo: Cleo, typed: Callable[..., list[str]]
) -> None:
    @cleo.task(name="send", queue="other")
    async def send(to: str, copies: int) -> None: ...  # pyright: ignore[reportUnusedFunction]

    typed('{"to": "ada", "copies": "many"}', '{"to": "ada", "copies": 4}')
    async with cleo.worker(queues=["other"], heartbeat=0.2):
        await until(lambda: _is_published(cleo))
        await shop.press("enter")
        await shop.see("1 of 12")
        await shop.press("E")
        await shop.see("with other arguments?")
        await shop.press("y")
        await shop.see("Nothing was retried", "The arguments don't fit the task 'send'")
        assert await waiting(cleo) == 0
        await shop.press("enter")
        await shop.see("copies: 2 → 4")
        await shop.press("y")
        await shop.see("of 11")
    assert await waiting(cleo) == 1


async def _is_published(cleo: Cleo) -> bool:
    return await cleo.workers.signature("send") is not None


async def test_arguments_that_were_not_changed_retry_nothing(
    shop: Console, cleo: Cleo, typed: Callable[..., list[str]]
) -> None:
    typed('{"copies": 2, "to": "bob"}')
    await shop.press("enter")
    await shop.see("1 of 12")
    await shop.press("E")
    await shop.see("The arguments are as they were, so nothing was done.")
    assert await waiting(cleo) == 0


async def test_the_page_of_a_dead_task_edits_too_and_an_editor_that_is_not_there_is_named(
    shop: Console, cleo: Cleo, typed: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    typed('{"to": "ada", "copies": 2}')
    await shop.press("enter")
    await shop.see("1 of 12")
    await shop.press("enter")
    await shop.see("It is in the dead letters", "E edit")
    await shop.press("E")
    await shop.see("with other arguments?")
    await shop.press("y")
    await shop.see("○ waiting")
    await shop.see_no_more("E edit")
    monkeypatch.setenv("EDITOR", "no-such-editor --wait")
    await shop.press("escape")
    await shop.see("of 11")
    await shop.press("E")
    await shop.see("The editor 'no-such-editor --wait' can't be used")


async def test_where_no_editor_can_run_that_is_said(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await bury(cleo, ["m0"], queue="mails")
    async with console(connect, settings=ConsoleSettings(refresh=0.3)) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("1 kind")
        await running.press("enter")
        await running.see("1 of 1")
        await running.press("E")
        await running.see("The console runs where no editor can")
