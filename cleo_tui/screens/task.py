"""One task, whole: why it is where it is, what it was given, how its attempts ended, what it said."""

from __future__ import annotations

from collections.abc import Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from cleo_core.errors import TaskNotFound
from cleo_core.models import TaskRecord, TaskState
from cleo_core.reasons import Explanation
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.dead_plans import discard_plan, retry_plan
from cleo_tui.data.live import Want
from cleo_tui.data.plans import Target, cancel_plan
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import task_sections
from cleo_tui.screens.base import COMMON, CleoScreen
from cleo_tui.screens.editing import EDIT, Editing
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.reasons import Reasons
from cleo_tui.widgets.section import Section
from cleo_tui.widgets.statecard import Absence, Card, StateCard

TASK_ACTIONS = (
    *COMMON,
    Action("scroll-down", ("j",), "Scroll down."),
    Action("scroll-up", ("k",), "Scroll up."),
    Action("scroll-first", ("g",), "To the beginning."),
    Action("scroll-last", ("G",), "To the end."),
    Action("copy-id", ("c",), "Copy the id of the task.", label="copy id"),
    Action("copy", ("y",), "Copy the task as JSON.", label="copy JSON"),
    Action("cancel", ("K",), "Cancel the task.", label="cancel", effect=Effect.CHANGES),
    Action("retry", ("R",), "Retry the dead letter.", label="retry", effect=Effect.CHANGES),
    EDIT,
    Action("discard", ("D",), "Discard the dead letter.", label="discard", effect=Effect.CHANGES),
)


class TaskScreen(CleoScreen):
    """The page of a task. It is read anew each round: others may retry a dead task, or bring back a discarded one."""

    ACTIONS = TASK_ACTIONS
    BINDINGS = bindings_of(TASK_ACTIONS)
    WANTS = Want.WORKERS
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, queue: str, task_id: str) -> None:
        super().__init__()
        self._queue, self._key = queue, task_id
        self._reading = Reading(self._fetch, self.changed)
        self._card = StateCard()
        self._told: TaskRecord | None = None
        self._parts = {name: Section() for name in task_sections.NAMES}
        self._why = Reasons()
        self._page = VerticalScroll(self._why, *self._parts.values(), id="task", classes="frame")

    @property
    def crumb(self) -> str:
        """Its name and the end of its id."""
        name = self._record.name if self._record else "task"
        return f"{name} {self._key[-8:]}"

    @property
    def focus_queue(self) -> str:
        """Its queue."""
        return self._queue

    @property
    def home(self) -> Widget:
        """The page."""
        return self._page

    def body(self) -> ComposeResult:
        """The page, or why there is none."""
        yield self._card
        yield self._page

    def on_mount(self) -> None:
        """Read it now."""
        self._reading.refresh()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read it anew."""
        self._reading.refresh()

    async def _fetch(self) -> tuple[TaskRecord, Explanation]:
        cleo = self.cleo_app.cleo
        return await cleo.queues.get_task(self._queue, self._key), await cleo.explain(self._key, self._queue)

    @property
    def _record(self) -> TaskRecord | None:
        """The task as it was read last."""
        return self._reading.value[0] if self._reading.value else None

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._reading.close()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the page."""
        card = self._card_instead(snapshot)
        self._card.display = card is not None
        self._page.display = card is None
        if card is not None:
            self._card.tell(card)
        elif self._reading.value is not None:
            record, explanation = self._reading.value
            stale = self.stale(snapshot, self._reading.error, self._reading.age)
            lower = inked("it is gone by now" if self._is_gone else stale, Role.WARN)
            tell_edges(self._page, inked(f"{record.name}  {self._key}", Role.STRONG), lower)
            self._why.tell(record.state, explanation.reasons)
            if record != self._told:
                self._told = record
                self._tell(task_sections.lasting(record))
            self._tell(task_sections.ageing(record, snapshot.now))

    def _tell(self, sections: Mapping[str, Content | None]) -> None:
        for name, content in sections.items():
            self._parts[name].tell(content)

    def _card_instead(self, snapshot: Snapshot) -> Card | None:
        if self._record is not None:
            return None
        error = self._reading.error
        if isinstance(error, TaskNotFound):
            return Card(Absence.EMPTY, "There is no such task any more", str(error), "esc goes back")
        if error is not None and snapshot.link.state.is_live:
            return Card(Absence.ERROR, "The task can't be read", str(error), "esc goes back")
        return self.card_without_data(snapshot) or Card(Absence.CONNECTING, f"Reading {self._key}")

    # --- keys ----------------------------------------------------------------------------------------

    def do_scroll_down(self) -> None:
        """Scroll down."""
        self._page.scroll_down(animate=False)

    def do_scroll_up(self) -> None:
        """Scroll up."""
        self._page.scroll_up(animate=False)

    def do_scroll_first(self) -> None:
        """To the beginning."""
        self._page.scroll_home(animate=False)

    def do_scroll_last(self) -> None:
        """To the end."""
        self._page.scroll_end(animate=False)

    def do_copy_id(self) -> None:
        """Copy the id."""
        self.cleo_app.copy_to_clipboard(self._key)
        self.cleo_app.say(f"Copied {self._key}.")

    def do_copy(self) -> None:
        """Copy all of it."""
        if self._record is not None:
            self.cleo_app.copy_to_clipboard(self._record.model_dump_json(indent=2))
            self.cleo_app.say("Copied the task as JSON.")

    def offers(self, action: Action) -> bool:
        """What has ended can't be cancelled, only a dead letter retried or discarded, and what is gone nothing."""
        state = self._record.state if self._record and not self._is_gone else None
        if action.name in {"retry", "discard", "edit"}:
            return state is TaskState.DEAD
        return action.name != "cancel" or (state is not None and not state.is_final)

    @property
    def _is_gone(self) -> bool:
        return isinstance(self._reading.error, TaskNotFound)

    def _target(self) -> Target:
        name = self._record.name if self._record else "task"
        return Target(self._key, f"{name}  {self._key}")

    def do_cancel(self) -> None:
        """Propose to cancel it."""
        if self._record is None or self._record.state.is_final or self._is_gone:
            self.cleo_app.warn("The task has ended, so there is nothing to cancel.")
            return
        self.propose(cancel_plan(self.cleo_app.cleo, self._queue, [self._target()]), self._reading.renew)

    def do_retry(self) -> None:
        """Propose to retry it."""
        if self._is_dead():
            self.propose(retry_plan(self.cleo_app.cleo, self._queue, [self._target()]), self._reading.renew)

    def do_edit(self) -> None:
        """Edit its arguments, and propose to retry it with them."""
        if self._is_dead() and self._record is not None:
            Editing(self, self._queue, self._target(), self._record.arguments, self._reading.renew).begin()

    def do_discard(self) -> None:
        """Propose to discard it."""
        if self._is_dead():
            self.propose(discard_plan(self.cleo_app.cleo, self._queue, [self._target()]), self._reading.renew)

    def _is_dead(self) -> bool:
        dead = self._record is not None and self._record.state is TaskState.DEAD and not self._is_gone
        if not dead:
            self.cleo_app.warn("Only a dead letter can be retried or discarded.")
        return dead
