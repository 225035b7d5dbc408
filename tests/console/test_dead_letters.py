"""The dead letters on the console: the kinds of their errors, the letters of a kind, the trash, writing to a file."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from cleo_core import Backoff, Cleo
from cleo_tui.screens.letters import tries_of
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console, console
from tests.engine.dead_letters.burying import bury, numbered, tick
from tests.servers import Server
from tests.waiting import until

REFUSED = ("ConnectionError", "smtp.example:25 refused the connection")


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def shop(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncIterator[Console]:
    """A console on the kinds of ``mails``: three letters of one, one of another."""
    await bury(cleo, numbered("smtp-", 3), REFUSED, queue="mails", name="send", arguments=b'{"to":"ada@example.com"}')
    await bury(cleo, ["bad-1"], ("ValueError", "no address"), queue="mails", name="check", arguments=b'{"to":"bob"}')
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("mails · kinds of dead letters", "2 kinds, 4 letters", "1 of 2", "75%")
        yield running


async def counts(cleo: Cleo) -> tuple[int, int]:
    stats = await cleo.queues.stats("mails")
    return stats.dead, stats.waiting


async def test_without_dead_letters_there_is_nothing_to_do(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("mails", "send", {})
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("No dead letters", "A task that fails for good is kept here.")
        for key in "RDTUeEAl":
            await running.press(key)
            assert not running.app.screen.is_modal
        await running.command("dead @mails")
        screen = await running.see("No dead letters in mails")
        assert "R retry" not in screen
        assert "U undo" not in screen


async def test_the_letters_tell_how_often_each_was_tried(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    @cleo.task(queue="mails", max_retries=1, backoff=Backoff.fixed(0.0))
    async def send() -> None:
        raise ValueError("no address")

    await send.options(task_id="m0").enqueue()
    async with cleo.worker():
        await until(lambda: _dead(cleo))
    (letter,) = (await cleo.dead_letters.list("mails")).items
    assert tries_of(letter) == 2
    async with console(connect) as running:
        await running.press("6")
        await running.see("1 kind, 1 letter", "after 2 attempts")
        await running.press("enter")
        screen = await running.see("tries", "m0")
        (row,) = (line for line in screen.splitlines() if "m0" in line)
        assert " 2 " in row


async def _dead(cleo: Cleo) -> bool:
    return (await cleo.queues.stats("mails")).dead == 1


async def test_all_letters_of_a_kind_are_retried_after_a_yes(shop: Console, cleo: Cleo) -> None:
    await shop.press("R")
    await shop.see(
        "Retry 3 dead letters of mails?", "3  ConnectionError: smtp", "Now on the server: 3 dead letters of this kind"
    )
    await shop.press("enter")
    assert await counts(cleo) == (4, 0), "the focus was on No"
    await shop.press("R", "y")
    await shop.see("3 dead letters of mails retried.", "1 kind, 1 letter")
    assert await counts(cleo) == (1, 3)


async def test_a_kind_that_was_dealt_with_meanwhile_is_reported_as_it_was(shop: Console, cleo: Cleo) -> None:
    shop.app.live.refresh = 60
    await shop.press("R")
    await shop.see("Retry 3 dead letters of mails?")
    await cleo.dead_letters.retry("mails", ["smtp-0", "smtp-1"])
    await shop.press("y")
    await shop.see("1 dead letter of mails retried.")
    assert await counts(cleo) == (1, 3)


async def test_marked_kinds_are_discarded_as_one_and_come_back_by_one_key(shop: Console, cleo: Cleo) -> None:
    await shop.press("A", "D")
    await shop.see("Discard 4 dead letters of mails?", "kept in the trash for 10 minutes")
    await shop.press("y")
    await shop.see("4 dead letters of mails discarded.", "No dead letters in mails", "4 letters in the trash for")
    assert await counts(cleo) == (0, 0)
    assert len(await cleo.dead_letters.trash("mails")) == 1
    await shop.press("U")
    await shop.see("Bring back 4 dead letters of mails?", "4 letters, discarded")
    await shop.press("y")
    await shop.see("4 dead letters of mails brought back.", "2 kinds, 4 letters")
    await shop.see_no_more("in the trash")
    assert (await counts(cleo))[0] == 4


async def test_the_letters_of_all_kinds_that_are_meant_are_counted_on_the_server(shop: Console, cleo: Cleo) -> None:
    for number in range(6):
        await bury(cleo, [f"odd-{number}"], (f"Odd{chr(65 + number)}Error", "no"), queue="mails")
    await shop.see("8 kinds, 10 letters")
    shop.app.live.refresh = 60
    await shop.press("A", "R")
    await shop.see(
        "Retry 10 dead letters of mails?", "and 3 more", "Now on the server: 10 dead letters of these kinds."
    )


async def test_a_letter_that_died_after_the_look_is_not_discarded_with_its_kind(shop: Console, cleo: Cleo) -> None:
    shop.app.live.refresh = 60
    await shop.press("D")
    await shop.see("Discard 3 dead letters of mails?")
    await bury(cleo, ["late"], REFUSED, queue="mails", name="send")
    await shop.press("y")
    await shop.see("3 dead letters of mails discarded.")
    assert {letter.id for letter in (await cleo.dead_letters.list("mails")).items} == {"late", "bad-1"}


async def test_a_discard_is_chosen_from_the_trash(shop: Console, cleo: Cleo) -> None:
    await cleo.dead_letters.discard("mails", ["smtp-0", "smtp-1"])
    await tick(cleo)
    await cleo.dead_letters.discard("mails", ["bad-1"])
    await shop.press("u")
    await shop.see("mails · trash", "1 of 2")
    await shop.press("j", "U")
    await shop.see("Bring back 2 dead letters of mails?")
    await shop.press("y")
    await shop.see("2 dead letters of mails brought back.", "1 of 1")
    assert {letter.id for letter in (await cleo.dead_letters.list("mails")).items} == set(numbered("smtp-", 3))
    await cleo.dead_letters.undo("mails", (await cleo.dead_letters.trash("mails"))[0].id)
    await shop.see("The trash of mails is empty")


async def test_what_was_brought_back_by_another_is_reported(shop: Console, cleo: Cleo) -> None:
    discard = (await cleo.dead_letters.discard("mails", ["smtp-0"])).discard
    await shop.see("1 letter in the trash")
    await shop.press("U")
    await shop.see("Bring back 1 dead letter of mails?")
    await cleo.dead_letters.undo("mails", discard)
    await shop.press("y")
    await shop.see("1 dead letter could not be.", "There is no discard")


async def test_the_letters_of_a_kind_are_listed_marked_and_retried(shop: Console, cleo: Cleo) -> None:
    await shop.press("enter")
    screen = await shop.see("smtp-0", "smtp-2", "1 of 3")
    assert "bad-1" not in screen
    await shop.press("space", "space", "R")
    await shop.see("Retry 2 tasks of mails?")
    await shop.press("y")
    await shop.see("2 tasks of mails retried.", "1 of 1")
    assert await counts(cleo) == (2, 2)
    await shop.press("D", "y")
    await shop.see("No dead letter of this kind is left in mails", "U brings back")
    await shop.press("U", "y")
    await shop.see("1 dead letter of mails brought back.", "1 of 1")
    await shop.press("enter")
    await shop.see("It is in the dead letters", "smtp.example:25 refused")
    await shop.press("escape", "escape", "l")
    await shop.see("mails · all dead letters", "bad-1", "of 2")


async def test_the_latest_letter_of_the_kind_under_the_cursor_is_shown(shop: Console, cleo: Cleo) -> None:
    await shop.see("Latest of this kind", "send  smtp-", '"to": "ada@example.com"')
    await shop.press("j")
    await shop.see("check  bad-1", "ValueError: no address", '"to": "bob"')
    await bury(cleo, ["bad-2"], ("ValueError", "no address"), queue="mails", name="check", arguments=b'{"to":"eve"}')
    await shop.see("check  bad-2", '"to": "eve"')


async def test_letters_are_searched_by_their_arguments_on_the_server(shop: Console) -> None:
    await shop.press("l")
    await shop.see("all dead letters", "of 4")
    await shop.press("slash")
    await shop.type("bob")
    await shop.press("enter")
    screen = await shop.see("'bob': 1 of 4", "bad-1")
    assert "smtp-0" not in screen
    await shop.press("escape", "slash")
    await shop.type("nobody")
    await shop.press("enter")
    await shop.see("No letter has 'nobody' in it", "All 4 were looked at")
    await shop.press("escape", "slash")
    await shop.type("!send")
    await shop.press("enter")
    screen = await shop.see("filter '!send': 1 of the 4", "bad-1")
    assert "smtp-0" not in screen


@pytest.mark.parametrize("key", ["T", "e"])
async def test_letters_that_a_filter_hides_are_neither_retried_in_stages_nor_written(shop: Console, key: str) -> None:
    await shop.press("l")
    await shop.see("all dead letters", "of 4")
    await shop.press("slash")
    await shop.type("!send")
    await shop.press("enter")
    await shop.see("filter '!send': 1 of the 4")
    await shop.press(key)
    await shop.see("The server can't search for")
    assert not shop.app.screen.is_modal
    await shop.press("escape", key)
    await shop.see("4 dead letters of mails")
    assert shop.app.screen.is_modal


async def test_a_search_says_how_far_it_looked_and_goes_on_when_asked(
    cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.screens.letters.STRETCH", 20)
    await bury(cleo, ["wanted"], queue="mails")
    await bury(cleo, numbered("other-", 50), queue="mails")
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("6")
        await running.see("1 kind, 51 letters")
        await running.press("enter", "slash")
        await running.type("wanted")
        await running.press("enter")
        await running.see("No letter with 'wanted' in it yet", "The latest 20 of 51 were looked at.")
        await running.press("n")
        await running.see("The latest 40 of 51 were looked at.")
        await running.press("T")
        await running.see("Not all letters were searched yet")
        await running.press("n")
        await running.see("'wanted': 1 of 51", " wanted ")


async def test_letters_are_written_to_a_file_for_the_operator_alone(
    shop: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.jsonl").write_text("mine")
    await shop.press("e")
    await shop.see("Write 3 dead letters of mails to a file", "dead-mails-")
    await shop.press("ctrl+u")
    await shop.type("there.jsonl")
    await shop.press("enter")
    await shop.see("there.jsonl can't be made: File exists.")
    assert (tmp_path / "there.jsonl").read_text() == "mine"
    await shop.press("ctrl+u")
    await shop.type("~nosuch/out.jsonl")
    await shop.press("enter")
    await shop.see("~nosuch/out.jsonl can't be made")
    await shop.press("ctrl+u")
    await shop.type("out.jsonl")
    await shop.press("enter")
    await shop.see("3 dead letters of mails written to out.jsonl.")
    written = tmp_path / "out.jsonl"
    letters = [json.loads(line) for line in written.read_text().splitlines()]
    assert {letter["id"] for letter in letters} == set(numbered("smtp-", 3))
    assert letters[0]["arguments"] == {"to": "ada@example.com"}
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


async def test_read_only_hides_what_changes_and_leaves_looking(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await bury(cleo, numbered("smtp-", 3), REFUSED, queue="mails")
    async with console(connect, settings=ConsoleSettings(read_only=True, refresh=0.3)) as running:
        await running.press("6")
        screen = await running.see("1 kind, 3 letters", "e export")
        assert "R retry" not in screen
        await running.press("R", "D", "T", "U")
        await running.press("enter")
        await running.see("smtp-0", "1 of 3")
        await running.press("R", "D", "T", "U", "E")
        assert not running.app.screen.is_modal
        assert (await cleo.queues.stats("mails")).dead == 3
