"""What is on screen before anything is known. It imports nothing of the engine, so that it is there at once."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from cleo_tui.widgets.keybar import KeyBar
from cleo_tui.widgets.statecard import Absence, Card, StateCard
from cleo_tui.widgets.topbar import TopBar


class OpeningScreen(Screen[None]):
    """The first frame."""

    def compose(self) -> ComposeResult:
        """The frame that all screens have, and one word."""
        yield TopBar()
        with Vertical(id="body"):
            yield StateCard(Card(Absence.CONNECTING, "Connecting"))
        yield KeyBar()
