"""Brings the console to life once its first frame is on screen; importing this imports the engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cleo_core import Cleo, RedisSettings
from cleo_core.errors import CleoError
from cleo_tui import crash, resting
from cleo_tui.actions import Action
from cleo_tui.data.live import Live
from cleo_tui.data.lookups import Lookups
from cleo_tui.data.recording import Recorder, RecordingError
from cleo_tui.profiles import Profile, ProfileError
from cleo_tui.screens import ScreenSpec, discover
from cleo_tui.screens.password import PasswordScreen
from cleo_tui.widgets.topbar import Tab

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp


async def begin(app: CleoApp, connect: Callable[[], Cleo] | None) -> None:
    """Connect, and show the first screen. Without ``connect``, the app's profile says where to."""
    # What the engine logs about lost connections is on screen already; on the terminal it would be in the way.
    logging.getLogger("cleo").addHandler(logging.NullHandler())
    app.engine_errors = (CleoError,)
    try:
        if connect is not None:
            cleo = await asyncio.to_thread(_opened, connect)
        else:
            assert app.profile is not None
            cleo = await open_profile(app, app.profile)
    except (CleoError, ProfileError) as error:
        app.exit(return_code=2, message=crash.without_passwords(str(error)))
        return
    if cleo is None:
        app.exit()
        return
    app.behave(app.settings)
    if app.record_to is not None:
        try:
            app.recorder = Recorder(app.record_to, cleo, app.clock, app.warn)
        except RecordingError as error:
            app.exit(return_code=2, message=str(error))
            return
    await show(app, cleo)


async def open_profile(app: CleoApp, profile: Profile) -> Cleo | None:
    """Make the ``Cleo`` of a profile; None if its password was to be typed and was not.

    Raises:
        ProfileError, CleoError: the profile can't be used.
    """
    password = profile.password()
    if profile.ask_password:
        password = await app.ask(PasswordScreen(profile.name))
        if password is None:
            return None
    if password:
        crash.keep_secret(password)

    def connect() -> Cleo:
        return Cleo(redis=RedisSettings(url=profile.url, password=password), namespace=profile.namespace)

    # Off the loop: an embedded server may have to be started for it.
    return await asyncio.to_thread(_opened, connect)


def _opened(connect: Callable[[], Cleo]) -> Cleo:
    cleo = connect()
    # Asking for the address starts an embedded server, which takes its time.
    _ = cleo.address
    return cleo


async def show(app: CleoApp, cleo: Cleo) -> None:
    """Enter the screens into the app, follow what happens, and show the first screen."""
    specs = discover()
    for spec in specs:
        app.enter(spec.name, spec.make)
    live = Live(
        cleo,
        clock=app.clock,
        refresh=app.settings.refresh,
        on_change=app.heard,
        bounds=app.settings.thresholds,
        tell=app.warn,
    )
    if app.player is not None:
        # Its clock may run much faster than the readings do.
        live.late_after = float("inf")
        for moment, batch in app.player.recording.heard_before(app.player.now()):
            live.log.take(batch, moment)
    tabs = [Tab(spec.key, spec.name, spec.title, spec.short or spec.title) for spec in specs if spec.key]
    app.offer(tabs, [_action_of(spec) for spec in specs])
    app.follow(cleo, live, Lookups(cleo, app.names_came))
    await app.switch_mode(specs[0].name)
    if not app.is_headless:
        app.run_worker(resting.rest(), name="rest", group="rest", exclusive=True)


def _action_of(spec: ScreenSpec) -> Action:
    return Action(
        spec.name,
        (spec.key,) if spec.key else (),
        f"Go to {spec.title}.",
        takes=spec.takes,
        usage=spec.usage,
        does="go",
        given=(spec.name,),
    )
