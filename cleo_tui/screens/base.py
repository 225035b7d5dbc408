"""The frame that every screen with a key shares: bars, banner, prompt, and the hooks that the app calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen

from cleo_tui.actions import Action, Actor, actions_in_reach, app_of, bindings_of, perform
from cleo_tui.commands import candidates_for, run_line
from cleo_tui.data.link import LinkState
from cleo_tui.data.live import Want
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.widgets.banner import Banner
from cleo_tui.widgets.keybar import KeyBar
from cleo_tui.widgets.prompt import Prompt, Purpose
from cleo_tui.widgets.statecard import Card, Look
from cleo_tui.widgets.topbar import TopBar, since_of

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp

BACK = Action("back", ("escape",), "Back to where you came from.")


class CleoScreen(Screen[None], Actor):
    """A screen. It composes its ``body``, draws in ``show``, and fetches what only it needs in ``reconcile``."""

    ACTIONS: ClassVar[tuple[Action, ...]] = (BACK,)
    BINDINGS = bindings_of(ACTIONS)
    WANTS: ClassVar[Want] = Want.COUNTS
    AUTO_FOCUS = "LazyTable"

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        yield TopBar()
        yield Banner()
        with Vertical(id="body"):
            yield from self.body()
        yield Prompt()
        yield KeyBar()

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

    # --- hooks ---------------------------------------------------------------------------------------

    @property
    def focus_queue(self) -> str | None:
        """The queue that has to be read each round, because the screen is about it."""
        return None

    def show(self, snapshot: Snapshot) -> None:
        """Draw what is new."""

    def reconcile(self, snapshot: Snapshot) -> None:
        """A round of reading is over: fetch what only this screen needs."""

    def filter_by(self, text: str) -> None:
        """Show only what has the text in it; nothing typed shows all."""

    @property
    def filter_text(self) -> str | None:
        """The filter that holds, or None if the screen has nothing to filter."""
        return None

    # --- the frame -----------------------------------------------------------------------------------

    def draw(self, snapshot: Snapshot) -> None:
        """Draw the frame and the screen."""
        app = self.cleo_app
        link = snapshot.link
        bar = self.query_one(TopBar)
        bar.tell(
            crumbs=app.crumbs, link=link, since=since_of(link, snapshot.taken_at), read_only=app.read_only_reason
        )
        bar.offer(app.tabs, app.current_mode)
        self.query_one(Banner).tell(link, snapshot.taken_at)
        self.set_class(snapshot.has_data and not link.state.is_live, "-old")
        self.show(snapshot)
        self.offer_keys()

    def offer_keys(self) -> None:
        """Show the keys for what has the focus."""
        seen: dict[str, Action] = {}
        for _, action in actions_in_reach(self):
            if action.label:
                seen.setdefault(action.keys[0], action)
        self.query_one(KeyBar).offer(list(seen.values()))

    def on_descendant_focus(self) -> None:
        """The keys depend on what has the focus."""
        self.offer_keys()

    def on_screen_resume(self) -> None:
        """The screen is in front (again)."""
        self.cleo_app.came_to_front(self)

    def card_without_data(self, snapshot: Snapshot) -> Card | None:
        """What to say as long as nothing was ever read."""
        link = snapshot.link
        if snapshot.has_data:
            return None
        if link.state is LinkState.CONNECTING or link.trouble is None:
            return Card(Look.CONNECTING, f"Connecting to {link.address}", hint="It will be tried until it answers.")
        wait = max(0, round((link.retry_at or 0) - snapshot.taken_at))
        hint = f"{link.trouble.cure}\nTrying again in {wait} s." if wait else f"{link.trouble.cure}\nTrying again now."
        cause = link.trouble.cause[:1].upper() + link.trouble.cause[1:]
        if link.state is LinkState.DENIED:
            return Card(Look.DENIED, f"{link.address} does not let you in", cause, hint)
        return Card(Look.ERROR, f"{link.address} does not answer", cause, hint)

    # --- keys ----------------------------------------------------------------------------------------

    def do_back(self) -> None:
        """Clear the filter, or else go back."""
        if self.filter_text:
            self.filter_by("")
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def ask_filter(self) -> None:
        """Let a filter be typed."""
        if self.filter_text is not None:
            hint = "! inverts · enter keeps · esc clears "
            self.query_one(Prompt).open(Purpose.FILTER, self.filter_text, lambda _text: (), hint)

    def ask_command(self) -> None:
        """Let a command be typed."""
        self.query_one(Prompt).open(Purpose.COMMAND, "", self._candidates)

    def _candidates(self, text: str) -> Sequence[str]:
        return candidates_for(self, text)

    def _back_to_work(self) -> None:
        table = self.query("LazyTable")
        if table:
            table.first().focus()
        else:
            self.set_focus(None)

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
        for actor, action in actions_in_reach(self):
            if action is message.action:
                await perform(actor, action)
                return

    def on_top_bar_chosen(self, message: TopBar.Chosen) -> None:
        """Go to the screen that was clicked on."""
        self.cleo_app.go(message.screen_name)


