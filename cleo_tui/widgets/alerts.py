"""What wants looking at, one line each, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from cleo_tui import say
from cleo_tui.data.health import Alert
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.looks import HEALTHS


class Alerts(Static):
    """The alerts; what finds no room is counted in the last line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._alerts: Sequence[Alert] = ()

    def tell(self, alerts: Sequence[Alert]) -> None:
        """Show these alerts."""
        if alerts != self._alerts or not self.border_title:
            self._alerts = alerts
            self.border_title = inked(f"Alerts  {len(alerts)}" if alerts else "Alerts", Role.STRONG).markup
            self.set_class(bool(alerts), "-some")
            self.refresh(layout=True)

    def render(self) -> Content:
        """The lines."""
        if not self._alerts:
            return inked("● Nothing wants looking at.", Role.GOOD)
        room = max(1, self.size.height or len(self._alerts))
        shown = self._alerts if len(self._alerts) <= room else self._alerts[: room - 1]
        lines = [_line(alert).truncate(self.size.width, ellipsis=True) for alert in shown]
        if len(shown) < len(self._alerts):
            rest = len(self._alerts) - len(shown)
            lines.append(inked(f"  and {say.plural(rest, 'more alert', 'more alerts')}: see Queues", Role.MUTED))
        return Content("\n").join(lines)


def _line(alert: Alert) -> Content:
    look = HEALTHS[alert.health]
    return Content.assemble(
        inked(f"{look.glyph} {alert.health.word} ", look.role),
        inked(f"{alert.subject}", Role.STRONG),
        inked(f"  {alert.text}", Role.MUTED),
    )
