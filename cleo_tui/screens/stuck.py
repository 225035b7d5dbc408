"""The stuck tasks of all queues: why each looks stuck, in whose hands it is, and taking it back."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from cleo_core.models import StuckKind, StuckPage, StuckTask
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.pages import Listing
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.stuck_plans import key_of, recover_plan
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.copying import CopiesRow
from cleo_tui.screens.filtering import FiltersRows
from cleo_tui.screens.marking import MARK_ALL, MARKS, MarksRows
from cleo_tui.screens.of_queue import QUEUE_STEPS, queue_word
from cleo_tui.screens.stuck_columns import REASONS, columns
from cleo_tui.screens.task import TaskScreen
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice, ChoiceStrip
from cleo_tui.widgets.table import LazyTable

ALL = "all"
QUEUES_A_ROUND = 3
LOOK = 2_000
MOST = 500
STUCK_ACTIONS = (
    *COMMON,
    Action(
        "recover", ("R",), "Take the marked tasks, or the one under the cursor, from their workers.", label="recover",
        effect=Effect.CHANGES,
    ),
    replace(MARK_ALL, label="mark all"),
    *QUEUE_STEPS,
    *MARKS,
    Action("copy-id", ("c",), "Copy the id of the task."),
    Action("copy", ("y",), "Copy the task, its numbers and the reasons as JSON."),
)  # fmt: skip
_NEED_A_TASK = {"recover", "copy", "copy-id"}
_ORDER = tuple(StuckKind)


class StuckScreen(MarksRows, FiltersRows, CopiesRow):
    """The stuck tasks, those that nobody is at work on first. What it reads changes nothing.

    A round reads some of the queues that have running tasks, in turns, and of each those whose leases end first.
    """

    TITLE = "Stuck"
    noun = "stuck task"
    ACTIONS = STUCK_ACTIONS
    BINDINGS = bindings_of(STUCK_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._queue = ALL
        self._pages: dict[str, StuckPage] = {}
        self._turns: deque[str] = deque()
        self._rows = Listing[StuckTask](key_of)
        self.table = LazyTable[StuckTask](columns(self._past))
        self._pane = Pane(self.table)
        self._strip = ChoiceStrip()
        self._why = Static(id="why")
        self._reading = Reading(self._fetch, self.changed)

    def body(self) -> ComposeResult:
        """The queues, the list, and below it why the one under the cursor looks stuck."""
        yield self._strip
        yield self._pane
        yield self._why

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    @property
    def crumb(self) -> str:
        """The screen and the queue."""
        return "Stuck" if self._queue == ALL else f"Stuck / {self._queue}"

    @property
    def focus_queue(self) -> str | None:
        """The queue that is looked at, if it is one."""
        return None if self._queue == ALL else self._queue

    # --- what is listed ------------------------------------------------------------------------------

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the next queues anew."""
        if not self._reading.under_way:
            self._take_turns(snapshot)
            self._reading.refresh()

    def _take_turns(self, snapshot: Snapshot) -> None:
        """Have each queue that has running tasks read in its turn; what is known of the others is over."""
        running = [queue.name for queue in snapshot.queues if queue.counts.active]
        self._pages = {queue: page for queue, page in self._pages.items() if queue in running}
        known = set(self._turns)
        self._turns = deque(queue for queue in self._turns if queue in running)
        self._turns.extendleft(queue for queue in reversed(running) if queue not in known)

    async def _fetch(self) -> bool:
        turn = [self._turns[place] for place in range(min(QUEUES_A_ROUND, len(self._turns)))]
        self._turns.rotate(-len(turn))
        if self._queue in self._turns and self._queue not in turn:
            turn.append(self._queue)
        for queue in turn:
            self._pages[queue] = await self.cleo_app.cleo.workers.stuck(queue, limit=MOST, look=LOOK)
        return True

    def visit(self, words: Sequence[str]) -> None:
        """Show the stuck tasks of a queue: ``@emails``."""
        name = next((word.removeprefix("@") for word in words), ALL)
        if name == ALL or self.is_known(name):
            self._choose(name)

    def _choose(self, queue: str) -> None:
        self._queue = queue
        self.cleo_app.live.focus = self.focus_queue
        self.table.restart()
        self.last_marked = None
        self.changed()

    def _past(self, task: StuckTask) -> float:
        page = self._pages.get(task.queue)
        return max(0.0, self._now - page.at) if page is not None else 0.0

    # --- drawing -------------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and why the one under the cursor looks stuck."""
        self._now = snapshot.now
        matches = self.matcher()
        tasks = [
            task
            for queue, page in self._pages.items()
            if self._queue in {ALL, queue}
            for task in page.items
            if matches(_fields(task))
        ]
        tasks.sort(key=lambda task: (_ORDER.index(task.reasons[0].kind), task.lease, task.id))
        self._rows.replace(tasks)
        self.table.show(self._rows)
        self._strip.tell(self._choices(), tail="" if not self._pages else "running tasks are looked at in turns")
        title = "Stuck tasks" if self._queue == ALL else f"{self._queue} · stuck tasks"
        stale = self.stale(snapshot, self._reading.error, self._reading.age)
        self._pane.tell(title, self._note(snapshot), stale=stale, card=self._card(snapshot))
        self._tell_why()

    def _choices(self) -> list[Choice]:
        counts = {queue: len(page.items) for queue, page in sorted(self._pages.items())}
        named = [
            Choice(queue, say.count(count), chosen=queue == self._queue)
            for queue, count in counts.items()
            if count or queue == self._queue
        ]
        if self._queue not in {ALL, *counts}:
            named.append(Choice(self._queue, "0", chosen=True))
        return [Choice(ALL, say.count(sum(counts.values())), chosen=self._queue == ALL), *named]

    def _note(self, snapshot: Snapshot) -> str:
        pages = [page for queue, page in self._pages.items() if self._queue in {ALL, queue}]
        looked, total = sum(page.looked for page in pages), sum(page.total for page in pages)
        if not pages:
            return ""
        far = f"of {say.plural(total, 'running task')}"
        if looked < total:
            far = f"among the {say.count(looked)} of {say.plural(total, 'running task')} whose leases end first"
        if self._unread:
            far += f", {say.plural(self._unread, 'queue')} not looked at yet"
        if self._filter:
            return f"filter {self._filter!r}: {say.count(self._rows.total)}, {far}"
        return f"{say.count(self._rows.total)} {far}"

    @property
    def _unread(self) -> int:
        """How many queues that have running tasks have not had their turn yet."""
        return sum(queue not in self._pages for queue in self._turns)

    def _tell_why(self) -> None:
        task = self.table.current if self.table.display else None
        self._why.display = task is not None
        if task is None:
            return
        group = f" · group {task.group}" if task.group else ""
        where = f"   {task.queue}{group} · attempt {task.attempt} on {task.worker}"
        lines = [Content.assemble(inked(f"{task.name}  {task.id}", Role.STRONG), inked(where, Role.MUTED))]
        for reason in task.reasons:
            look = REASONS[reason.kind][1]
            lines.append(inked(f"{look.glyph} {reason.text}", look.role))
        self._why.update(Content("\n").join(lines))

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self._rows.total:
            return None
        if self._reading.error is not None:
            return Card(Absence.ERROR, "The stuck tasks can't be read", str(self._reading.error))
        running = snapshot.counts.active
        if running and (self._reading.value is None or self._unread):
            return Card(Absence.CONNECTING, f"Looking at {say.plural(running, 'running task')}")
        if self._filter and any(page.items for page in self._pages.values()):
            return Card(Absence.FILTERED, f"No stuck task matches {self._filter!r}", "", "esc clears the filter")
        where = "" if self._queue == ALL else f" in {self._queue}"
        text = (
            "No lease ran out, no worker is silent or blocked, nothing runs past its timeout or for more than three "
            "times what is usual."
        )
        return Card(Absence.EMPTY, f"Nothing is stuck{where}", text if running else "Nothing runs.")

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """Without a stuck task there is nothing to take back, and without a queue none to go on to."""
        if action in QUEUE_STEPS:
            return len(self._choices()) > 1
        return super().offers(action) and (action.name not in _NEED_A_TASK or self.table.current is not None)

    def _step(self, by: int) -> None:
        words = [choice.word for choice in self._choices()]
        self._choose(words[(words.index(self._queue) + by) % len(words)])

    def do_next_queue(self) -> None:
        """To the next queue that has stuck tasks."""
        self._step(1)

    def do_previous_queue(self) -> None:
        """To the queue before."""
        self._step(-1)

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self._choose(message.word)

    def do_recover(self) -> None:
        """Propose to take them back."""
        if tasks := self.table.marks_or_current():
            self.propose(recover_plan(self.cleo_app.cleo, tasks), self.after_change)

    def after_change(self) -> None:
        """What was taken back is not stuck any more; read it anew."""
        self.table.marked.clear()
        self._reading.renew()

    def on_lazy_table_opened(self) -> None:
        """Look into the task."""
        if task := self.table.current:
            self.cleo_app.push_screen(TaskScreen(task.queue, task.id))

    def on_lazy_table_moved(self) -> None:
        """Why the one under the cursor looks stuck is below."""
        self.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._reading.close()


def _fields(task: StuckTask) -> tuple[str, ...]:
    reasons = (REASONS[reason.kind][0] for reason in task.reasons)
    return (task.id, task.name, task.queue, task.group, task.worker, *reasons)


SPEC = ScreenSpec("7", "stuck", "Stuck", StuckScreen, takes=queue_word, usage="[@QUEUE]", short="Stuck")
