"""What all lists of dead letters offer: retrying in stages, bringing back from the trash, writing to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cleo_core.models import Discard
from cleo_tui import say
from cleo_tui.actions import Action, Effect
from cleo_tui.data.dead_plans import staged_plan, undo_plan
from cleo_tui.data.plans import Plan, Report, Target
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.export_letters import ExportLettersScreen
from cleo_tui.screens.of_queue import QueueScreen
from cleo_tui.screens.retries import RetriesScreen
from cleo_tui.screens.staged import StagedScreen
from cleo_tui.screens.trash import TrashScreen

LETTER_CHANGES = (
    Action(
        "retry", ("R",), "Retry what is marked, or what is under the cursor.", label="retry", effect=Effect.CHANGES
    ),
    Action(
        "discard", ("D",), "Discard what is marked, or what is under the cursor, into the trash.", label="discard",
        effect=Effect.CHANGES,
    ),
    Action("undo", ("U",), "Bring back what was discarded last.", label="undo", effect=Effect.CHANGES),
    Action(
        "staged", ("T",), "Retry a few first, then the others at a rate, unless too many fail again.",
        label="in stages", effect=Effect.CHANGES,
    ),
    Action("trash", ("u",), "List what was discarded and can be brought back."),
    Action("retries", ("t",), "List the retries of many letters, and how those that run go on."),
    Action("write", ("e",), "Write the letters to a file, a line of JSON each.", label="export"),
)  # fmt: skip
_NEED_LETTERS = {"retry", "staged", "discard", "write"}


@dataclass(frozen=True, slots=True)
class Meant:
    """Dead letters that are meant together: how many, what to call them, and the filters that find them."""

    size: int
    label: str
    filters: dict[str, Any] = field(default_factory=dict[str, Any])


class ChangesLetters(QueueScreen):
    """A screen with dead letters of a queue in hand."""

    def __init__(self) -> None:
        super().__init__()
        self._last = Reading[list[Discard]](self._fetch_last, self.changed)

    async def _fetch_last(self) -> list[Discard]:
        return await self.cleo_app.cleo.dead_letters.trash(self.queue, limit=1)

    @property
    def last_discard(self) -> Discard | None:
        """What U brings back."""
        snapshot = self.cleo_app.snapshot
        latest = next(iter(self._last.value or ()), None)
        gone = latest is None or (snapshot is not None and latest.expires_at <= snapshot.now)
        return None if gone else latest

    def meant(self) -> Sequence[Meant]:
        """What the marks, or the cursor, stand for."""
        raise NotImplementedError

    def restart(self) -> None:
        """Forget the trash of the queue before."""
        self._last.restart()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read anew what can be brought back."""
        if self.queue:
            self._last.refresh()

    def trash_tail(self, snapshot: Snapshot) -> str:
        """What can be brought back, in a few words."""
        if (last := self.last_discard) is None:
            return ""
        return f"{say.plural(last.count, 'letter')} in the trash for {say.duration(last.expires_at - snapshot.now)}"

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """Without letters there is nothing to do, and with an empty trash nothing to bring back."""
        if action.name == "write" and self.cleo_app.player is not None:
            return False
        if action.name in _NEED_LETTERS:
            return bool(self.meant())
        return super().offers(action) and (action.name != "undo" or self.last_discard is not None)

    def do_staged(self) -> None:
        """Ask how carefully, and propose it."""
        meant = self.meant()
        if not meant:
            return
        if len(meant) > 1:
            self.cleo_app.warn("A staged retry is of one kind, so that its failures tell of that kind. Take off marks.")
            return
        (one,) = meant
        cleo, queue, carry = self.cleo_app.cleo, self.queue, self.cleo_app.live.carrying.carry

        def plan_of(first: int, rate: float, stop_at: float) -> Plan:
            what = Target(one.label, one.label)
            return staged_plan(cleo, queue, what, one.size, (first, rate, stop_at), one.filters, carry)

        def begun(report: Report | None) -> None:
            self.telling(self.after_change)(report)
            if report is not None and report.done:
                self.do_retries()

        asking = StagedScreen(f"Retry {say.plural(one.size, 'dead letter')} of {queue} in stages", one.label, plan_of)
        self.cleo_app.push_screen(asking, begun)

    def do_undo(self) -> None:
        """Propose to bring back what was discarded last."""
        if (last := self.last_discard) is None:
            self.cleo_app.warn(f"The trash of {self.queue} is empty, so there is nothing to bring back.")
            return
        self.propose(undo_plan(self.cleo_app.cleo, self.queue, [last], self._moment()), self.after_change)

    def do_trash(self) -> None:
        """List the trash."""
        if self.queue:
            self.cleo_app.push_screen(TrashScreen(self.queue))

    def do_retries(self) -> None:
        """List the retries."""
        if self.queue:
            self.cleo_app.push_screen(RetriesScreen(self.queue))

    def do_write(self) -> None:
        """Ask for a file, and write to it."""
        if self.cleo_app.player is not None:
            self.cleo_app.warn("A recording holds what was seen of the letters and not all of them, to be written.")
        elif meant := self.meant():
            self.cleo_app.push_screen(
                ExportLettersScreen(
                    self.cleo_app.cleo, self.queue, [(one.label, one.size, one.filters) for one in meant]
                )
            )

    def _moment(self) -> float:
        snapshot = self.cleo_app.snapshot
        return snapshot.now if snapshot is not None else 0.0

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._last.close()
