"""The dead letters of one kind of error, or all of a queue, the latest first, with a search through their texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from cleo_core.models import DeadLetter, DeadLetterKind, DeadLetterPage, DeathReason, TaskState, TaskSummary
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.dead_plans import discard_plan, retry_plan
from cleo_tui.data.pages import Page
from cleo_tui.data.search import MOST, STRETCH, Search
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.editing import EDIT, Editing
from cleo_tui.screens.letter_changes import LETTER_CHANGES, ChangesLetters, Meant
from cleo_tui.screens.of_queue import QUEUE_STEPS
from cleo_tui.screens.task_columns import arguments
from cleo_tui.screens.task_list import LIST_ACTIONS, TaskListScreen, target_of
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.statecard import Absence, Card

LETTERS_ACTIONS = (
    *COMMON,
    *LETTER_CHANGES[:2],
    EDIT,
    *LETTER_CHANGES[2:],
    *(action for action in LIST_ACTIONS if action not in (*COMMON, *QUEUE_STEPS)),
    Action("look-further", ("n",), f"Search the next {STRETCH:,} letters.", label="look further"),
)
DEATHS = {
    DeathReason.FAILED: Cell("failed", Role.MUTED),
    DeathReason.TIMED_OUT: Cell("timed out", Role.WARN),
    DeathReason.REFUSED: Cell("refused", Role.WARN),
    DeathReason.POISON: Cell("poison", Role.BAD),
}


class LettersScreen(TaskListScreen, ChangesLetters):
    """A page over the kinds; its queue and its kind stay the same."""

    ACTIONS = LETTERS_ACTIONS
    BINDINGS = bindings_of(LETTERS_ACTIONS)
    FILTER_HINT: ClassVar[str] = "in id, error, arguments · ! hides what shows it · esc clears "

    def __init__(self, queue: str, kind: DeadLetterKind | None) -> None:
        super().__init__(_columns(lambda: self.now), TaskState.DEAD)
        self.queue = queue
        self._kind = kind
        self._search = Search(self._look, self._found)

    @property
    def crumb(self) -> str:
        """The pattern of its errors."""
        if self._kind is None:
            return "all"
        return self._kind.pattern if len(self._kind.pattern) <= 40 else f"{self._kind.pattern[:39]}…"

    def on_mount(self) -> None:
        """List it now."""
        self.strip.display = False
        self.restart()

    # --- what is listed ------------------------------------------------------------------------------

    @property
    def _filters(self) -> dict[str, Any]:
        return {"fingerprint": self._kind.fingerprint} if self._kind is not None else {}

    def restart(self) -> None:
        """List from the beginning."""
        ChangesLetters.restart(self)
        TaskListScreen.restart(self)

    async def _fetch(self, *, offset: int, limit: int, around: str | None) -> Page[TaskSummary]:
        letters = self.cleo_app.cleo.dead_letters
        page = await letters.list(self.queue, offset=offset, limit=limit, around=around, **self._filters)
        return Page(page.offset, page.total, page.items, page.at)

    async def _look(self, text: str, offset: int) -> DeadLetterPage:
        letters = self.cleo_app.cleo.dead_letters
        return await letters.list(self.queue, offset=offset, limit=MOST, look=STRETCH, text=text, **self._filters)

    def filter_by(self, text: str) -> None:
        """Search the letters on the server; what has a ``!`` in front is turned round, among those that are loaded."""
        self._search.begin("" if text.startswith("!") else text)
        super().filter_by(text)

    def _apply_filter(self) -> None:
        if self._search.text:
            self.table.show(self._search.found)
        else:
            super()._apply_filter()

    def _found(self) -> None:
        self._apply_filter()
        self.changed()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the window anew; what was found stays as it was found."""
        ChangesLetters.reconcile(self, snapshot)
        if not self._search.text:
            TaskListScreen.reconcile(self, snapshot)

    # --- drawing -------------------------------------------------------------------------------------

    def _title(self) -> str:
        return f"{self.queue} · {self._kind.pattern if self._kind is not None else 'all dead letters'}"

    def _note(self) -> str:
        search = self._search
        if not search.text:
            return super()._note() if self._filter else self._tail()
        if search.is_over:
            return f"{search.text!r}: {say.count(search.found.total)} of {say.count(search.total)}"
        looking = " · looking" if search.under_way else " · n looks further"
        looked = f"the latest {say.count(search.looked)} of {say.count(search.total)}"
        return f"{search.text!r}: {say.count(search.found.total)} in {looked}{looking}"

    def _tail(self) -> str:
        snapshot = self.cleo_app.snapshot
        return self.trash_tail(snapshot) if snapshot is not None else ""

    def _card(self, snapshot: Snapshot) -> Card | None:
        search = self._search
        if not search.text:
            return super()._card(snapshot)
        if search.found.total:
            return self.card_without_data(snapshot)
        if search.error is not None:
            return Card(Absence.ERROR, f"{self.queue} can't be searched", str(search.error), "esc clears the filter")
        if search.under_way:
            return Card(Absence.CONNECTING, f"Looking for {search.text!r}")
        if search.is_over:
            text = f"All {say.count(search.total)} were looked at: id, error and arguments of each."
            return Card(Absence.FILTERED, f"No letter has {search.text!r} in it", text, "esc clears the filter")
        text = f"The latest {say.count(search.looked)} of {say.count(search.total)} were looked at."
        hint = f"n looks at the next {say.count(STRETCH)} · esc clears the filter"
        return Card(Absence.FILTERED, f"No letter with {search.text!r} in it yet", text, hint)

    def choices(self, snapshot: Snapshot) -> list[Any]:
        """Nothing can be chosen."""
        return []

    def choose_first(self, snapshot: Snapshot) -> None:
        """The queue stays."""

    def empty_card(self) -> Card:
        """All of them were dealt with."""
        what = "of this kind " if self._kind is not None else ""
        hint = "U brings back what was discarded last · esc goes back" if self.last_discard else "esc goes back"
        return Card(Absence.EMPTY, f"No dead letter {what}is left in {self.queue}", "", hint)

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """What is under the cursor can be edited; a search goes on until all letters were looked at."""
        if action.name == "look-further":
            return self._search.next_offset is not None
        if action.name == "edit":
            return self.table.current is not None
        return super().offers(action)

    def meant(self) -> Sequence[Meant]:
        """All that are listed."""
        total = self._search.found.total if self._search.text else self._paged.total
        if not total:
            return []
        label = self._kind.pattern if self._kind is not None else f"all dead letters of {self.queue}"
        if not self._search.text:
            return [Meant(total, label, self._filters)]
        found = {**self._filters, "text": self._search.text}
        return [Meant(total, f"{label} · with {self._search.text!r} in it", found)]

    async def do_mark_all(self) -> None:
        """Mark all that were found, or all that are listed, or take all marks off."""
        if not self._search.text or self.table.marked:
            await super().do_mark_all()
            return
        self.table.marked |= {letter.id: letter for letter in self._search.found.loaded()}
        self.changed()

    def do_look_further(self) -> None:
        """Search the next stretch."""
        self._search.go_on()
        self.changed()

    def do_staged(self) -> None:
        """Retry in stages; how many that are has to be known."""
        if self._search.text and not self._search.is_over:
            self.cleo_app.warn(
                "Not all letters were searched yet, so it is not known how many these are. n looks further."
            )
        elif self._all_are_shown():
            super().do_staged()

    def do_write(self) -> None:
        """Write those that are listed to a file."""
        if self._all_are_shown():
            super().do_write()

    def _all_are_shown(self) -> bool:
        """Whether what the server would find is what is listed; if not, that is said."""
        hidden = bool(self._filter) and not self._search.text
        if hidden:
            self.cleo_app.warn(
                f"The server can't search for what lacks a text, so this would take those too that {self._filter!r} "
                "hides. A marks what is listed, and R and D do it to those."
            )
        return not hidden

    def do_retry(self) -> None:
        """Propose to retry."""
        if targets := self.targets():
            self.propose(retry_plan(self.cleo_app.cleo, self.queue, targets), self.after_change)

    def do_discard(self) -> None:
        """Propose to discard."""
        if targets := self.targets():
            self.propose(discard_plan(self.cleo_app.cleo, self.queue, targets), self.after_change)

    async def do_edit(self) -> None:
        """Edit the one under the cursor."""
        if (letter := self.table.current) is None:
            return
        record = await self.cleo_app.cleo.dead_letters.get(self.queue, letter.id)
        Editing(self, self.queue, target_of(letter), record.arguments, self.after_change).begin()

    def after_change(self) -> None:
        """Read the letters anew, and what can be brought back."""
        self._last.renew()
        self.after_plan()
        if self._search.text:
            self._search.begin(self._search.text)

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        super().on_unmount()
        self._search.close()


def tries_of(task: TaskSummary) -> int:
    """How often it was tried: of one that died in nobody's hands the attempt is the one that would have come next."""
    return task.attempt if task.worker else task.attempt - 1


def _columns(now: Callable[[], float]) -> Sequence[Column[TaskSummary]]:
    def died(task: TaskSummary) -> Cell:
        return Cell(say.age(max(0.0, now() - task.finished_at)) if task.finished_at is not None else say.NOTHING)

    def why(task: TaskSummary) -> Cell:
        return DEATHS[task.death] if isinstance(task, DeadLetter) else Cell("")

    return (
        Column("died", 7, died, Side.RIGHT),
        Column("task", 14, lambda task: Cell(task.name, Role.STRONG), grow=1, most=40),
        Column("why", 9, why, drop=4),
        Column("error", 24, lambda task: Cell(task.error, Role.BAD), grow=4),
        Column("arguments", 20, arguments, grow=4, drop=3),
        Column("tries", 5, lambda task: Cell(str(tries_of(task))), Side.RIGHT, drop=1),
        Column("group", 8, lambda task: Cell(task.group, Role.MUTED), drop=6),
        Column("worker", 10, lambda task: Cell(task.worker, Role.MUTED), grow=1, drop=5),
        Column("id", 12, lambda task: Cell(task.id, Role.MUTED), grow=2, most=32, drop=2),
    )
