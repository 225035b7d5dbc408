"""The console's app: it owns the screens, the one follower of the server, and the pace at which things are drawn.

Its first frame must not wait for anything, so what speaks to the engine (and takes as long to import as the rest) is
imported by ``start`` in a thread once that frame is on screen.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import events
from textual.app import App, ScreenStackError
from textual.binding import BindingType
from textual.screen import Screen

from cleo_tui import crash, lifeline, resting
from cleo_tui.actions import Action, Actor, bindings_of
from cleo_tui.attention import Attention, Attentive
from cleo_tui.changing import reason_against
from cleo_tui.colours import Coloured
from cleo_tui.contexts import CONTEXT_ACTIONS, Contexts
from cleo_tui.exporting import EXPORT_ACTIONS, Exporting
from cleo_tui.going import GOING_ACTIONS, Going
from cleo_tui.pacing import Paced
from cleo_tui.profiles import Profile
from cleo_tui.replaying import NAMES, REPLAY_ACTIONS, Replaying
from cleo_tui.screens.opening import OpeningScreen
from cleo_tui.settings import ConsoleSettings
from cleo_tui.suspending import SUSPEND_ACTIONS, Suspending
from cleo_tui.theme import THEMES, VARIABLES
from cleo_tui.thrift import thrifty_driver
from cleo_tui.widgets.recall import Recall
from cleo_tui.widgets.topbar import Tab

if TYPE_CHECKING:
    from textual.driver import Driver

    from cleo_core import Cleo
    from cleo_tui.data.live import Live
    from cleo_tui.data.lookups import Lookups
    from cleo_tui.data.recording import Recorder
    from cleo_tui.data.snapshot import Snapshot
    from cleo_tui.screens.base import CleoScreen

GOODBYE = 1.0


def _theme_names(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    return () if words else sorted(THEMES)


EVERYWHERE = (
    Action("filter", ("slash",), "Filter what is shown by text.", label="filter"),
    Action("command", ("colon",), "Type a command.", label="command"),
    Action("refresh", ("r",), "Read everything anew; this never retries a task."),
    Action("palette", ("ctrl+p",), "Search all that can be done here."),
    Action("theme", (), "Change the colours.", takes=_theme_names, usage="NAME"),
    *CONTEXT_ACTIONS,
    *GOING_ACTIONS,
    *EXPORT_ACTIONS,
    *REPLAY_ACTIONS,
    Action("alerts", ("exclamation_mark",), "What wants looking at, and since when."),
    *SUSPEND_ACTIONS,
    Action("quit", ("q", "ctrl+q", "ctrl+c"), "End the console; the workers go on."),
    Action("help", ("question_mark",), "What can be done here, with which key.", label="help"),
)


class CleoApp(Paced, Coloured, Attentive, Contexts, Going, Exporting, Replaying, Suspending, App[None], Actor):
    """The console.

    Args:
        connect: makes the ``Cleo`` to look at; called in a thread, after the first frame.
        settings: how to behave.
        clock: this machine's clock, in seconds since the epoch; tests hand in their own.
        profile: what ``connect`` leads to, if that is known; it may want a password typed.
        record: the file to keep a recording in.
    """

    CSS_PATH = Path(__file__).with_name("cleo.tcss")
    TITLE = "Cleo"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in Textual
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (30, "-medium"), (45, "-tall")]  # noqa: RUF012 - as in Textual
    ACTIONS = EVERYWHERE
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(EVERYWHERE)

    def __init__(
        self,
        connect: Callable[[], Cleo] | None = None,
        *,
        settings: ConsoleSettings | None = None,
        clock: Callable[[], float] = time.time,
        profile: Profile | None = None,
        record: Path | None = None,
    ) -> None:
        super().__init__()
        self.record_to = record
        self.recorder: Recorder | None = None
        self.profile = profile
        self.settings = settings or (profile.settings if profile else ConsoleSettings())
        self.clock = clock
        self.animation_level = "none"
        for theme in THEMES.values():
            self.register_theme(theme)
        theme_name = self.theme_of(self.settings)
        self.set_reactive(App.theme, theme_name)
        # Which does not do what a theme that is chosen later does: set a class, and keep the terminal's own colours.
        self.add_class(f"-theme-{theme_name}")
        self.watch_theme()
        self.crash: BaseException | None = None
        self.snapshot: Snapshot | None = None
        self.engine_errors: tuple[type[Exception], ...] = ()
        self.tabs: Sequence[Tab] = ()
        self.wants_demo = False
        # The action that waits for the server, if it does so for long.
        self.under_way = ""
        self.lookups: Lookups | None = None
        self.recall = Recall()
        self._attention = Attention()
        self._screen_actions: Sequence[Action] = ()
        self._connect = connect
        self._cleo: Cleo | None = None
        self._live: Live | None = None
        self._follower: asyncio.Task[None] | None = None
        self._rounds_drawn = 0

    # --- starting ------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        """What writes to the terminal; it is spared what it has been told already."""
        return thrifty_driver(super().get_driver_class())

    def get_default_screen(self) -> Screen[Any]:
        """What is on screen before anything is known."""
        return OpeningScreen()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables have a value in every theme."""
        return super().get_theme_variable_defaults() | VARIABLES

    def on_mount(self) -> None:
        """All else follows after the first frame."""
        self.draw_all_on_resume()
        self.call_after_refresh(self._start)

    def behave(self, settings: ConsoleSettings) -> None:
        """Go by these settings from now on."""
        self.settings = settings
        self.theme = self.theme_of(settings)
        self.set_keymap({name: ",".join(keys) for name, keys in settings.keys.items()})

    def _start(self) -> None:
        # Not in the queue of the app's messages: a password may have to be typed first, which comes as messages.
        self.run_worker(self._begin(), name="begin")

    async def _begin(self) -> None:
        start = await asyncio.to_thread(import_module, "cleo_tui.start")
        await start.begin(self, self._connect)

    def enter(self, name: str, make: Callable[[], CleoScreen]) -> None:
        """Have a screen under a name."""
        cast("Any", self).add_mode(name, make)

    def offer(self, tabs: Sequence[Tab], actions: Sequence[Action]) -> None:
        """Name the screens that there are, and have their keys."""
        if not self.tabs:
            for action in actions:
                for key in action.keys:
                    self.bind(key, f"act('{action.name}')", description=action.help, show=False)
            self.set_interval(1.0, self._tick)
        self.tabs, self._screen_actions = tabs, actions

    def follow(self, cleo: Cleo, live: Live, lookups: Lookups) -> None:
        """Show what ``live`` tells of ``cleo`` from now on."""
        self._cleo, self._live, self._rounds_drawn = cleo, live, 0
        self.lookups = lookups
        self._attention = Attention()
        self._follower = asyncio.get_running_loop().create_task(live.run(), name="cleo-tui-follow")
        self._follower.add_done_callback(self._follower_ended)

    def _follower_ended(self, follower: asyncio.Task[None]) -> None:
        if not follower.cancelled() and (error := follower.exception()) is not None:
            self._handle_exception(error if isinstance(error, Exception) else RuntimeError(str(error)))

    async def let_go(self) -> None:
        """Let go of the server and of all that was learned of it."""
        follower, cleo = self._follower, self._cleo
        if self.lookups is not None:
            self.lookups.close()
        self._follower = self._cleo = self._live = self.snapshot = self.lookups = None
        if follower is not None:
            follower.cancel()
            await asyncio.wait([follower], timeout=GOODBYE)
        if cleo is not None:
            await cleo.close()

    async def on_unmount(self) -> None:
        """Let go of the server."""
        await self.let_go()
        if self.recorder is not None:
            self.recorder.close()

    def actions(self) -> Sequence[Action]:
        """The screens, and what can be done on each of them."""
        return (*self._screen_actions, *EVERYWHERE)

    def offers(self, action: Action) -> bool:
        """A filter is offered where there is something to filter."""
        front = self.front()
        if action.name in NAMES:
            return self.player is not None
        if action.name == "export":
            return front is not None and front.export_rows is not None and not self.is_web
        return self.offers_suspending(action) and (
            action.name != "filter" or (front is not None and front.filter_text is not None)
        )

    # --- what screens ask ----------------------------------------------------------------------------

    @property
    def cleo(self) -> Cleo:
        """What is looked at."""
        assert self._cleo is not None
        return self._cleo

    @property
    def live(self) -> Live:
        """The follower."""
        assert self._live is not None
        return self._live

    @property
    def read_only_reason(self) -> str:
        """Why nothing may be changed at all, or nothing if it may."""
        return self.reason_against(None)

    def reason_against(self, queue: str | None) -> str:
        """Why nothing may be changed in that queue (None: in any), or nothing if it may."""
        server = self.snapshot.server if self.snapshot else None
        return reason_against(queue, server, self.settings, replays=self.player is not None)

    @property
    def crumbs(self) -> list[str]:
        """The titles of the screens one came through."""
        return [crumb for screen in self.screen_stack if (crumb := getattr(screen, "crumb", ""))]

    def say(self, text: str) -> None:
        """Tell what was done. What was told before makes room, but not what could not be done."""
        for told in list(self._notifications):
            if told.severity == "information":
                self._unnotify(told, refresh=False)
        self.notify(text, markup=False, timeout=6)

    def warn(self, text: str) -> None:
        """Tell what could not be done; what was told before makes room."""
        self.clear_notifications()
        self.notify(text, severity="warning", markup=False, timeout=8)

    # --- drawing -------------------------------------------------------------------------------------

    @property
    def follows(self) -> bool:
        """Whether there is anything to draw from."""
        return self._live is not None

    def draw_frame(self) -> None:
        """Draw what is in front."""
        if self._live is None:
            return
        self.snapshot = self._live.snapshot()
        self._see_to_servers(self.snapshot)
        self._call_for_attention(self.snapshot)
        front = self.front()
        # Under a dialog nothing moves: what is asked about stays as it was.
        if front is None:
            return
        with self.batch_update():
            front.draw(self.snapshot)
        if self._live.rounds != self._rounds_drawn:
            self._rounds_drawn = self._live.rounds
            front.reconcile(self.snapshot)

    def came_to_front(self, screen: CleoScreen) -> None:
        """A screen is in front: read what it needs, and draw it now. The one before it may be gone."""
        resting.forget()
        if self._live is None:
            return
        self.live.wants = screen.WANTS
        self.live.focus = screen.focus_queue
        self.live.nudge()
        self.snapshot = self.live.snapshot()
        screen.draw(self.snapshot)

    # --- actions -------------------------------------------------------------------------------------

    def names_came(self) -> None:
        """Names that were looked up are there."""
        if front := self.front():
            front.prompt.hint_again()

    def front(self) -> CleoScreen | None:
        """The screen in front, unless it is a dialog or the app is ending."""
        try:
            screen = self.screen
        except ScreenStackError:
            return None
        return cast("CleoScreen", screen) if hasattr(screen, "draw") else None

    def on_key(self, event: events.Key) -> None:
        """What is typed right behind ``:`` or ``/`` is no key of the list, even if it was on its way there already."""
        front = self.front()
        if front is not None and front.prompt.takes(event):
            event.prevent_default()

    def do_filter(self) -> None:
        """Let a filter be typed."""
        if front := self.front():
            front.ask_filter()

    def do_command(self) -> None:
        """Let a command be typed."""
        if front := self.front():
            front.ask_command()

    def do_refresh(self) -> None:
        """Read everything anew, as soon as there is a server to read from."""
        if self._live is not None:
            self._live.nudge()

    def do_palette(self) -> None:
        """Search all that can be done here."""
        if front := self.front():
            front.open_palette()

    def do_alerts(self) -> None:
        """Say what wants looking at."""
        if front := self.front():
            front.open_alerts()

    def do_theme(self, name: str = "") -> None:
        """Change the colours."""
        if name not in THEMES:
            wrong = f"There is no theme {name!r}" if name else "Name a theme"
            self.warn(f"{wrong}. There are {', '.join(sorted(THEMES))}.")
            return
        self.theme = name

    def do_quit(self) -> None:
        """End."""
        self.exit()

    def do_help(self) -> None:
        """Say what can be done here."""
        if front := self.front():
            front.open_help()

    # --- the end -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """End, called from another thread because the terminal is gone."""
        self.call_later(self.exit, return_code=lifeline.CODE)

    def _fatal_error(self) -> None:
        """Textual would print every local variable, and with them the password; ``crash`` prints what may be seen."""
        self.bell()
        error = self._exception
        self.crash = error
        if error is not None:
            self._exit_renderables.append(crash.report(error))
        self._close_messages_no_wait()
