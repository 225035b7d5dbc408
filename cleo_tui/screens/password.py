"""The dialog in which a password is typed. It is shown as dots, and kept by nobody but the connection."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges


class PasswordScreen(Dialog[str | None]):
    """Asks for the password of a profile's Redis user; None if it was left."""

    AUTO_FOCUS = "#asked"
    BINDINGS: list[BindingType] = [("escape", "dismiss(None)", "Leave it")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, profile: str) -> None:
        super().__init__()
        self._profile = profile
        self._input = Input(id="asked", compact=True, password=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """One line to type in."""
        with Vertical(classes="dialog frame") as box:
            title = inked(f"Password for {self._profile}", Role.STRONG)
            tell_edges(box, title, inked("↵ connects · esc leaves it", Role.MUTED))
            yield Static(inked("It is not written anywhere and is forgotten when the console ends.", Role.MUTED))
            yield self._input

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        self.dismiss(event.value)
