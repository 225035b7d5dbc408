"""Brings the console to life once its first frame is on screen; importing this imports the engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cleo_core.errors import CleoError
from cleo_tui.actions import Action
from cleo_tui.data.live import Live
from cleo_tui.screens import ScreenSpec, discover
from cleo_tui.widgets.topbar import Tab

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp


async def begin(app: CleoApp) -> None:
    """Connect, enter the screens into the app, and show the first one."""
    # What the engine logs about lost connections is on screen already; on the terminal it would be in the way.
    logging.getLogger("cleo").addHandler(logging.NullHandler())
    try:
        cleo = await app.open()
    except CleoError as error:
        app.exit(return_code=2, message=str(error))
        return
    app.engine_errors = (CleoError,)
    specs = discover()
    for spec in specs:
        app.enter(spec.name, spec.make)
    live = Live(cleo, clock=app.clock, refresh=app.settings.refresh, on_change=app.changed)
    tabs = [Tab(spec.key, spec.name, spec.title) for spec in specs if spec.key]
    app.follow(live, tabs, [_action_of(spec) for spec in specs])
    await app.switch_mode(specs[0].name)


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
