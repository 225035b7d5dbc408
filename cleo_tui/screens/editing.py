"""Editing a dead letter's arguments in the operator's editor, and retrying it with them; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import JsonValue
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static

from cleo_core.errors import InvalidArguments
from cleo_tui.actions import Action, Effect
from cleo_tui.data.editing import EditorFailed, arguments_of, changes, edit_plan, edited, text_of
from cleo_tui.data.plans import Target
from cleo_tui.screens.base import CleoScreen
from cleo_tui.screens.confirm import ConfirmScreen
from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.said import SCROLL_KEYS, Said

EDIT = Action(
    "edit",
    ("E",),
    "Edit the arguments of the dead letter in your editor, and retry it with them.",
    label="edit",
    effect=Effect.CHANGES,
)


class RefusedScreen(Dialog[bool]):
    """Says what is wrong with what was typed, and asks whether to go on editing it."""

    AUTO_FOCUS = "#again"
    BINDINGS: list[BindingType] = [  # noqa: RUF012 - as Textual declares it
        ("escape", "leave", "Leave it"),
        Binding("left,right,h,l", "app.focus_next", "The other button", show=False),
        *SCROLL_KEYS,
    ]

    def __init__(self, why: str) -> None:
        super().__init__()
        self._why = why
        self._said = Said()

    def compose(self) -> ComposeResult:
        """What is wrong, above the two ways on."""
        with Vertical(classes="dialog frame") as box:
            tell_edges(box, inked("Nothing was retried", Role.STRONG))
            with self._said:
                yield Static(inked(f"✗ {self._why}", Role.BAD))
                yield Static(inked("What you typed is kept as long as you go on editing.", Role.MUTED), id="preview")
            with Horizontal(id="buttons", classes="foot"):
                yield Button("Give it up", id="give-up", compact=True)
                yield Button("Go on editing", id="again", compact=True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what was chosen."""
        self.dismiss(event.button.id == "again")

    def action_read(self, way: str) -> None:
        """Show what is further up or down."""
        self._said.read(way)

    def action_leave(self) -> None:
        """Give it up."""
        self.dismiss(False)


class Editing:
    """One letter that is being edited: the editor, what is wrong, the question, and back to the editor if need be."""

    def __init__(
        self, screen: CleoScreen, queue: str, target: Target, arguments: JsonValue, then: Callable[[], None]
    ) -> None:
        self._screen = screen
        self._app = screen.cleo_app
        self._queue, self._target = queue, target
        # A message that could not be understood may have anything in this place.
        self._before: Mapping[str, Any] = arguments if isinstance(arguments, dict) else {}
        self._text = text_of(arguments)
        self._then = then

    def begin(self) -> None:
        """Hand the terminal to the editor, and ask what is to be done with what comes back."""
        try:
            text = self._app.lend_terminal(lambda: edited(self._text, self._target.id[:40].replace("/", "-")))
        except SuspendNotSupported:
            self._app.warn(
                "The console runs where no editor can (in a browser, say). Start cleo-tui in a terminal to edit."
            )
            return
        except EditorFailed as error:
            self._app.warn(str(error))
            return
        self._text = text
        try:
            after = arguments_of(text)
        except InvalidArguments as error:
            self._refuse(str(error))
            return
        if not changes(self._before, after):
            self._app.say("The arguments are as they were, so nothing was done. R retries with these.")
            return
        plan = edit_plan(self._app.cleo, self._queue, self._target, self._before, after)
        self._app.push_screen(ConfirmScreen(plan, self._refuse_later), self._screen.telling(self._then))

    def _refuse_later(self, why: str) -> None:
        # The question is still in front, and is about to go.
        self._app.call_later(self._refuse, why)

    def _refuse(self, why: str) -> None:
        self._app.push_screen(RefusedScreen(why), self._go_on)

    def _go_on(self, go_on: bool | None) -> None:
        if go_on:
            # Not before the dialog is off the screen, which is drawn anew when the editor ends.
            self._app.call_later(self.begin)
