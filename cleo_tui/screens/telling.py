"""Dialogs that only tell something: they scroll where it finds no room, and say so."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges


class TellingScreen(Dialog[None]):
    """A dialog with a heading; subclasses say in ``told`` what is below it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,enter", "dismiss", "Close"),
        ("j", "scroll('down')", "Down"),
        ("k", "scroll('up')", "Up"),
        ("g", "scroll('home')", "To the beginning"),
        ("G", "scroll('end')", "To the end"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._box = VerticalScroll(classes="dialog frame")

    @property
    def heading(self) -> str:
        """What the frame is called."""
        raise NotImplementedError

    def told(self) -> ComposeResult:
        """What is in the frame."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The frame, and what is told in it."""
        tell_edges(self._box, inked(self.heading, Role.STRONG), _how(more=False))
        with self._box:
            yield from self.told()

    def on_mount(self) -> None:
        """Say how to go on, as soon as it is known whether there is more, and whenever that changes."""
        self.watch(self._box, "show_vertical_scrollbar", self._say_how)

    def _say_how(self, more: bool) -> None:
        tell_edges(self._box, lower=_how(more=more))

    def action_scroll(self, way: str) -> None:
        """Show what is further up or down."""
        scroll = {
            "down": self._box.scroll_down,
            "up": self._box.scroll_up,
            "home": self._box.scroll_home,
            "end": self._box.scroll_end,
        }[way]
        scroll(animate=False)


def _how(*, more: bool) -> Content:
    return inked("j k more · esc closes" if more else "esc closes", Role.MUTED)
