"""The groups of a queue: which wait, which run, what keeps each, and by which rules they take turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import PermissionDenied
from cleo_core.models import GroupInfo, GroupPage, GroupRules
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.group_plans import queue_rate_plan
from cleo_tui.data.group_settings import said
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Page, Paged
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.ask import AskScreen, Question
from cleo_tui.screens.base import COMMON, strategy_words
from cleo_tui.screens.copying import CopiesRow
from cleo_tui.screens.group_changes import GROUP_CHANGES, NONE, ChangesGroups, a_value
from cleo_tui.screens.group_columns import columns_of
from cleo_tui.screens.group_tasks import GroupTasksScreen
from cleo_tui.screens.history_key import SHOW_HISTORY, ShowsHistory
from cleo_tui.screens.matching import matcher
from cleo_tui.screens.of_queue import QUEUE_STEPS, QueueScreen, queue_word
from cleo_tui.widgets.group_head import GroupHead
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import ChoiceStrip
from cleo_tui.widgets.table import LazyTable

WINDOW = 120
FOUND_AT_MOST = 500
INVERTED_AT_MOST = 1_000
# A name is looked for among all groups, so not with every key, and again only after a while that its cost is small in.
TYPING = 0.15
SHARE_OF_TIME = 20.0
GROUPS_ACTIONS = (
    *(action for action in COMMON if action.name != "strategy"),
    *QUEUE_STEPS,
    Action(
        "strategy", ("s",), "Set how the groups take turns, seen before and after.", label="strategy",
        effect=Effect.CHANGES, takes=strategy_words, usage="[QUEUE] [STRATEGY] [ORDER]",
    ),
    *GROUP_CHANGES,
    Action(
        "queue-rate", ("Q",), "Limit how fast tasks of the whole queue are claimed.", label="queue rate",
        effect=Effect.CHANGES, takes=a_value, usage=f"[VALUE|{NONE}]",
    ),
    SHOW_HISTORY,
    Action("copy-name", ("c",), "Copy the name of the group."),
    Action("copy", ("y",), "Copy the group as JSON."),
)  # fmt: skip


class GroupsScreen(QueueScreen, ChangesGroups, CopiesRow, ShowsHistory):
    """The groups of a queue, those with most waiting tasks first. Of however many, a window is read."""

    TITLE = "Groups"
    ACTIONS = GROUPS_ACTIONS
    BINDINGS = bindings_of(GROUPS_ACTIONS)
    WANTS = Want.COUNTS
    noun = "group"
    FILTER_HINT = "part of a name, as it is written · ! inverts · esc clears "

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.head = GroupHead()
        self.table = LazyTable[GroupInfo](columns_of(lambda: self.now))
        self.table.sorted_by = "waiting"
        self.pane = Pane(self.table)
        self._paged = Paged[GroupInfo](self._fetch, lambda group: group.group, self._page_came, self._page_failed)
        self._paged.limit = WINDOW
        self._filter = ""
        self._find_at = 0.0
        self._rules: GroupRules | None = None
        self._all = 0
        self._error: Exception | None = None

    def body(self) -> ComposeResult:
        """The queues, the rules, the groups."""
        yield self.strip
        yield self.head
        yield self.pane

    @property
    def home(self) -> Widget:
        """The list."""
        return self.table

    # --- what is listed ------------------------------------------------------------------------------

    def restart(self) -> None:
        """List the groups of another queue."""
        self._rules, self._error, self._all = None, None, 0
        self._paged.reload()
        self.table.restart()
        self.table.show(self._paged)
        self.cleo_app.changed()

    async def _fetch(self, *, offset: int, limit: int, around: str | None) -> Page[GroupInfo]:
        groups = self.cleo_app.cleo.groups
        text = self._filter
        if not text:
            page = await groups.list(self.queue, offset=offset, limit=limit, around=around)
            self._all = page.total
        elif text.startswith("!"):
            page = await groups.list(self.queue, limit=INVERTED_AT_MOST)
            self._all = page.total
            matches = matcher(text)
            page = page.model_copy(update={"items": [group for group in page.items if matches((group.group,))]})
        else:
            page = await self._find(text)
        self._rules = page.rules
        total = len(page.items) if text else page.total
        return Page(page.offset, total, page.items, page.at)

    async def _find(self, text: str) -> GroupPage:
        await asyncio.sleep(TYPING)
        started = time.monotonic()
        page = await self.cleo_app.cleo.groups.find(self.queue, text, limit=FOUND_AT_MOST)
        ended = time.monotonic()
        self._find_at = ended + SHARE_OF_TIME * (ended - started)
        # They come by name; here, as everywhere on this screen, those with most waiting tasks are first.
        found = sorted(page.items, key=lambda group: -group.waiting)
        return page.model_copy(update={"items": found})

    def _page_came(self) -> None:
        self._error = None
        self.table.sync()
        self.cleo_app.changed()

    def _page_failed(self, error: Exception) -> None:
        self._error = error
        self.cleo_app.changed()

    # --- drawing -------------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Draw the rules and the list."""
        self.now = snapshot.now
        self.choose_first(snapshot)
        self.tell_queues(snapshot)
        self.head.tell(self._rules, self._all)
        self.table.redraw()
        stale = self.stale(snapshot, self._error, self._paged.age(snapshot.now))
        title = f"{self.queue} · groups" if self.queue else ""
        self.pane.tell(title, self._note(), stale=stale, card=self._card(snapshot))

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read the window anew."""
        if self.queue and not (self._filter and time.monotonic() < self._find_at):
            self._paged.refresh(self.table.cursor.key, self.table.scroll_offset.y)

    def _note(self) -> str:
        if not self._filter:
            return "most waiting first" if self._paged.total else ""
        found = say.plural(self._paged.total, "group")
        if self._filter.startswith("!"):
            some = f" among the {INVERTED_AT_MOST:,} with most waiting" if self._all > INVERTED_AT_MOST else ""
            return f"filter {self._filter!r}: {found}{some}"
        return f"filter {self._filter!r}: {found}" + (", the most shown" if self._paged.total == FOUND_AT_MOST else "")

    def _card(self, snapshot: Snapshot) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if not self.queue:
            return Card(Absence.EMPTY, "No queues yet", "A queue appears with its first task.")
        if self._paged.page is None:
            return self._card_without_page()
        if self._paged.total:
            return None
        if self._filter:
            return Card(Absence.FILTERED, f"No group matches {self._filter!r}", "", "esc clears the filter")
        text = "A group is listed while it has tasks that wait or run, or settings of its own."
        return Card(Absence.EMPTY, f"{self.queue} has no groups now", text, self.next_hint)

    def _card_without_page(self) -> Card:
        if isinstance(self._error, PermissionDenied):
            return Card(Absence.DENIED, f"You may not look into {self.queue}", self._error.cause, self._error.cure)
        if self._error is not None:
            return Card(Absence.ERROR, f"The groups of {self.queue} can't be read", str(self._error))
        return Card(Absence.CONNECTING, f"Reading the groups of {self.queue}")

    # --- filter --------------------------------------------------------------------------------------

    @property
    def filter_text(self) -> str:
        """What the names are searched for."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Show the groups whose name has the text in it, of all that there are."""
        if text != self._filter:
            self._filter = text
            if self.queue:
                self._paged.renew(self.table.cursor.key)
        self.cleo_app.changed()

    # --- changes -------------------------------------------------------------------------------------

    @property
    def group_in_hand(self) -> GroupInfo | None:
        """The one under the cursor."""
        return self.table.current

    @property
    def rules(self) -> GroupRules | None:
        """What all groups of the queue share."""
        return self._rules

    def after_change(self) -> None:
        """Read the window anew."""
        self._paged.renew(self.table.cursor.key)

    def offers(self, action: Action) -> bool:
        """Without a queue there are no rules to change."""
        if action.name in {"strategy", "queue-rate"}:
            return self._rules is not None
        return super().offers(action)

    @property
    def history_words(self) -> Sequence[str]:
        """The group under the cursor."""
        return ("group", group.group, f"@{self.queue}") if (group := self.table.current) else ()

    def do_queue_rate(self, *words: str) -> None:
        """Propose another rate limit of the queue."""
        rules, cleo, queue = self._rules, self.cleo_app.cleo, self.queue
        if rules is None:
            return
        if words:
            text = " ".join(words)
            self.propose(queue_rate_plan(cleo, queue, rules, "" if text == NONE else text), self.after_change)
            return
        limit = rules.queue_rate_limit
        facts: Sequence[str] = [f"Now: {said(limit)}."]
        hint = (
            "How many of its tasks are claimed in a time: 100/s, 60/m, 5/10s or 100/s burst 20. Left empty: no limit."
        )
        question = Question(f"Rate limit of {queue}", facts, hint, said(limit) if limit is not None else "")
        asking = AskScreen(question, lambda text: queue_rate_plan(cleo, queue, rules, text))
        self.cleo_app.push_screen(asking, self.telling(self.after_change))

    # --- keys ----------------------------------------------------------------------------------------

    def do_copy_name(self) -> None:
        """Copy the name."""
        if group := self.table.current:
            self.cleo_app.copy_to_clipboard(group.group)
            self.cleo_app.say(f"Copied {say.group(group.group)}.")

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self.choose_queue(message.word)

    def on_lazy_table_opened(self) -> None:
        """Look into its tasks."""
        if group := self.table.current:
            self.cleo_app.push_screen(GroupTasksScreen(self.queue, group, self._rules))

    def on_lazy_table_moved(self) -> None:
        """The place of the cursor is in the frame."""
        self.cleo_app.changed()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._paged.close()


SPEC = ScreenSpec("4", "groups", "Groups", GroupsScreen, takes=queue_word, usage="[@QUEUE]", short="Group")
