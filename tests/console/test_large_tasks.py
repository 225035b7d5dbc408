"""Tasks with very much in them: the console shows the beginning, and draws it once."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue
from textual.content import Content

from cleo_core import Cleo
from cleo_tui.screens import task_sections
from cleo_tui.widgets.json_view import MOST_CHARACTERS, MOST_LINES, json_text
from tests.console.driving import console
from tests.servers import Server
from tests.waiting import until


def test_a_long_text_is_cut_and_says_how_much_is_left() -> None:
    whole = json.dumps({"body": "x" * 900_000}, indent=2)
    shown, left = json_text({"body": "x" * 900_000}).plain.rsplit("\n", 1)
    assert shown == whole[:MOST_CHARACTERS]
    # What closes it stands on a line of its own.
    assert left == "… and 1 more line; y copies all of it"
    shown, left = json_text("x" * 900_000).plain.rsplit("\n", 1)
    assert left == f"… and {900_002 - MOST_CHARACTERS:,} more characters; y copies all of it"


def test_a_list_of_many_lines_is_cut_and_says_how_many_are_left() -> None:
    shown, left = json_text([*range(1_000)]).plain.rsplit("\n", 1)
    assert len(shown.split("\n")) == MOST_LINES
    assert left == f"… and {1_002 - MOST_LINES} more lines; y copies all of it"


def test_what_fits_is_shown_whole() -> None:
    value: JsonValue = {"text": 'a "quoted" one', "number": -1.5e3, "list": [True, None, {}]}
    assert json.loads(json_text(value).plain) == value


@pytest.mark.parametrize("cut", ['"', "\\", "\\x"])
def test_a_text_that_is_cut_inside_of_quotes_is_still_drawn_as_a_text(cut: str) -> None:
    content = json_text(["a" + cut * MOST_CHARACTERS])
    # One for the text, not one for each quote in it.
    assert len(content.spans) < 10


async def test_the_page_of_a_large_task_is_laid_out_once_and_not_with_every_frame(
    cleo: Cleo, server: Server, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cleo.queues.add("emails", "send", {"body": "x" * 900_000}, task_id="large")
    laid_out: list[JsonValue] = []

    def counted(value: JsonValue) -> Content:
        laid_out.append(value)
        return json_text(value)

    monkeypatch.setattr(task_sections, "json_text", counted)
    async with console(lambda: Cleo(server.url, namespace=namespace)) as shop:
        await shop.command("tasks waiting @emails")
        await shop.see("large")
        await shop.press("enter")
        await shop.see("Arguments", "xxxx", within=30)
        before, rounds = len(laid_out), shop.app.live.rounds
        await until(lambda: shop.app.live.rounds > rounds + 3)
        shop.app.draw_frame()
        assert len(laid_out) == before
        # Of a record that is another one, all is shown anew.
        await cleo.queues.cancel("emails", ["large"])
        await until(lambda: len(laid_out) > before)
