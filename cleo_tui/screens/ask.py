"""The dialog in which a value is typed. What can't be is said in it, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from cleo_core.errors import CleoError
from cleo_tui.actions import app_of
from cleo_tui.data.plans import Plan, Report
from cleo_tui.screens.confirm import ConfirmScreen
from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a title, how things are, how the answer is written, and what stands there to begin with."""

    title: str
    facts: Sequence[str]
    hint: str
    text: str = ""


class PlanDialog(Dialog[Report | None]):
    """Has the plan that is typed confirmed, and gives its report back; None if it was left."""

    def __init__(self) -> None:
        super().__init__()
        self._wrong = Static(id="wrong")
        self._wrong.display = False

    def plan(self) -> Plan:
        """The plan of what is typed. Raises an error of the engine that says what is wrong with it."""
        raise NotImplementedError

    def on_input_changed(self) -> None:
        """What was wrong with the text before is not wrong with this one."""
        self._wrong.display = False

    def on_input_submitted(self) -> None:
        """Have it confirmed, if it can be at all."""
        try:
            plan = self.plan()
        except CleoError as error:
            self._refuse(str(error))
            return
        app_of(self).push_screen(ConfirmScreen(plan, self._refuse), self._answered)

    def _answered(self, report: Report | None) -> None:
        """A plan that was refused or not confirmed leaves what was typed as it is."""
        if report is not None:
            self.dismiss(report)

    def _refuse(self, why: str) -> None:
        self._wrong.update(inked(f"✗ {why}", Role.BAD))
        self._wrong.display = True

    def action_leave(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)


class AskScreen(PlanDialog):
    """Asks for a value.

    ``plan_of`` makes a plan of what was typed, or raises an error of the engine that says what is wrong with it.
    """

    AUTO_FOCUS = "#asked"
    BINDINGS: list[BindingType] = [("escape", "leave", "Leave it")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, question: Question, plan_of: Callable[[str], Plan]) -> None:
        super().__init__()
        self._question = question
        self._plan_of = plan_of
        self._input = Input(question.text, id="asked", compact=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """How things are, the line to type in, and what is wrong with what is in it."""
        with Vertical(classes="dialog frame") as box:
            hint = inked("↵ goes on, after a question · esc leaves it", Role.MUTED)
            tell_edges(box, inked(self._question.title, Role.STRONG), hint)
            for fact in self._question.facts:
                yield Static(inked(fact, Role.PLAIN))
            yield Static(inked(self._question.hint, Role.MUTED))
            yield self._input
            yield self._wrong

    def plan(self) -> Plan:
        """The plan of the value."""
        return self._plan_of(self._input.value)
