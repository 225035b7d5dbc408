"""What changes is drawn as Textual would draw it, when it does, and nothing else is."""

from __future__ import annotations

import re

import pytest
from textual._compositor import ChopsUpdate, Compositor
from textual._context import active_app
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from cleo_core import Cleo
from cleo_tui.settings import ConsoleSettings
from cleo_tui.touching import TouchedOnly
from cleo_tui.widgets.table import LazyTable
from cleo_tui.widgets.tiles import Tiles
from tests.console.canned import CannedCleo, clock
from tests.console.driving import console
from tests.servers import Server
from tests.waiting import until

_IDLE_MOVES = re.compile(r"\x1b\[\d+;\d+H(?=\x1b\[\d+;\d+H|\n|$)")


class Compared:
    """What was written by the compositor under test, and what Textual's own would have written instead."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.updates = 0
        self.different: list[tuple[str, str]] = []
        self._ours = TouchedOnly.render_partial_update

        def both(compositor: TouchedOnly) -> ChopsUpdate | None:
            return self._both(compositor)

        monkeypatch.setattr(TouchedOnly, "render_partial_update", both)

    def _both(self, compositor: TouchedOnly) -> ChopsUpdate | None:
        dirty: set[Region] = compositor._dirty_regions  # pyright: ignore[reportPrivateUsage]
        again = set(dirty)
        ours = self._ours(compositor)
        dirty.update(again)
        theirs = Compositor.render_partial_update(compositor)
        if ours is not None and theirs is not None:
            self.updates += 1
            written, expected = _written(ours), _written(theirs)
            if written != expected:
                self.different.append((written, expected))
        assert (ours is None) == (theirs is None)
        return ours


def _written(update: ChopsUpdate) -> str:
    """What goes to the terminal, without moves of its cursor that nothing follows."""
    return _IDLE_MOVES.sub("", update.render_segments(active_app.get().console))


async def test_what_is_written_is_what_textual_would_write(
    cleo: Cleo, server: Server, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = Compared(monkeypatch)
    for number in range(60):
        await cleo.queues.add("emails" if number % 3 else "images", "send", {"number": number})
    async with console(lambda: Cleo(server.url, namespace=namespace), size=(100, 30)) as shop:
        await shop.see("emails", "connected")
        await shop.listens(cleo)
        for number in range(5):
            seen = compared.updates
            await cleo.queues.add("emails", "send", {"number": number})
            await until(lambda seen=seen: compared.updates > seen)
        for keys in ("jjkG", "!", "?", ":", "/", "v", "2jj", "3jjj", "y", "4", "5", "7", "8", "9", "0jj"):
            await shop.press(*keys)
            await shop.press("escape")
        await shop.pilot.resize_terminal(70, 20)
        await shop.press("1", "j", "k")
    assert compared.different == []
    assert compared.updates > 20


async def test_a_widget_is_asked_for_the_lines_that_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Region]] = []
    render_lines = Widget.render_lines

    def noted(widget: Widget, crop: Region) -> list[Strip]:
        asked.append((type(widget).__name__, crop))
        return render_lines(widget, crop)

    monkeypatch.setattr(Widget, "render_lines", noted)
    async with console(CannedCleo, size=(100, 30), clock=clock) as shop:
        await shop.see("webhooks", "connected")
        await shop.pilot.pause(0.2)
        tiles, table = shop.app.screen.query_one(Tiles), shop.app.screen.query_one(LazyTable)
        asked.clear()
        tiles.refresh()
        table.refresh(Region(0, 2, table.size.width, 1))
        await until(lambda: any(name == "LazyTable" for name, _ in asked))
        await shop.pilot.pause(0.2)
    assert {crop.height for name, crop in asked if name == "LazyTable"} == {1}
    assert not [name for name, _ in asked if name in {"Chart", "KeyBar", "TopBar"}]


async def test_an_alert_tells_how_long_it_holds_though_nothing_else_is_new() -> None:
    later = 0.0
    async with console(CannedCleo, clock=lambda: clock() + later, settings=ConsoleSettings(refresh=60)) as shop:
        await shop.see("growing billing 35 s")
        later = 10.0
        await shop.see("growing billing 45 s")
