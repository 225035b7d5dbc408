"""Which alerts are new, so that the operator is called once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cleo_tui import say
from cleo_tui.terminal import MOST_COPIED, clipboard, notification

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.data.health import Alert
    from cleo_tui.data.snapshot import Snapshot


class Attention:
    """Remembers what was there. What is wrong when the console starts is on its screen, and calls nobody."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] | None = None

    def new_in(self, snapshot: Snapshot) -> list[Alert]:
        """The alerts that were not there before; none while the console knows nothing yet, or nothing new."""
        # Workers are read last, and without them a queue is not known to be served.
        if not snapshot.link.state.is_live or snapshot.server is None or snapshot.workers is None:
            return []
        keys = {alert.key for alert in snapshot.alerts}
        known, self._known = self._known, keys
        return [] if known is None else [alert for alert in snapshot.alerts if alert.key not in known]


class Attentive:
    """The part of the app that speaks to the terminal itself: bell, notifications, the clipboard."""

    _attention: Attention

    def _call_for_attention(self, snapshot: Snapshot) -> None:
        """Ring and notify, as the profile asks for it, when something new is wrong."""
        fresh = self._attention.new_in(snapshot)
        if not fresh:
            return
        app = cast("CleoApp", self)
        if app.settings.bell:
            app.bell()
        if app.settings.notify:
            first = fresh[0]
            more = f", and {len(fresh) - 1} more" if len(fresh) > 1 else ""
            self.send_to_terminal(notification(f"Cleo: {first.said} {first.subject}: {first.text}{more}"))

    def send_to_terminal(self, sequence: str) -> None:
        """Send what the terminal itself is to understand."""
        driver = cast("CleoApp", self)._driver  # pyright: ignore[reportPrivateUsage]
        if driver is not None:
            driver.write(sequence)

    def copy_to_clipboard(self, text: str) -> None:
        """Copy by way of the terminal, so that it works over SSH, and in tmux too."""
        app = cast("CleoApp", self)
        app._clipboard = text  # pyright: ignore[reportPrivateUsage]
        if len(text.encode()) > MOST_COPIED:
            app.warn(f"More than {say.size(MOST_COPIED)} is cut off by some terminals. `:export FILE` writes a list.")
        self.send_to_terminal(clipboard(text))
