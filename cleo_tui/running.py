"""Runs the console on a server, importing as little as can be before its first frame."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cleo_tui.profiles import Profile
from cleo_tui.settings import ConsoleSettings

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp


class Ended(NamedTuple):
    """How the console was left: the exit code, and whether the demo is wanted in its place."""

    code: int
    wants_demo: bool


def replay(path: Path, settings: ConsoleSettings) -> int:
    """Play a recording; returns the exit code."""
    from cleo_tui.app import CleoApp  # noqa: PLC0415 - as below
    from cleo_tui.data.recording import RecordingError  # noqa: PLC0415
    from cleo_tui.data.replay import Player, Recording, ReplayCleo  # noqa: PLC0415

    try:
        player = Player(Recording(path))
    except RecordingError as error:
        print(f"cleo-tui: {error}", file=sys.stderr)
        return 2
    app = CleoApp(lambda: ReplayCleo(player), settings=settings, clock=player.now)
    app.player = player
    return _held(app).code


def run(profile: Profile, record: Path | None = None) -> Ended:
    """Run the console on a server, keeping a recording if a file is named for it."""
    # Textual is imported here and not above: `--help` and mistakes are answered without it.
    from cleo_tui.app import CleoApp  # noqa: PLC0415

    return _held(CleoApp(profile=profile, record=record))


def _held(app: CleoApp) -> Ended:
    from cleo_tui import lifeline, resting  # noqa: PLC0415 - as above

    if not lifeline.is_looked_at():
        with suppress(OSError):
            print("cleo-tui: Its standard input is no terminal, so it can't be shown. Run it in one.", file=sys.stderr)
        return Ended(2, wants_demo=False)
    # A size that a shell or a tool has exported would be taken for the terminal's, and resizing would not be noticed.
    for variable in ("COLUMNS", "LINES"):
        os.environ.pop(variable, None)
    resting.begin()
    with lifeline.hold(app):
        app.run()
    return Ended(app.return_code or 0, app.wants_demo)
