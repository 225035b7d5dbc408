"""All queues with their numbers: which is deep, which is slow, which is paused."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Listing
from cleo_tui.data.plans import pause_plan, resume_plan
from cleo_tui.data.snapshot import QueueView, Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.screens.history_key import SHOW_HISTORY, ShowsHistory
from cleo_tui.screens.queue_columns import ALL
from cleo_tui.screens.sorting import Key, SortsRows, sorts_by
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable

ORDERS: dict[str, Key[QueueView]] = {
    "queue": lambda queue: queue.name,
    "state": lambda queue: -queue.health,
    "waiting": lambda queue: -queue.counts.waiting,
    "dead": lambda queue: -queue.counts.dead,
    "out": lambda queue: -queue.rates.completed,
    "fail": lambda queue: -(queue.rates.failures or 0),
    "oldest": lambda queue: -(queue.oldest or 0),
}
QUEUE_ACTIONS = (
    *COMMON,
    Action("pause", ("P",), "Pause the queue, or resume it if it is paused.", label="pause", effect=Effect.CHANGES),
    SHOW_HISTORY,
    *sorts_by(ORDERS),
)


class QueuesScreen(FiltersRows, SortsRows[QueueView], ShowsHistory):
    """The queues."""

    TITLE = "Queues"
    ACTIONS = QUEUE_ACTIONS
    BINDINGS = bindings_of(QUEUE_ACTIONS)
    WANTS = Want.MINUTES | Want.WORKERS
    orders = ORDERS
    order = "queue"

    def __init__(self) -> None:
        super().__init__()
        self._rows = Listing[QueueView](lambda queue: queue.name)
        self.table = LazyTable[QueueView](ALL)
        self._pane = Pane(self.table)

    def body(self) -> ComposeResult:
        """One list."""
        yield self._pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list."""
        matches = self.matcher()
        found = (queue for queue in snapshot.queues if matches((queue.name, queue.health.word)))
        shown = self.sorted_rows(found, lambda queue: queue.name)
        self._rows.replace(shown)
        self.table.show(self._rows)
        total = snapshot.queue_total
        note = self.filter_note(len(shown), total, "queue") if self._filter else say.plural(total, "queue")
        if len(snapshot.queues) < total:
            note += f", {say.count(len(snapshot.queues))} read so far"
        card = self.card_without_data(snapshot) or self._card_without_rows(snapshot)
        self._pane.tell("Queues", note if snapshot.has_data and total else "", card=card)

    def _card_without_rows(self, snapshot: Snapshot) -> Card | None:
        if self._rows.total:
            return None
        if snapshot.queues:
            return Card(Absence.FILTERED, f"No queue matches {self._filter!r}", "", "esc clears the filter")
        if snapshot.denied:
            return Card(Absence.DENIED, "You may not look into any queue here", next(iter(snapshot.denied.values())))
        return Card(Absence.EMPTY, "No queues yet", "A queue appears with its first task.")

    def on_lazy_table_moved(self) -> None:
        """What may be done to one queue may not be done to another."""
        self.changed()

    def on_lazy_table_opened(self) -> None:
        """Look into the queue's tasks."""
        queue = self.table.current
        if queue is not None:
            self.cleo_app.go_in("tasks", f"@{queue.name}")

    def export_fields(self, row: QueueView) -> dict[str, object]:
        """The columns with their numbers whole."""
        counts, rates = row.counts, row.rates
        return {
            "queue": row.name, "state": row.health.word, "waiting": counts.waiting, "active": counts.active,
            "delayed": counts.delayed, "dead": counts.dead, "in_per_s": rates.enqueued, "out_per_s": rates.completed,
            "failures": rates.failures, "oldest_s": row.oldest, "drain_s": row.drain.seconds, "workers": row.workers,
        }  # fmt: skip

    @property
    def queue_at_hand(self) -> str | None:
        """The one under the cursor."""
        return queue.name if (queue := self.table.current) else None

    @property
    def history_words(self) -> Sequence[str]:
        """The queue under the cursor."""
        return (f"@{queue.name}",) if (queue := self.table.current) else ()

    @property
    def is_paused(self) -> bool:
        """Whether the queue under the cursor is."""
        return (queue := self.table.current) is not None and queue.stats.paused

    def offers(self, action: Action) -> bool:
        """Without a queue there is none to pause."""
        return super().offers(action) and (action.name != "pause" or self.table.current is not None)

    def do_pause(self) -> None:
        """Propose to pause or resume the queue under the cursor."""
        queue = self.table.current
        if queue is not None:
            plan = resume_plan if self.is_paused else pause_plan
            self.propose(plan(self.cleo_app.cleo, [queue.name]))


SPEC = ScreenSpec("2", "queues", "Queues", QueuesScreen, short="Queue")
