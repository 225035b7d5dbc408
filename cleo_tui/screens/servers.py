"""The servers that the console knows by name, and how to connect when it knows none: what a first start shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from cleo_core.connection import describe
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.pages import Listing
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.profiles import Profile
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.columns import Cell, Column
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable

SERVER_ACTIONS = (
    *COMMON,
    Action("demo", ("d",), "Leave this, and look at a demo with a server and work of its own.", label="demo"),
)
NO_BREAK = "\N{NO-BREAK SPACE}"
EXAMPLE = ("[profiles.shop]", 'url = "redis://operator@redis.example:6379/0"', 'password_env = "SHOP_PASSWORD"')
WAYS = (
    ("cleo-tui redis://HOST:6379/0", "a server by its address, once"),
    ("export CLEO_REDIS_URL=...", "the address for every start"),
    ("cleo-tui NAME", "a server of your profiles, below"),
)


@dataclass(frozen=True, slots=True)
class _Row:
    profile: Profile
    current: bool


class ServersScreen(FiltersRows):
    """What is looked at, how to look at something else, and the profiles that there are."""

    TITLE = "Servers"
    PART_OF = "more"
    ACTIONS = SERVER_ACTIONS
    BINDINGS = bindings_of(SERVER_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._rows = Listing[_Row](lambda row: row.profile.name)
        self._table = LazyTable[_Row](COLUMNS)
        self._pane = Pane(self._table)
        self._how = Static(id="how")
        self._profiles: Sequence[Profile] = ()
        self._path: Path | None = None

    def body(self) -> ComposeResult:
        """How to connect, above the profiles."""
        yield self._how
        yield self._pane

    @property
    def home(self) -> Widget:
        """The profiles."""
        return self._table

    def on_screen_resume(self) -> None:
        """Read the profiles anew: the file may have been changed meanwhile."""
        if profiles := self.cleo_app.profiles():
            self._path = profiles.path
            self._profiles = list(profiles.by_name.values())
        super().on_screen_resume()

    def show(self, snapshot: Snapshot) -> None:
        """Draw both."""
        self._how.update(self._words(snapshot))
        current = self.cleo_app.profile.name if self.cleo_app.profile else ""
        matches = self.matcher()
        self._rows.replace(
            _Row(profile, profile.name == current)
            for profile in self._profiles
            if matches((profile.name, describe(profile.url), profile.namespace))
        )
        self._table.show(self._rows)
        total = len(self._profiles)
        note = say.plural(total, "profile") if total else ""
        if self._filter and total:
            note = self.filter_note(self._rows.total, total, "profile")
        self._pane.tell("Profiles", note, card=self._card())

    def _words(self, snapshot: Snapshot) -> Content:
        link = snapshot.link
        lines = [Content("")]
        if snapshot.has_data:
            lines.append(inked(f" ● Looking at {link.address}, namespace {link.namespace}.", Role.GOOD))
        elif link.trouble is None:
            lines.append(inked(f" ◌ Connecting to {link.address}.", Role.MUTED))
        else:
            lines.append(inked(f" ✗ No server answers at {link.address}. It is tried again and again.", Role.BAD))
            lines.append(inked(f"   {link.trouble.cause[:1].upper()}{link.trouble.cause[1:]}", Role.MUTED))
        lines.append(Content(""))
        lines += [
            Content.assemble(inked(f"   {command:<30}", Role.STRONG), inked(what, Role.MUTED)) for command, what in WAYS
        ]
        if not self.cleo_app.is_web:
            lines.append(
                Content.assemble(
                    inked("   d                             ", Role.ACCENT),
                    inked("a demo: server, workers and work of its own", Role.MUTED),
                )
            )
        lines.append(Content(""))
        return Content("\n").join(lines)

    def _card(self) -> Card | None:
        if self._rows.total:
            return None
        if self._profiles:
            return Card(Absence.FILTERED, f"No profile matches {self._filter!r}", "", "esc clears the filter")
        # Cards stand in the middle; lines of one length stand below each other.
        width = max(map(len, EXAMPLE))
        example = "\n".join(line.ljust(width, NO_BREAK) for line in EXAMPLE)
        return Card(Absence.EMPTY, "No profiles yet", f"Write them into {self._path}:", example)

    def offers(self, action: Action) -> bool:
        """In a browser the demo can't take this console's place."""
        return super().offers(action) and (action.name != "demo" or not self.cleo_app.is_web)

    def on_lazy_table_opened(self) -> None:
        """Look at that server."""
        if row := self._table.current:
            self.cleo_app.do_ctx(row.profile.name)

    def do_back(self) -> None:
        """As everywhere; but where nothing is known yet there is nothing to go back to."""
        snapshot = self.cleo_app.snapshot
        if self.filter_text or (snapshot is not None and snapshot.has_data):
            super().do_back()

    def do_demo(self) -> None:
        """The demo in place of this."""
        self.cleo_app.demand_demo()


def _kind(row: _Row) -> Cell:
    settings = row.profile.settings
    words = [word for word, so in (("production", settings.production), ("read-only", settings.read_only)) if so]
    return Cell(", ".join(words), Role.BAD if settings.production else Role.MUTED)


COLUMNS = (
    Column[_Row]("", 1, lambda row: Cell("●" if row.current else "", Role.GOOD)),
    Column[_Row]("profile", 12, lambda row: Cell(row.profile.name, Role.STRONG), grow=1, most=30),
    Column[_Row]("server", 20, lambda row: Cell(describe(row.profile.url)), grow=2, most=50),
    Column[_Row]("namespace", 10, lambda row: Cell(row.profile.namespace, Role.MUTED), grow=1, most=30),
    Column[_Row]("kind", 21, _kind),
)
SPEC = ScreenSpec("", "servers", "Servers", ServersScreen)
