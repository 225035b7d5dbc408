"""The dialog that asks how carefully many dead letters are to be retried."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from cleo_core.errors import InvalidOption
from cleo_tui.data.plans import Plan
from cleo_tui.screens.ask import PlanDialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges

FIELDS = (
    ("first", "First", "10", "letters, and wait until each of them was tried"),
    ("rate", "then", "20", "letters a second"),
    ("stop", "stop at", "50%", "of the last 100 tried having failed again"),
)


class StagedScreen(PlanDialog):
    """Asks for three numbers."""

    AUTO_FOCUS = "#first"
    BINDINGS: list[BindingType] = [  # noqa: RUF012 - as Textual declares it
        ("escape", "leave", "Leave it"),
        Binding("down", "app.focus_next", "The next number", show=False),
        Binding("up", "app.focus_previous", "The number before", show=False),
    ]

    def __init__(self, title: str, label: str, plan_of: Callable[[int, float, float], Plan]) -> None:
        super().__init__()
        self._title, self._label = title, label
        self._plan_of = plan_of
        self._inputs = {name: Input(default, id=name, compact=True) for name, _, default, _ in FIELDS}
        for field in self._inputs.values():
            field.cursor_blink = False

    def compose(self) -> ComposeResult:
        """A sentence with three gaps in it."""
        with Vertical(classes="dialog frame") as box:
            hint = inked("tab next · ↵ goes on, after a question · esc leaves it", Role.MUTED)
            tell_edges(box, inked(self._title, Role.STRONG), hint)
            yield Static(inked(self._label, Role.MUTED), classes="sample")
            for name, before, _, after in FIELDS:
                with Horizontal(classes="gap"):
                    yield Static(inked(before, Role.PLAIN), classes="gap-before")
                    yield self._inputs[name]
                    yield Static(inked(after, Role.PLAIN))
            yield self._wrong

    def plan(self) -> Plan:
        """The plan of the three numbers."""
        return self._plan_of(*self._numbers())

    def _numbers(self) -> tuple[int, float, float]:
        said = {name: field.value.replace(",", "").strip() for name, field in self._inputs.items()}
        try:
            first, rate = int(said["first"]), float(said["rate"].removesuffix("/s"))
            stop = float(said["stop"].removesuffix("%").strip())
        except ValueError as error:
            raise InvalidOption(
                "These are a whole number of letters, a rate a second, and a failure rate such as 50%."
            ) from error
        return first, rate, stop / 100 if said["stop"].endswith("%") else stop
