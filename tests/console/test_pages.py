"""The window onto a list of any length: what it asks for, and how the cursor holds on to its row."""

from __future__ import annotations

import asyncio

from cleo_tui.data.pages import WINDOW, Cursor, Listing, Page, Paged
from tests.waiting import until


class Source:
    """A list of numbers, told by their text."""

    def __init__(self, total: int, *, listed: int | None = None) -> None:
        self.rows = [str(number) for number in range(total)]
        self.listed = total if listed is None else listed
        self.asked: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, *, offset: int, limit: int, around: str | None) -> Page[str]:
        if around is not None and around in self.rows:
            offset = max(0, self.rows.index(around) - limit // 2)
        self.asked.append(offset)
        await self.gate.wait()
        return Page(offset, len(self.rows), self.rows[offset : min(offset + limit, self.listed)], 0.0)


def paged(source: Source) -> Paged[str]:
    return Paged(source, lambda row: row, lambda: None, lambda error: None)


async def test_a_list_of_a_million_is_read_a_window_at_a_time() -> None:
    source = Source(1_000_000)
    rows = paged(source)
    rows.look(0, 40)
    await rows.settled()
    assert (rows.total, len(rows.loaded()), rows.at(0), rows.at(500_000)) == (1_000_000, WINDOW, "0", None)
    rows.look(999_960, 999_999)
    await rows.settled()
    assert rows.at(999_999) == "999999"
    assert len(source.asked) == 2


async def test_what_is_loaded_already_is_not_asked_for_again() -> None:
    source = Source(1_000)
    rows = paged(source)
    rows.look(0, 40)
    await rows.settled()
    for first in range(0, WINDOW - 40, 10):
        rows.look(first, first + 40)
    assert len(source.asked) == 1


async def test_a_newer_request_cancels_the_one_before() -> None:
    source = Source(10_000)
    rows = paged(source)
    rows.look(0, 40)
    await rows.settled()
    source.gate.clear()
    rows.look(2_000, 2_040)
    await until(lambda: len(source.asked) == 2)
    rows.look(9_000, 9_040)
    await until(lambda: len(source.asked) == 3)
    source.gate.set()
    await rows.settled()
    assert rows.at(9_000) == "9000"
    assert rows.at(2_000) is None


class Drawn:
    """Looks at the same lines of a list each time that it has changed, as a table does."""

    def __init__(self, source: Source) -> None:
        self.sight = (0, 39)
        self.rows = Paged(source, lambda row: row, lambda: self.rows.look(*self.sight), lambda error: None)

    async def show(self, first: int, last: int) -> None:
        self.sight = (first, last)
        self.rows.look(first, last)
        # A request that is made when one was answered begins in that very step.
        for _ in range(5):
            await self.rows.settled()


async def test_a_list_that_shows_fewer_rows_than_it_counts_is_asked_once_for_the_rest() -> None:
    source = Source(5_000, listed=1_000)
    drawn = Drawn(source)
    await drawn.show(0, 39)
    await drawn.show(4_960, 4_999)
    await drawn.show(4_950, 4_989)
    assert len(source.asked) == 2
    drawn.rows.refresh(None, 4_950)
    await drawn.show(4_950, 4_989)
    assert len(source.asked) == 3, "a refresh asks again"
    drawn.rows.renew("7")
    await drawn.show(0, 39)
    assert (drawn.rows.at(7), len(source.asked)) == ("7", 4)


async def test_a_screen_taller_than_the_window_is_content_with_a_window() -> None:
    source = Source(5_000)
    drawn = Drawn(source)
    await drawn.show(0, WINDOW + 20)
    await drawn.show(100, WINDOW + 120)
    assert (drawn.rows.at(100), drawn.rows.at(WINDOW + 99)) == ("100", str(WINDOW + 99))
    assert len(source.asked) == 2


async def test_the_cursor_stays_with_its_row_while_the_list_moves() -> None:
    source = Source(1_000)
    rows = paged(source)
    rows.look(0, 40)
    await rows.settled()
    cursor = Cursor()
    cursor.move(10, rows)
    source.rows = ["new 1", "new 2", *source.rows]
    rows.refresh(cursor.key, 0)
    await rows.settled()
    assert cursor.follow(rows) == 2
    assert (cursor.index, cursor.key) == (12, "10")


async def test_a_cursor_whose_row_is_gone_stays_at_its_place() -> None:
    rows = Listing[str](lambda row: row, ["a", "b", "c"])
    cursor = Cursor()
    cursor.move(1, rows)
    rows.replace(["a", "c"])
    assert cursor.follow(rows) == 0
    assert (cursor.index, cursor.key) == (1, "c")


async def test_a_jump_takes_hold_of_the_row_once_it_is_loaded() -> None:
    source = Source(50_000)
    rows = paged(source)
    rows.look(0, 40)
    await rows.settled()
    cursor = Cursor()
    cursor.move(49_999, rows)
    assert cursor.key is None
    rows.look(49_960, 49_999)
    await rows.settled()
    cursor.follow(rows)
    assert cursor.key == "49999"


async def test_a_request_that_fails_leaves_what_was_loaded() -> None:
    source = Source(1_000)
    errors: list[Exception] = []
    rows = Paged(source, lambda row: row, lambda: None, errors.append)
    rows.look(0, 40)
    await rows.settled()

    async def fail(*, offset: int, limit: int, around: str | None) -> Page[str]:
        raise OSError("gone")

    rows._source = fail  # pyright: ignore[reportPrivateUsage]
    rows.refresh(None, 0)
    await rows.settled()
    assert [str(error) for error in errors] == ["gone"]
    assert rows.at(0) == "0"
