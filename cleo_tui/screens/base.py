"""The frame that every screen with a key shares: bars, banner, prompt, and the hooks that the app calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.command import CommandPalette
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from cleo_core import GroupOrder, GroupStrategy
from cleo_core.errors import ServerError
from cleo_tui import say
from cleo_tui.actions import Action, Actor, Effect, actions_in_reach, app_of, bindings_of, perform
from cleo_tui.commands import ActionProvider, candidates_for, run_line
from cleo_tui.data.export import fields_of
from cleo_tui.data.link import LinkState
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Rows
from cleo_tui.data.plans import Plan, Report, pause_plan, resume_plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.alerts import AlertsScreen
from cleo_tui.screens.compare import strategy_screen
from cleo_tui.screens.confirm import ConfirmScreen, ReportScreen
from cleo_tui.screens.help import HelpScreen
from cleo_tui.touching import TouchedOnly
from cleo_tui.widgets.banner import Banner
from cleo_tui.widgets.keybar import KeyBar, in_order
from cleo_tui.widgets.looks import HEALTHS
from cleo_tui.widgets.prompt import Prompt, Purpose
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable
from cleo_tui.widgets.topbar import AlertCount, TopBar, since_of

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp


def queue_names(snapshot: Snapshot) -> list[str]:
    """The names of the queues, to complete from."""
    return [queue.name for queue in snapshot.queues]


def _count_of(snapshot: Snapshot) -> AlertCount | None:
    if not snapshot.alerts:
        return None
    look = HEALTHS[snapshot.alerts[0].health]
    return AlertCount(len(snapshot.alerts), look.glyph, look.role)


def _queue_words(words: Sequence[str], snapshot: Snapshot) -> Sequence[str]:
    return queue_names(snapshot) if not words else ("pause", "resume") if len(words) == 1 else ()


def strategy_words(words: Sequence[str], snapshot: Snapshot) -> Sequence[str]:
    """Completes what ``:strategy`` takes: a queue, a strategy, an order."""
    return (queue_names(snapshot), tuple(GroupStrategy), tuple(GroupOrder), ())[min(len(words), 3)]


PAUSE_BY_NAME = Action("pause-queue", (), "Pause a queue.", effect=Effect.CHANGES)
RESUME_BY_NAME = Action("resume-queue", (), "Resume a queue.", effect=Effect.CHANGES)
COMMON = (
    Action("back", ("escape",), "Back to where you came from, or clear the filter."),
    Action("queue", (), "Look into, pause or resume a queue.", takes=_queue_words, usage="NAME [pause|resume]"),
    Action(
        "strategy", (), "Set how the groups of a queue take turns, seen before and after.", effect=Effect.CHANGES,
        takes=strategy_words, usage="QUEUE [STRATEGY] [ORDER]",
    ),
)  # fmt: skip


class CleoScreen(Screen[None], Actor):
    """A screen. It composes its ``body``, draws in ``show``, and fetches what only it needs in ``reconcile``.

    One without a place in the bar may be part of another one (``PART_OF``), which Esc leads back to.
    """

    ACTIONS: ClassVar[tuple[Action, ...]] = COMMON
    BINDINGS = bindings_of(COMMON)
    WANTS: ClassVar[Want] = Want.COUNTS
    AUTO_FOCUS = "LazyTable"
    PART_OF: ClassVar[str] = ""
    FILTER_HINT: ClassVar[str] = "! inverts · enter keeps · esc clears "

    def __init__(self) -> None:
        super().__init__()
        self._compositor = TouchedOnly()
        self.top_bar, self.banner, self.prompt, self.key_bar = TopBar(), Banner(), Prompt(), KeyBar()

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        yield self.top_bar
        yield self.banner
        with Vertical(id="body"):
            yield from self.body()
        yield self.prompt
        yield self.key_bar

    def body(self) -> ComposeResult:
        """What the screen is about."""
        raise NotImplementedError

    @property
    def crumb(self) -> str:
        """What the breadcrumbs call this screen."""
        return self.title or ""

    @property
    def cleo_app(self) -> CleoApp:
        """The app."""
        return app_of(self)

    def changed(self) -> None:
        """Something new is to be drawn, with the next frame."""
        self.cleo_app.changed()

    # --- hooks ---------------------------------------------------------------------------------------

    @property
    def focus_queue(self) -> str | None:
        """The queue that has to be read each round, because the screen is about it."""
        return None

    @property
    def queue_at_hand(self) -> str | None:
        """The queue that a key would change; not every Redis user may change each queue."""
        return self.focus_queue

    @property
    def is_paused(self) -> bool:
        """Whether what ``P`` changes here is paused, so that the key resumes it."""
        return False

    @property
    def home(self) -> Widget | None:
        """What has the focus when nothing is typed."""
        return None

    def show(self, snapshot: Snapshot) -> None:
        """Draw what is new."""

    def reconcile(self, snapshot: Snapshot) -> None:
        """A round of reading is over: fetch what only this screen needs."""

    def visit(self, words: Sequence[str]) -> None:
        """Show what a command asked for, such as ``dead @emails``."""

    def filter_by(self, text: str) -> None:
        """Show only what has the text in it; nothing typed shows all."""

    @property
    def filter_text(self) -> str | None:
        """The filter that holds, or None if the screen has nothing to filter."""
        return None

    def is_known(self, queue: str) -> bool:
        """Whether there may be such a queue; if not, that is said."""
        snapshot = self.cleo_app.snapshot
        known = snapshot is None or snapshot.may_have(queue)
        if not known:
            self.cleo_app.warn(f"There is no queue {queue!r} in this namespace.")
        return known

    # --- the frame -----------------------------------------------------------------------------------

    def draw(self, snapshot: Snapshot) -> None:
        """Draw the frame and the screen."""
        app = self.cleo_app
        link = snapshot.link
        since = since_of(link, snapshot.taken_at)
        self.top_bar.tell(
            crumbs=app.crumbs,
            link=link,
            since=since,
            read_only=app.reason_against(self.queue_at_hand) if app.settings.read_only or snapshot.server else "",
            profile=app.settings.profile,
            production=app.settings.production,
            alerts=_count_of(snapshot),
        )
        self.top_bar.offer(app.tabs, getattr(app.screen_stack[0], "PART_OF", "") or app.current_mode)
        self.banner.tell(link, snapshot.taken_at, app.replay_text(), app.settings.if_lost)
        self.set_class(snapshot.has_data and not link.state.is_live, "-old")
        self.show(snapshot)
        self.offer_keys()

    def offer_keys(self) -> None:
        """Show the keys for what has the focus."""
        if typing := self.prompt.keys:
            self.key_bar.offer(typing)
            return
        seen: dict[str, Action] = {}
        for _, action in actions_in_reach(self):
            if action.label:
                seen.setdefault(action.keys[0], action)
        self.key_bar.offer(in_order(seen.values()))

    def label_of(self, action: Action) -> str:
        """What is paused already can only be resumed."""
        return "resume" if action.name == "pause" and self.is_paused else super().label_of(action)

    def on_descendant_focus(self) -> None:
        """The keys depend on what has the focus."""
        self.offer_keys()

    def on_screen_resume(self) -> None:
        """The screen is in front (again)."""
        self.cleo_app.came_to_front(self)

    def on_screen_suspend(self) -> None:
        """What was told before a dialog came up would lie over the dialog."""
        if self.cleo_app.screen.is_modal:
            self.cleo_app.clear_notifications()
            self.query("Toast").remove()

    def card_without_data(self, snapshot: Snapshot) -> Card | None:
        """What to say as long as nothing was ever read."""
        link = snapshot.link
        if snapshot.has_data:
            return None
        if link.state is LinkState.CONNECTING or link.trouble is None:
            return Card(Absence.CONNECTING, f"Connecting to {link.address}", hint="It will be tried until it answers.")
        wait = max(0, round((link.retry_at or 0) - snapshot.taken_at))
        cure = self.cleo_app.settings.if_lost or link.trouble.cure
        hint = f"{cure}\nTrying again in {wait} s." if wait else f"{cure}\nTrying again now."
        cause = link.trouble.cause[:1].upper() + link.trouble.cause[1:]
        if link.state is LinkState.DENIED:
            return Card(Absence.DENIED, f"{link.address} does not let you in", cause, hint)
        return Card(Absence.ERROR, f"{link.address} does not answer", cause, hint)

    def stale(self, snapshot: Snapshot, error: Exception | None, age: float) -> str:
        """What to say of data that can't be read anew: how old it is, and why. Of a lost server the banner says it."""
        if error is None or not snapshot.link.state.is_live:
            return ""
        why = error.cause if isinstance(error, ServerError) else str(error)
        return f"{say.duration(round(age))} old: {why}" if isfinite(age) else f"not read yet: {why}"

    # --- changes -------------------------------------------------------------------------------------

    def propose(self, plan: Plan, then: Callable[[], None] = lambda: None) -> None:
        """Have a plan confirmed and carried out, say what came of it, and do ``then`` if anything was attempted."""
        self.cleo_app.push_screen(ConfirmScreen(plan), self.telling(then))

    def telling(self, then: Callable[[], None] = lambda: None) -> Callable[[Report | None], None]:
        """What a dialog calls with its report: says what came of it, and does ``then`` if anything was attempted."""

        def done(report: Report | None) -> None:
            if report is None:
                return
            then()
            self.cleo_app.live.nudge()
            if report.failures or report.broken_off:
                self.cleo_app.push_screen(ReportScreen(report))
            else:
                self.cleo_app.say(report.text)

        return done

    # --- keys ----------------------------------------------------------------------------------------

    def do_back(self) -> None:
        """Clear the filter, or else go back."""
        if self.filter_text:
            self.filter_by("")
        elif len(self.cleo_app.screen_stack) > 1:
            self.cleo_app.pop_screen()
        elif back := self.cleo_app.came_from or self.PART_OF:
            self.cleo_app.go(back)

    async def do_queue(self, name: str = "", verb: str = "") -> None:
        """Look into a queue, or change it."""
        if not name:
            self.cleo_app.warn("Name a queue: `:queue emails`, `:queue emails pause` or `:queue emails resume`.")
        elif verb == "pause":
            await perform(self, PAUSE_BY_NAME, (name,))
        elif verb == "resume":
            await perform(self, RESUME_BY_NAME, (name,))
        elif verb:
            self.cleo_app.warn(f"A queue can be paused or resumed, but not {verb!r}.")
        else:
            self.cleo_app.go("tasks", f"@{name}")

    def do_pause_queue(self, name: str) -> None:
        """Propose to pause a queue."""
        self.propose(pause_plan(self.cleo_app.cleo, [name]))

    def do_resume_queue(self, name: str) -> None:
        """Propose to resume a queue."""
        self.propose(resume_plan(self.cleo_app.cleo, [name]))

    async def do_strategy(self, *words: str) -> None:
        """Let a strategy be chosen for a queue: the one that is named, or the one that is looked at."""
        snapshot = self.cleo_app.snapshot
        named = bool(words) and snapshot is not None and words[0] in snapshot.names
        queue = words[0] if named else self.focus_queue
        wanted = words[1:] if named else words
        if queue is None:
            self.cleo_app.warn("Name a queue: `:strategy emails` or `:strategy emails fifo`.")
            return
        screen = await strategy_screen(self.cleo_app.cleo, queue, wanted)
        self.cleo_app.push_screen(screen, self.telling(self.after_change))

    def after_change(self) -> None:
        """Something was changed that the screen may show: read it anew."""

    @property
    def export_rows(self) -> Rows[Any] | None:
        """The list that ``:export`` writes, or None if there is none here."""
        tables = cast("list[LazyTable[Any]]", [*self.query("LazyTable")])
        return tables[0].rows if tables else None

    def exports(self, row: Any) -> bool:
        """Whether a row of that list matches the filter, where the list itself does not see to that."""
        return True

    def export_fields(self, row: Any) -> Mapping[str, object]:
        """What is written of a row."""
        return fields_of(row)

    def ask_filter(self) -> None:
        """Let a filter be typed."""
        if self.filter_text is not None:
            self.prompt.open(Purpose.FILTER, self.filter_text, lambda _text: (), self.FILTER_HINT)

    def ask_command(self, text: str = "") -> None:
        """Let a command be typed, behind what it begins with."""
        self.prompt.open(Purpose.COMMAND, text, self._candidates)

    def open_palette(self) -> None:
        """Search all that can be done here."""
        self.cleo_app.push_screen(CommandPalette(providers=[ActionProvider], placeholder="What do you want to do?"))

    def open_alerts(self) -> None:
        """Say what wants looking at."""
        if (snapshot := self.cleo_app.snapshot) is not None:
            self.cleo_app.push_screen(AlertsScreen(snapshot))

    def open_help(self) -> None:
        """Say what can be done here."""
        self.cleo_app.push_screen(HelpScreen(self))

    def _candidates(self, text: str) -> Sequence[str]:
        return candidates_for(self, text)

    def _back_to_work(self) -> None:
        # At once: what was entered may want something else to be typed.
        self.set_focus(self.home)

    def on_prompt_typed(self, message: Prompt.Typed) -> None:
        """A filter works while it is typed."""
        if message.purpose is Purpose.FILTER:
            self.filter_by(message.text)

    async def on_prompt_entered(self, message: Prompt.Entered) -> None:
        """Keep the filter, or do what was commanded."""
        self._back_to_work()
        if message.purpose is Purpose.COMMAND:
            await run_line(self, message.text)

    def on_prompt_left(self, message: Prompt.Left) -> None:
        """Esc clears a filter."""
        self._back_to_work()
        if message.purpose is Purpose.FILTER:
            self.filter_by("")

    async def on_key_bar_pressed(self, message: KeyBar.Pressed) -> None:
        """Do what was clicked on."""
        if message.action in self.prompt.keys:
            await self.prompt.press(message.action.name)
            return
        for actor, action in actions_in_reach(self):
            if action == message.action:
                await perform(actor, action)
                return

    def on_top_bar_chosen(self, message: TopBar.Chosen) -> None:
        """Go to the screen that was clicked on."""
        self.cleo_app.go(message.screen_name)
