"""The servers that the console can be switched between, without a restart: ``:ctx NAME``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from textual.screen import ModalScreen

from cleo_tui.actions import Action
from cleo_tui.data.link import LinkState
from cleo_tui.profiles import Profile, ProfileError, Profiles, load
from cleo_tui.screens.opening import OpeningScreen

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.data.snapshot import Snapshot

T = TypeVar("T")
OPENING = "opening"
SERVERS = "servers"


def _profile_names(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    if words:
        return ()
    try:
        return sorted(load().by_name)
    except ProfileError:
        return ()


CONTEXT_ACTIONS = (
    Action("ctx", (), "Look at another server, by the name of its profile.", takes=_profile_names, usage="[NAME]"),
)


class Contexts:
    """The part of the app that changes what is looked at."""

    profile: Profile | None
    _welcomed = False

    @property
    def _app(self) -> CleoApp:
        return cast("CleoApp", self)

    @property
    def guessed(self) -> bool:
        """Whether nobody said where the server is."""
        return self.profile is not None and not self.profile.by_hand

    def profiles(self) -> Profiles | None:
        """The operator's profiles as the file holds them now; what is wrong with it is said."""
        try:
            return load()
        except ProfileError as error:
            self._app.warn(str(error))
            return None

    def do_ctx(self, name: str = "", *_more: str) -> None:
        """Switch to the profile of that name; without one, show which there are."""
        if self._app.player is not None:
            self._app.warn("This is a replay. Start the console on the other server.")
            return
        if not name:
            self._app.go(SERVERS)
            return
        profiles = self.profiles()
        if profiles is None:
            return
        try:
            profile = profiles.get(name)
        except ProfileError as error:
            self._app.warn(str(error))
            return
        # Not in the queue of a screen's messages: that screen is about to go.
        self._app.run_worker(self._switch_to(profile), name="ctx", group="ctx", exclusive=True)

    async def _switch_to(self, profile: Profile) -> None:
        from cleo_core.errors import CleoError  # noqa: PLC0415 - it is loaded by now, but not with the first frame
        from cleo_tui import start  # noqa: PLC0415

        app = self._app
        try:
            cleo = await start.open_profile(app, profile)
        except (ProfileError, CleoError) as error:
            app.warn(str(error))
            return
        if cleo is None:
            return
        await app.let_go()
        await self.clear_screens()
        self.profile, self._welcomed = profile, False
        before, asked = app.settings, profile.settings
        app.behave(
            replace(
                asked,
                frames=before.frames,
                only_looks=before.only_looks,
                read_only=asked.read_only or before.only_looks,
            )
        )
        await start.show(app, cleo)
        app.say(f"Now looking at {profile.name}.")

    async def clear_screens(self) -> None:
        """Let go of every screen, for each may hold something of the server that was looked at."""
        app = cast("Any", self)
        if OPENING not in app._modes:
            app.add_mode(OPENING, OpeningScreen)
        await app.switch_mode(OPENING)
        for mode in [mode for mode in app._modes if mode != OPENING]:
            await app.remove_mode(mode)

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Show a dialog and wait for its answer; not to be awaited in a handler of messages, which it would hold up."""
        answer: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

        def answered(result: T | None) -> None:
            if not answer.done():
                answer.set_result(result)

        self._app.push_screen(dialog, answered)
        return await answer

    def _see_to_servers(self, snapshot: Snapshot) -> None:
        """Where nobody said where the server is and none answers, say how to connect; not any more once one does."""
        app = self._app
        if not self.guessed or app.screen.is_modal:
            return
        missing = not snapshot.has_data and snapshot.link.trouble and snapshot.link.state is not LinkState.DENIED
        if missing and not self._welcomed:
            self._welcomed = True
            app.go(SERVERS)
        elif snapshot.has_data and self._welcomed and app.current_mode == SERVERS:
            self._welcomed = False
            app.go(app.tabs[0].name)

    def demand_demo(self) -> None:
        """End, and have the demo run in this place."""
        self._app.wants_demo = True
        self._app.exit()
