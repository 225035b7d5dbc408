"""The dead letters, by the kind of their error: how many failed for good in which way, and since when."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import PermissionDenied
from cleo_core.models import DeadLetterKind, DeadLetterKinds, DeadLetterRecord
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.dead_plans import discard_kinds_plan, retry_kinds_plan
from cleo_tui.data.pages import Listing
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.screens.letter_changes import LETTER_CHANGES, ChangesLetters, Meant
from cleo_tui.screens.letters import LettersScreen
from cleo_tui.screens.marking import MARKS, MarksRows
from cleo_tui.screens.of_queue import QUEUE_STEPS, queue_word
from cleo_tui.theme import Role
from cleo_tui.widgets.braille import spark
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.latest_letter import LatestLetter
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice, ChoiceStrip
from cleo_tui.widgets.table import LazyTable

MOST = 500
PARTS, SPAN = 12, 86_400.0
NEW = 300.0
DEAD_ACTIONS = (
    *COMMON,
    *LETTER_CHANGES,
    Action("all-letters", ("l", "right"), "List the letters of all kinds.", label="all"),
    *QUEUE_STEPS,
    *MARKS,
    Action("mark-all", ("A",), "Mark all kinds that match, or take all marks off."),
)


class DeadLettersScreen(ChangesLetters, MarksRows, FiltersRows):
    """The kinds of a queue's dead letters, those with the most letters first."""

    TITLE = "Dead letters"
    ACTIONS = DEAD_ACTIONS
    BINDINGS = bindings_of(DEAD_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._rows = Listing[DeadLetterKind](lambda kind: kind.fingerprint)
        self.table = LazyTable[DeadLetterKind](_columns(lambda: self._now, lambda: self._dead))
        self.pane = Pane(self.table)
        self._kinds = Reading[DeadLetterKinds](self._fetch, self.changed)
        self._latest_id = ""
        self._latest = Reading[DeadLetterRecord](self._fetch_latest, self.changed)
        self._latest_view = LatestLetter()

    def body(self) -> ComposeResult:
        """The queues, the kinds, and where there is room the latest letter of the one under the cursor."""
        yield self.strip
        yield self.pane
        yield self._latest_view

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what is listed ------------------------------------------------------------------------------

    def queues_of(self, snapshot: Snapshot) -> list[str]:
        """The queues that have dead letters, those with the most first."""
        having = [queue for queue in snapshot.queues if queue.counts.dead or queue.name == self.queue]
        return [queue.name for queue in sorted(having, key=lambda queue: (-queue.counts.dead, queue.name))]

    def _choices(self, snapshot: Snapshot) -> list[Choice]:
        names = (name for name in sorted(self.queues_of(snapshot)) if name in snapshot.by_name)
        return [
            Choice(name, say.count(snapshot.by_name[name].counts.dead), chosen=name == self.queue) for name in names
        ]

    def restart(self) -> None:
        """List the kinds of another queue."""
        super().restart()
        self.last_marked = None
        self._latest_id = ""
        self.table.restart()
        self._kinds.restart()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read them anew."""
        super().reconcile(snapshot)
        if self.queue:
            self._kinds.refresh()

    async def _fetch(self) -> DeadLetterKinds:
        return await self.cleo_app.cleo.dead_letters.kinds(self.queue, limit=MOST, parts=PARTS, span=SPAN)

    async def _fetch_latest(self) -> DeadLetterRecord:
        return await self.cleo_app.cleo.dead_letters.get(self.queue, self._latest_id)

    @property
    def _dead(self) -> int:
        """How many letters the kinds that were read have together."""
        return sum(kind.count for kind in self._kinds.value.items) if self._kinds.value is not None else 0

    # --- drawing -------------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Draw the kinds, and say what can be brought back and when the oldest letter will be dropped."""
        self._now = snapshot.now
        self.choose_first(snapshot)
        matches = self.matcher()
        kinds = self._kinds.value.items if self._kinds.value is not None else []
        self._rows.replace(kind for kind in kinds if matches((kind.pattern, kind.fingerprint)))
        self.table.show(self._rows)
        self.strip.tell(self._choices(snapshot), tail=self.trash_tail(snapshot) or self._expiry(snapshot))
        title = f"{self.queue} · kinds of dead letters" if self.queue else ""
        card = self._card(snapshot)
        stale = self.stale(snapshot, self._kinds.error, self._kinds.age)
        self.pane.tell(title, self._note(), stale=stale, card=card)
        self._show_latest(None if card is not None else self.table.current)

    def _show_latest(self, kind: DeadLetterKind | None) -> None:
        """Read a letter only where it is seen, and only when it is another one."""
        self._latest_view.display = kind is not None and not self.has_class("-short")
        if kind is None or not self._latest_view.display:
            return
        if kind.latest != self._latest_id:
            self._latest_id = kind.latest
            self._latest.restart()
        error = self._latest.error
        self._latest_view.tell(self._latest.value, self._now, str(error) if error is not None else "Reading it")

    def _expiry(self, snapshot: Snapshot) -> str:
        view = snapshot.by_name.get(self.queue)
        expires = view.stats.dead_expires_at if view is not None and view.counts.dead else None
        return f"the oldest is dropped in {say.duration(max(0.0, expires - snapshot.now))}" if expires else ""

    def _note(self) -> str:
        read = self._kinds.value
        if read is None:
            return ""
        if self._filter:
            return f"filter {self._filter!r}: {say.count(self._rows.total)} of {say.plural(len(read.items), 'kind')}"
        most = f"the {say.count(len(read.items))} with the most of {say.count(read.total)} kinds"
        kinds = most if len(read.items) < read.total else say.plural(read.total, "kind")
        return f"{kinds}, {say.plural(self._dead, 'letter')}"

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self._rows.total:
            return None
        if not self.queue:
            return Card(Absence.EMPTY, "No dead letters", "A task that fails for good is kept here.")
        if self._kinds.value is None:
            return self._card_without_kinds()
        if self._filter and self._kinds.value.items:
            return Card(Absence.FILTERED, f"No kind of error matches {self._filter!r}", "", "esc clears the filter")
        hint = f"U brings back {say.plural(last.count, 'letter')}" if (last := self.last_discard) else ""
        return Card(Absence.EMPTY, f"No dead letters in {self.queue}", "A task that fails for good is kept here.", hint)

    def _card_without_kinds(self) -> Card:
        error = self._kinds.error
        if isinstance(error, PermissionDenied):
            return Card(Absence.DENIED, f"You may not look into {self.queue}", error.cause, error.cure)
        if error is not None:
            return Card(Absence.ERROR, f"{self.queue} can't be read", str(error))
        return Card(Absence.CONNECTING, f"Reading {self.queue}")

    # --- keys ----------------------------------------------------------------------------------------

    def meant(self) -> Sequence[Meant]:
        """The kinds that are marked, or the one under the cursor."""
        return [
            Meant(kind.count, kind.pattern, {"fingerprint": kind.fingerprint}) for kind in self.table.marks_or_current()
        ]

    def offers(self, action: Action) -> bool:
        """Without kinds there are no letters."""
        return super().offers(action) and (action.name != "all-letters" or bool(self._rows.total))

    def do_retry(self) -> None:
        """Propose to retry all of the kinds."""
        if kinds := self.table.marks_or_current():
            self.propose(retry_kinds_plan(self.cleo_app.cleo, self.queue, kinds), self.after_change)

    def do_discard(self) -> None:
        """Propose to discard all of the kinds."""
        read = self._kinds.value
        if read is not None and (kinds := self.table.marks_or_current()):
            self.propose(discard_kinds_plan(self.cleo_app.cleo, self.queue, kinds, read.at), self.after_change)

    def do_all_letters(self) -> None:
        """List the letters of all kinds."""
        if self.queue:
            self.cleo_app.push_screen(LettersScreen(self.queue, None))

    def after_change(self) -> None:
        """Read the kinds anew, and what can be brought back."""
        self.table.marked.clear()
        self._kinds.renew()
        self._last.renew()

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self.choose_queue(message.word)

    def on_lazy_table_opened(self) -> None:
        """List the letters of the kind."""
        if kind := self.table.current:
            self.cleo_app.push_screen(LettersScreen(self.queue, kind))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        super().on_unmount()
        self._kinds.close()
        self._latest.close()


def _columns(now: Callable[[], float], dead: Callable[[], int]) -> Sequence[Column[DeadLetterKind]]:
    def last(kind: DeadLetterKind) -> Cell:
        seconds = max(0.0, now() - kind.last_at)
        return Cell(say.ago(seconds), Role.WARN if seconds < NEW else Role.PLAIN)

    def share(kind: DeadLetterKind) -> Cell:
        return Cell(say.percent(kind.count / dead()) if dead() else say.NOTHING, Role.MUTED)

    return (
        Column("letters", 8, lambda kind: Cell(say.count(kind.count), Role.STRONG), Side.RIGHT, flashes=True),
        Column("share", 5, share, Side.RIGHT, drop=1),
        Column("kind of error", 30, lambda kind: Cell(kind.pattern or "(no error told)", Role.BAD), grow=1),
        Column("last 24 h", PARTS, lambda kind: Cell(spark(kind.deaths, PARTS), Role.ACCENT), drop=3),
        Column("last", 10, last, Side.RIGHT),
        Column(
            "first", 10, lambda kind: Cell(say.ago(max(0.0, now() - kind.first_at)), Role.MUTED), Side.RIGHT, drop=2
        ),
    )


SPEC = ScreenSpec("6", "dead", "Dead letters", DeadLettersScreen, takes=queue_word, usage="[@QUEUE]", short="Dead")
