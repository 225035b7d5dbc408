"""Everything that wants looking at, whole: the dialog behind the count in the top bar."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from cleo_tui import say
from cleo_tui.data.health import Alert
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.telling import TellingScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.alerts import line_of

MOST = 200


class AlertsScreen(TellingScreen):
    """The alerts at the moment when it was opened, the worst first."""

    BINDINGS: ClassVar[list[BindingType]] = [("exclamation_mark", "dismiss", "Close")]

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self._alerts, self._now, self._known = snapshot.alerts, snapshot.now, snapshot.has_data

    @property
    def heading(self) -> str:
        """How many they are."""
        return f"Alerts  {say.count(len(self._alerts))}" if self._known else "Alerts"

    def told(self) -> ComposeResult:
        """One below the other."""
        if not self._known:
            yield Static(inked("Nothing is known yet: the server has not answered.", Role.MUTED))
        elif not self._alerts:
            yield Static(inked("● Nothing wants looking at.", Role.GOOD))
        for alert in self._alerts[:MOST]:
            yield Static(self._lines_of(alert))
        if len(self._alerts) > MOST:
            yield Static(inked(f"and {say.count(len(self._alerts) - MOST)} more", Role.MUTED))

    def _lines_of(self, alert: Alert) -> Content:
        since = f"\n  since {say.moment(alert.since)}" if alert.since is not None else ""
        return Content.assemble(line_of(alert, self._now), inked(since, Role.MUTED))
