"""The screens that have no key of their own."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_tui.actions import bindings_of
from cleo_tui.data.pages import Listing
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON, CleoScreen
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.table import LazyTable


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen and what it is for."""

    name: str
    title: str
    text: str


ENTRIES = (
    Entry("schedules", "Schedules", "what runs when; run now, pause, remove"),
    Entry("locks", "Locks", "groups that somebody keeps for himself; release by force"),
    Entry("audit", "Audit", "who changed what, when, with which result"),
    Entry("doctor", "Doctor", "what is wrong with the server, the access and the queues, and how to mend it"),
    Entry("servers", "Servers", "the profiles, and which server is looked at"),
    Entry("help", "Help", "the keys of this console"),
)


class MoreScreen(CleoScreen):
    """A list to choose from."""

    TITLE = "More"
    ACTIONS = COMMON
    BINDINGS = bindings_of(COMMON)

    def __init__(self) -> None:
        super().__init__()
        self._table = LazyTable[Entry](
            (
                Column("screen", 12, lambda entry: Cell(entry.title, Role.STRONG)),
                Column("what it is for", 20, lambda entry: Cell(entry.text), grow=1),
                Column("command", 12, lambda entry: Cell(f":{entry.name}", Role.MUTED)),
            )
        )
        self._pane = Pane(self._table)

    def body(self) -> ComposeResult:
        """One list."""
        yield self._pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self._table

    def on_mount(self) -> None:
        """The list is the same for good."""
        self._table.show(Listing(lambda entry: entry.name, ENTRIES))

    def show(self, snapshot: Snapshot) -> None:
        """Name the frame. It lists the servers, so it has to be there without one too."""
        self._pane.tell("More", "↵ opens")

    def on_lazy_table_opened(self) -> None:
        """Go there."""
        if entry := self._table.current:
            if entry.name == "help":
                self.open_help()
            else:
                self.cleo_app.go(entry.name)


SPEC = ScreenSpec("0", "more", "More", MoreScreen)
