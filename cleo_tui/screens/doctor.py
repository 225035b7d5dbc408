"""What is wrong or will be, with the server, the access, the queues and their workers, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from cleo_core.models import Check, CheckStatus
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.read_list import ReadListScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.columns import Cell, Column
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.looks import CHECKS
from cleo_tui.widgets.statecard import Absence, Card

EVERY = 30.0
WORST_FIRST = (CheckStatus.BAD, CheckStatus.WARN, CheckStatus.UNKNOWN, CheckStatus.OK)
DOCTOR_ACTIONS = (
    *COMMON,
    Action("copy-mend", ("c",), "Copy the command that mends it.", label="copy the cure"),
    Action("copy", ("y",), "Copy the check as JSON."),
)


class DoctorScreen(ReadListScreen[Check]):
    """The checks, the worst first; below them what the one under the cursor means."""

    TITLE = "Doctor"
    PART_OF = "more"
    ACTIONS = DOCTOR_ACTIONS
    BINDINGS = bindings_of(DOCTOR_ACTIONS)
    noun = "check"
    nouns = "checks"
    opens = False

    def __init__(self) -> None:
        super().__init__()
        self._meaning = Static(id="meaning", classes="frame")

    def body(self) -> ComposeResult:
        """The list, and what the check under the cursor means."""
        yield self.pane
        yield self._meaning

    def columns(self, now: Callable[[], float]) -> Sequence[Column[Check]]:
        """What was looked at, and what was found."""

        def status(check: Check) -> Cell:
            look = CHECKS[check.status]
            return Cell(f"{look.glyph} {check.status}", look.role)

        return (
            Column("status", 9, status),
            Column("check", 16, lambda check: Cell(check.name, Role.STRONG), grow=1, most=32),
            Column("found", 20, lambda check: Cell(check.measured), grow=3),
        )

    async def fetch(self) -> Sequence[Check]:
        """Examine everything."""
        checks = await self.cleo_app.cleo.doctor()
        return sorted(checks, key=lambda check: WORST_FIRST.index(check.status))

    def pause(self, snapshot: Snapshot) -> float:
        """An examination is not made each round."""
        return EVERY

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and what the check under the cursor means."""
        found = sum(check.status in {CheckStatus.BAD, CheckStatus.WARN} for check in self.reading.value or ())
        self.remark = f"{found} to look at" if found else ""
        super().show(snapshot)
        check = self.table.current if self.table.display else None
        self._meaning.display = check is not None
        if check is not None:
            look = CHECKS[check.status]
            tell_edges(self._meaning, inked(check.name, Role.STRONG))
            lines = [inked(check.means, look.role if check.status is not CheckStatus.OK else Role.PLAIN)]
            if check.mend:
                lines.append(inked(f"To mend it: {check.mend}", Role.PLAIN))
            self._meaning.update(inked("\n", Role.PLAIN).join(lines))

    def key_of(self, row: Check) -> str:
        """Its name."""
        return row.name

    def fields(self, row: Check) -> Iterable[str]:
        """All that is text."""
        return (row.name, row.status, row.measured, row.means, row.mend)

    @property
    def subject(self) -> str:
        """What is read."""
        return "the checks"

    def empty_card(self) -> Card:
        """Nothing could be looked at."""
        return Card(Absence.EMPTY, "There is nothing to examine")

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """A cure can be copied where there is one."""
        check = self.table.current
        if action.name == "copy-mend":
            return check is not None and bool(check.mend)
        return action.name != "copy" or check is not None

    def do_copy_mend(self) -> None:
        """Copy the command."""
        if (check := self.table.current) and check.mend:
            self.cleo_app.copy_to_clipboard(check.mend)
            self.cleo_app.say(f"Copied what mends {check.name}.")


SPEC = ScreenSpec("", "doctor", "Doctor", DoctorScreen)
