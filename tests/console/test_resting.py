"""What the console sees to once it has started."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Iterator

import psutil
import pytest
from textual._styles_cache import StylesCache

from cleo_tui import resting
from tests.console.canned import CannedCleo, clock
from tests.console.driving import console
from tests.waiting import until


class Knot:
    """Refers to itself, so that only the collector can let go of it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


async def test_what_stays_is_out_of_the_collectors_sight_and_what_was_left_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resting, "REST", 0.0)
    resting.begin()
    left = weakref.ref(Knot())
    assert not gc.isenabled()
    assert left() is not None
    await resting.settle()
    assert gc.isenabled()
    assert left() is None
    assert gc.get_freeze_count() > len(gc.get_objects())
    assert "plotext" in sys.modules


async def test_the_server_that_was_looked_at_before_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "REST", 0.0)
    before = Knot()
    left = weakref.ref(before)
    await resting.settle()
    del before
    assert left() is not None, "it was frozen"
    await resting.settle()
    assert left() is None


def _drawn() -> int:
    gc.unfreeze()
    gc.collect()
    return sum(isinstance(each, StylesCache) for each in gc.get_objects())


async def test_nothing_is_kept_of_a_screen_that_was_left() -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.see("connected")
        before = 0
        for time in range(3):
            await shop.press("question_mark")
            await shop.see("esc closes")
            await shop.press("escape")
            await shop.see_no_more("esc closes")
            before = before or _drawn()
            assert _drawn() <= before, f"after {time + 1} times"


async def test_memory_that_nobody_uses_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "REST", 0.0)
    monkeypatch.setattr(resting, "GIVE_BACK", 0.01)
    resting.begin()
    # Every other piece stays, so that none of the others is at the end of the heap.
    pieces = [b"x" * 50_000 for _ in range(1_000)]
    before = psutil.Process().memory_info().rss
    del pieces[::2]
    see = asyncio.create_task(resting.rest())
    try:
        await until(lambda: psutil.Process().memory_info().rss < before - 10_000_000)
    finally:
        see.cancel()
    assert len(pieces) == 500
