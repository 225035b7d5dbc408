"""What wants looking at, one line each, the worst first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region, Size
from textual.widgets import Static

from cleo_tui import say
from cleo_tui.data.health import Alert
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.looks import HEALTHS


class Alerts(Static):
    """The alerts; what finds no room is counted in the last line."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._alerts: Sequence[Alert] = ()
        self._ages: Sequence[str] = ()
        self._now = 0.0

    def tell(self, alerts: Sequence[Alert], now: float) -> None:
        """Show these alerts, as of ``now`` of the server's clock."""
        before = list(zip(self._alerts, self._ages, strict=True))
        self._now, self._alerts, self._ages = now, alerts, [age_of(alert, now) for alert in alerts]
        if len(alerts) != len(before) or not self.border_title:
            tell_edges(self, inked(f"Alerts  {len(alerts)}" if alerts else "Alerts", Role.STRONG))
            self.set_class(bool(alerts), "-some")
            self.refresh(layout=True)
            return
        new = zip(alerts, self._ages, strict=True)
        changed = [place for place, (was, said) in enumerate(zip(before, new, strict=True)) if was != said]
        if changed:
            each = self._lines_each
            self.refresh(*(Region(0, place * each, self.size.width, each) for place in changed))

    @property
    def _lines_each(self) -> int:
        """Beside the queues there is little width but height; below them it is the other way round."""
        return 2 if self.screen.has_class("-wide") else 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line or two for each alert."""
        return max(1, len(self._alerts) * self._lines_each)

    def render(self) -> Content:
        """The lines."""
        if not self._alerts:
            return inked("● Nothing wants looking at.", Role.GOOD)
        room = max(1, self.size.height // self._lines_each)
        shown = self._alerts if len(self._alerts) <= room else self._alerts[: room - 1]
        separator = "\n  " if self._lines_each == 2 else "  "
        lines = [_cut(line_of(alert, self._now, separator), self.size.width) for alert in shown]
        if len(shown) < len(self._alerts):
            rest = len(self._alerts) - len(shown)
            lines.append(inked(f"  and {say.plural(rest, 'more alert', 'more alerts')}: press !", Role.MUTED))
        return Content("\n").join(lines)


def _cut(content: Content, width: int) -> Content:
    return Content("\n").join([line.truncate(width, ellipsis=True) for line in content.split("\n", allow_blank=True)])


def age_of(alert: Alert, now: float) -> str:
    """For how long it holds, as people say it; nothing if that is not known."""
    return "" if alert.since is None else say.age(max(0.0, now - alert.since))


def line_of(alert: Alert, now: float, separator: str = "  ") -> Content:
    """An alert in a line: how bad, where, for how long, and what."""
    look = HEALTHS[alert.health]
    age = age_of(alert, now)
    return Content.assemble(
        inked(f"{look.glyph} {alert.said} ", look.role),
        inked(alert.subject, Role.STRONG),
        inked(f" {age}" if age else "", Role.PLAIN),
        inked(f"{separator}{alert.text}", Role.MUTED),
    )
