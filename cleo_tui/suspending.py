"""Ctrl-Z to the shell and ``fg`` back, as with any other program in a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from cleo_tui.actions import Action

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.widgets.table import LazyTable

Result = TypeVar("Result")
SUSPEND_ACTIONS = (Action("suspend", ("ctrl+z",), "To the shell for a while; `fg` there comes back."),)


class Suspending:
    """The part of the app that stops and comes back."""

    def offers_suspending(self, action: Action) -> bool:
        """There is a shell to go to behind a terminal, and none behind a browser."""
        driver = cast("CleoApp", self)._driver  # pyright: ignore[reportPrivateUsage]
        return action.name != "suspend" or (driver is not None and driver.can_suspend)

    def do_suspend(self) -> None:
        """Stop until the shell says to go on."""
        cast("CleoApp", self).action_suspend_process()

    def lend_terminal(self, borrower: Callable[[], Result]) -> Result:
        """Let something else have the terminal until it returns or raises."""
        results: list[Result] = []
        failure: Exception | None = None
        with cast("CleoApp", self).suspend():
            # Textual takes the terminal back only if nothing is raised in here.
            try:
                results.append(borrower())
            except Exception as error:
                failure = error
        if failure is not None:
            raise failure
        return results[0]

    def draw_all_on_resume(self) -> None:
        """Draw everything whenever the terminal is ours again: what was on it is gone."""
        cast("Any", self).app_resume_signal.subscribe(self, self._draw_all)

    def _draw_all(self, _resumed: object) -> None:
        app = cast("CleoApp", self)
        for table in cast("list[LazyTable[Any]]", [*app.screen.query("LazyTable")]):
            table.forget_lines()
        app.refresh(layout=True)
        app.changed()
