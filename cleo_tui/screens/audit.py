"""The audit: who did what, on what, when."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from cleo_core.models import AuditEntry
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.of_queue import queue_word
from cleo_tui.screens.read_list import MOST, ReadListScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.statecard import Absence, Card

AT_ONCE = 16
EVERY = 30.0
AUDIT_ACTIONS = (
    *COMMON,
    Action("copy", ("y",), "Copy the entry as JSON.", label="copy JSON"),
)


class AuditScreen(ReadListScreen[AuditEntry]):
    """The latest entries of a queue, or of all, the newest first; below them all of the one under the cursor."""

    TITLE = "Audit"
    PART_OF = "more"
    ACTIONS = AUDIT_ACTIONS
    BINDINGS = bindings_of(AUDIT_ACTIONS)
    noun = "entry"
    nouns = "entries"
    opens = False
    remark = f"the last {MOST:,}, the newest first"

    def __init__(self) -> None:
        super().__init__()
        self._queue: str | None = None
        self._whole = Static(id="meaning", classes="frame")

    def body(self) -> ComposeResult:
        """The list, and what finds no room in its columns."""
        yield self.pane
        yield self._whole

    @property
    def heading(self) -> str:
        """The queue whose audit it is, if it is that of one."""
        return f"{self._queue} · audit" if self._queue else "Audit"

    def columns(self, now: Callable[[], float]) -> Sequence[Column[AuditEntry]]:
        """When, who, what, on what, with which result."""

        def age(entry: AuditEntry) -> Cell:
            return Cell(say.ago(max(0.0, now() - entry.at)), Role.MUTED)

        def result(entry: AuditEntry) -> Cell:
            return Cell(entry.result, Role.MUTED if _went_well(entry) else Role.WARN)

        return (
            Column("at", 19, lambda entry: Cell(say.moment(entry.at), Role.MUTED), drop=4),
            Column("ago", 10, age, Side.RIGHT),
            Column("who", 16, lambda entry: Cell(entry.os_user, Role.STRONG), grow=1, most=32),
            Column("redis user", 10, lambda entry: Cell(entry.redis_user, Role.MUTED), drop=2),
            Column("did", 14, lambda entry: Cell(entry.action, Role.ACCENT), grow=1, most=24),
            Column("queue", 8, lambda entry: Cell(entry.queue), grow=1, most=24, drop=1),
            Column("on", 12, lambda entry: Cell(entry.target or entry.queue), grow=3),
            Column("count", 6, lambda entry: Cell(say.count(entry.count)), Side.RIGHT),
            Column("result", 8, result, grow=1, most=40, drop=3),
        )

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and all of the entry under the cursor."""
        super().show(snapshot)
        entry = self.table.current if self.table.display else None
        self._whole.display = entry is not None
        if entry is not None:
            self._whole.update(_whole_of(entry))

    def pause(self, snapshot: Snapshot) -> float:
        """That of all queues is put together from each of them, so with many it is not read each round."""
        return EVERY if self._queue is None and snapshot.queue_total > AT_ONCE else 0.0

    async def fetch(self) -> Sequence[AuditEntry]:
        """The latest entries."""
        return await self.cleo_app.cleo.audit.list(self._queue, limit=MOST)

    def key_of(self, row: AuditEntry) -> str:
        """Its place in its queue's audit."""
        return f"{row.queue} {row.position}"

    def fields(self, row: AuditEntry) -> Iterable[str]:
        """All that is text."""
        return (row.os_user, row.redis_user, row.action, row.queue, row.target, row.result)

    def empty_card(self) -> Card:
        """Nobody did anything."""
        return Card(
            Absence.EMPTY, "Nothing was done yet", "What operators change is written down here, whoever does it."
        )

    def visit(self, words: Sequence[str]) -> None:
        """The audit of the queue that was asked for (``@emails``), else of all."""
        self._queue = next((word.removeprefix("@") for word in words), None)
        self.table.restart()
        self.reading.restart()
        self.changed()

    def do_back(self) -> None:
        """From the audit of a queue to that of all; else as everywhere."""
        if self._queue is not None and not self.filter_text:
            self.visit(())
        else:
            super().do_back()

    def offers(self, action: Action) -> bool:
        """Without an entry there is nothing to copy."""
        return action.name != "copy" or self.table.current is not None


def _went_well(entry: AuditEntry) -> bool:
    return entry.result in {"", "ok", "done"}


def _whole_of(entry: AuditEntry) -> Content:
    """Who, as which user of Redis, when and where; then what, with which result."""
    redis_user = f" as {entry.redis_user}" if entry.redis_user else ""
    where = f"  in {entry.queue}" if entry.queue else ""
    result = "" if _went_well(entry) else f"  {entry.result}"
    return Content.assemble(
        inked(entry.os_user, Role.STRONG),
        inked(f"{redis_user}  {say.moment(entry.at)}{where}\n", Role.MUTED),
        inked(f"{entry.action}  ", Role.ACCENT),
        inked(entry.target + (f"  ({say.count(entry.count)})" if entry.count > 1 else ""), Role.PLAIN),
        inked(result, Role.WARN),
    )


SPEC = ScreenSpec("", "audit", "Audit", AuditScreen, takes=queue_word, usage="[@QUEUE]")
