"""Which alerts are new, so that the operator is called once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleo_tui.data.health import Alert
    from cleo_tui.data.snapshot import Snapshot


class Attention:
    """Remembers what was there. What is wrong when the console starts is on its screen, and calls nobody."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] | None = None

    def new_in(self, snapshot: Snapshot) -> list[Alert]:
        """The alerts that were not there before; none while the console knows nothing yet, or nothing new."""
        if not snapshot.link.state.is_live or snapshot.server is None:
            return []
        keys = {alert.key for alert in snapshot.alerts}
        known, self._known = self._known, keys
        return [] if known is None else [alert for alert in snapshot.alerts if alert.key not in known]
