"""Runs the console on a server, importing as little as can be before its first frame."""

from __future__ import annotations

import os
from typing import NamedTuple

from cleo_tui.profiles import Profile


class Ended(NamedTuple):
    """How the console was left: the exit code, and whether the demo is wanted in its place."""

    code: int
    wants_demo: bool


def run(profile: Profile) -> Ended:
    """Run the console on a server."""
    # Textual is imported here and not above: `--help` and mistakes are answered without it.
    from cleo_tui import lifeline  # noqa: PLC0415
    from cleo_tui.app import CleoApp  # noqa: PLC0415

    # A size that a shell or a tool has exported would be taken for the terminal's, and resizing would not be noticed.
    for variable in ("COLUMNS", "LINES"):
        os.environ.pop(variable, None)
    app = CleoApp(profile=profile)
    with lifeline.hold(app):
        app.run()
    return Ended(app.return_code or 0, app.wants_demo)
