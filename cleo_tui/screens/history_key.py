"""The key that opens the history of what is under the cursor, for the lists of queues, groups and workers."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_tui.actions import Action
from cleo_tui.screens.base import CleoScreen

SHOW_HISTORY = Action("show-history", ("v",), "Its history, as charts.", label="history")


class ShowsHistory(CleoScreen):
    """A screen that has something in hand of which there is a history."""

    @property
    def history_words(self) -> Sequence[str]:
        """What ``:history`` would be asked for; nothing if nothing is in hand."""
        raise NotImplementedError

    def offers(self, action: Action) -> bool:
        """Without a row there is no history to show."""
        return super().offers(action) and (action.name != SHOW_HISTORY.name or bool(self.history_words))

    def do_show_history(self) -> None:
        """Go to its history."""
        if words := self.history_words:
            self.cleo_app.go_in("history", *words)
