"""Runs the console on a server, importing as little as can be before its first frame."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cleo_tui.settings import ConsoleSettings

if TYPE_CHECKING:
    from cleo_core import Cleo


def run(url: str, namespace: str, settings: ConsoleSettings) -> int:
    """Run the console on a server; returns the exit code."""
    # Textual is imported here and not above: `--help` and mistakes are answered without it.
    from cleo_tui import lifeline  # noqa: PLC0415
    from cleo_tui.app import CleoApp  # noqa: PLC0415

    def connect() -> Cleo:
        from cleo_core import Cleo  # noqa: PLC0415 - importing the engine would hold up the first frame

        return Cleo(url, namespace=namespace)

    # A size that a shell or a tool has exported would be taken for the terminal's, and resizing would not be noticed.
    for variable in ("COLUMNS", "LINES"):
        os.environ.pop(variable, None)
    app = CleoApp(connect, settings=settings)
    with lifeline.hold(app):
        app.run()
    return app.return_code or 0
