"""The dialog that stands before every change: what would be done, how sure one has to be, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from itertools import islice

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, ProgressBar, Static

from cleo_core.errors import CleoError
from cleo_tui import say
from cleo_tui.actions import app_of
from cleo_tui.data.plans import Plan, Report, Rung, carry_out, preview
from cleo_tui.data.understanding import understood
from cleo_tui.screens.dialog import Dialog
from cleo_tui.screens.telling import TellingScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.said import SCROLL_KEYS, Said

MOST_FAILURES = 200


class ConfirmScreen(Dialog[Report | None]):
    """Asks, carries the plan out, and gives its report back: None if nothing was attempted. Esc stops it.

    ``refused`` is told when the engine would do none of it; unless given, the operator is warned.
    """

    AUTO_FOCUS = "#no"
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("escape", "no", "No"),
        Binding("left,right,h,l", "other", "The other button"),
        Binding("y", "yes", "Yes"),
        Binding("n", "no", "No"),
        *SCROLL_KEYS,
    ]

    def __init__(self, plan: Plan, refused: Callable[[str], None] | None = None) -> None:
        super().__init__()
        self._plan = plan
        self._refused = refused
        self._report: Report | None = None
        self._stopping = False
        self._under_way = False
        self._said = Said()
        self._preview = Static(inked("Asking the server how they stand", Role.MUTED), id="preview")
        self._yes = Button(plan.verb.infinitive, id="yes", compact=True)
        self._no = Button("No, leave it" if plan.total == 1 else "No, leave them", id="no", compact=True)
        self._typed = Input(id="typed", compact=True)
        self._typed.cursor_blink = False
        self._to_type: str | None = None
        self._ask = Static(id="ask-count")
        self._progress = ProgressBar(total=plan.total, show_eta=False)

    def compose(self) -> ComposeResult:
        """What would be done, above the way out of it."""
        plan = self._plan
        with Vertical(classes="dialog frame") as box:
            tell_edges(box, inked(plan.title, Role.STRONG))
            with self._said:
                for target in plan.sample:
                    yield Static(inked(f"  {target.label}", Role.PLAIN), classes="sample")
                if len(plan.targets) > len(plan.sample):
                    rest = len(plan.targets) - len(plan.sample)
                    yield Static(inked(f"  and {say.count(rest)} more", Role.MUTED))
                yield self._preview
                yield Static(inked(plan.consequence, Role.MUTED))
                if plan.caution:
                    yield Static(inked(f"! {plan.caution}", Role.BAD), id="caution")
            with Vertical(classes="foot"):
                if self._what_to_type() is not None:
                    yield self._ask
                    yield self._typed
                yield self._progress
                with Horizontal(id="buttons"):
                    yield self._no
                    yield self._yes

    def on_mount(self) -> None:
        """Ask the server how the tasks stand, while they are read about here."""
        self._progress.display = False
        self._to_type = self._what_to_type()
        if self._to_type is not None:
            self._typed.type = "integer" if self._to_type.isdigit() else "text"
            self._yes.disabled = True
            where = "This is production. " if app_of(self).settings.production else ""
            self._ask_for(where, Role.WARN)
            self._typed.focus()
        self.run_worker(self._look(), name="preview")

    def _what_to_type(self) -> str | None:
        """What has to be typed before it is done: the count or the name, or nothing."""
        rung = self._plan.rung_in(production=app_of(self).settings.production)
        if rung is Rung.TYPE_NAME:
            return self._plan.name
        return str(self._plan.total) if rung is Rung.TYPE_COUNT else None

    def _ask_for(self, before: str, role: Role) -> None:
        self._ask.update(inked(f"{before}Type {self._to_type} to go on.", role))

    async def _look(self) -> None:
        try:
            with understood():
                found = await preview(self._plan)
        except CleoError as error:
            self._preview.update(inked(str(error), Role.BAD))
            return
        if not found:
            self._preview.display = False
            return
        some = "of these " if self._plan.size is None and len(self._plan.targets) > len(self._plan.sample) else ""
        self._preview.update(inked(f"Now on the server: {some}{found}.", Role.PLAIN))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The right count or name opens the way."""
        self._yes.disabled = self._to_type not in {event.value.strip(), event.value.replace(",", "")}

    def on_input_submitted(self) -> None:
        """Enter after the right count goes to the button, not past it; after another it says so."""
        if not self._yes.disabled:
            self._yes.focus()
        elif self._typed.value:
            self._ask_for("That is something else. ", Role.BAD)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what was chosen."""
        if event.button is self._yes:
            self.action_yes()
        else:
            self.action_no()

    def action_other(self) -> None:
        """To the other button."""
        if not self._yes.disabled:
            (self._no if self._yes.has_focus else self._yes).focus()

    def action_read(self, way: str) -> None:
        """Show what is further up or down."""
        self._said.read(way)

    def action_yes(self) -> None:
        """Carry the plan out."""
        if self._under_way or self._yes.disabled:
            return
        self._under_way = True
        self._yes.disabled = True
        self._no.label = "Stop"
        self._progress.display = self._plan.rung is not Rung.ASK
        self.run_worker(self._carry_out(), name="plan")

    def action_no(self) -> None:
        """Leave it, or stop after the slice that is under way."""
        if self._under_way:
            self._stopping = True
        else:
            self.dismiss(None)

    async def _carry_out(self) -> None:
        try:
            with understood():
                async with aclosing(carry_out(self._plan)) as reports:
                    async for report in reports:
                        self._report = report
                        self._progress.update(total=report.total, progress=report.attempted)
                        if self._stopping:
                            break
        except CleoError as error:
            if self._report is None:
                (self._refused or app_of(self).warn)(str(error))
            else:
                self._report.broken_off = str(error)
        self.dismiss(self._report)


class ReportScreen(TellingScreen):
    """Says why the plan broke off, and of each item why it could not be done."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    @property
    def heading(self) -> str:
        """What was asked."""
        return self._report.plan.title.rstrip("?")

    def told(self) -> ComposeResult:
        """The report, why there is no more to it, then one line for each failure."""
        yield Static(inked(self._report.text, Role.PLAIN))
        if self._report.broken_off:
            yield Static(inked(f"✗ {self._report.broken_off}", Role.BAD))
        for item, why in islice(self._report.failures.items(), MOST_FAILURES):
            yield Static(inked(f"  {item}  {why}", Role.WARN))
        if (left := len(self._report.failures) - MOST_FAILURES) > 0:
            yield Static(inked(f"  and {say.count(left)} more", Role.MUTED))
