"""The two lines on top: where one is and how the console stands with its server; then the screens and their keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from cleo_tui import say
from cleo_tui.data.link import Link, LinkState
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.lines import spread

BRAND = "◆ cleo"
LOOKS = {
    LinkState.CONNECTING: ("◌", Role.MUTED),
    LinkState.CONNECTED: ("●", Role.GOOD),
    LinkState.STALE: ("◐", Role.WARN),
    LinkState.DISCONNECTED: ("✗", Role.BAD),
    LinkState.DENIED: ("⊘", Role.BAD),
}


class Tab(NamedTuple):
    """A screen as the bar names it."""

    key: str
    name: str
    title: str
    short: str


class AlertCount(NamedTuple):
    """How many alerts there are, and how the worst of them looks."""

    number: int
    glyph: str
    role: Role


class _Told(NamedTuple):
    """What the first line says."""

    crumbs: tuple[str, ...]
    state: LinkState
    place: str
    since: str
    read_only: bool
    profile: str
    production: bool
    alerts: AlertCount | None


class TopBar(Widget):
    """Where one is (``crumbs``), and the link."""

    class Chosen(Message):
        """A screen was clicked on."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.screen_name = name

    def __init__(self) -> None:
        super().__init__()
        self._told: _Told | None = None
        self._tabs: Sequence[Tab] = ()
        self._active = ""
        self._spans: list[tuple[int, int, str]] = []

    def tell(
        self,
        *,
        crumbs: Sequence[str],
        link: Link,
        since: str,
        read_only: str,
        profile: str = "",
        production: bool = False,
        alerts: AlertCount | None = None,
    ) -> None:
        """Say where one is and how the link is; ``since`` is the age of the last data."""
        told = _Told(
            tuple(crumbs),
            link.state,
            f"{link.address}/{link.namespace}",
            "" if link.state.is_live else since,
            bool(read_only),
            profile,
            production,
            alerts,
        )
        if told != self._told:
            self._told = told
            self.set_class(production, "-production")
            self.refresh()

    def offer(self, tabs: Sequence[Tab], active: str) -> None:
        """Name the screens that there are."""
        if (tabs, active) != (self._tabs, self._active):
            self._tabs, self._active = tabs, active
            self.refresh()

    def render(self) -> Content:
        """Both lines."""
        width = self.size.width
        where = self._where()
        return Content("\n").join(
            [spread(where, self._how(width, width - where.cell_length), width), self._screens(width)]
        )

    def _where(self) -> Content:
        crumbs = self._told.crumbs if self._told else ()
        parts = [inked(f" {BRAND}", Role.ACCENT).stylize("bold")]
        if self._told and self._told.production:
            parts.append(inked("  ", Role.FAINT))
            parts.append(inked(" PRODUCTION ", Role.BAD).stylize("bold reverse"))
        if self._told and self._told.profile:
            parts.append(inked(f" {self._told.profile}", Role.BAD if self._told.production else Role.ACCENT))
        for place, crumb in enumerate(crumbs):
            last = place == len(crumbs) - 1
            parts += [
                inked("  " if place == 0 else " / ", Role.FAINT),
                inked(crumb, Role.STRONG if last else Role.MUTED),
            ]
        return Content("").join(parts)

    def _how(self, width: int, room: int) -> Content:
        """How the link is, and where it leads to if there is room beside where one is."""
        told = self._told
        if told is None:
            return inked("◌ connecting ", Role.MUTED)
        glyph, role = LOOKS[told.state]
        parts: list[Content] = []
        if told.alerts is not None:
            text = f"{told.alerts.glyph} {say.plural(told.alerts.number, 'alert')}  "
            parts.append(inked(text, told.alerts.role).stylize("bold"))
        if told.read_only and told.state is LinkState.CONNECTED:
            parts.append(inked("read-only  ", Role.WARN))
        parts.append(inked(f"{glyph} {told.state}", role))
        if told.since:
            parts.append(inked(f" · last data {told.since}", role))
        elif width >= (100 if told.alerts else 70):
            place = inked(f"  {told.place}", Role.MUTED)
            if sum(part.cell_length for part in (*parts, place)) + 2 <= room:
                parts.append(place)
        parts.append(Content(" "))
        return Content("").join(parts)

    def _screens(self, width: int) -> Content:
        """The screens, by their short names when the titles don't all fit; the breadcrumbs have those."""
        whole = sum(len(tab.key) + len(tab.title) + 4 for tab in self._tabs) <= width
        pad, gap = (" ", " ") if whole else ("", "")
        self._spans = []
        parts: list[Content] = [Content(" ")]
        column = 1
        for tab in self._tabs:
            active = tab.name == self._active
            title = tab.title if whole else tab.short
            text = f"{pad}{tab.key} {title} "
            self._spans.append((column, column + len(text), tab.name))
            column += len(text) + len(gap)
            if active:
                parts.append(inked(text, Role.ACCENT).stylize("bold reverse"))
            else:
                parts += [inked(f"{pad}{tab.key} ", Role.ACCENT), inked(f"{title} ", Role.MUTED)]
            parts.append(Content(gap))
        return Content("").join(parts)

    def on_click(self, event: events.Click) -> None:
        """Go to the screen that was clicked on."""
        for first, end, name in self._spans:
            if event.y == 1 and first <= event.x < end:
                self.post_message(self.Chosen(name))


def since_of(link: Link, now: float) -> str:
    """How old the last data is, by this machine's clock."""
    return say.ago(now - link.data_at) if link.data_at is not None else ""
