"""How the colours of the theme come to the terminal: as they are, as the terminal's own, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.filter import ANSIToTruecolor, Monochrome, NoColor

from cleo_tui.settings import AUTO_THEME, ConsoleSettings
from cleo_tui.theme import DARK, SIXTEEN_NAME

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp


class Coloured:
    """The part of the app that knows how many colours there are."""

    def theme_of(self, settings: ConsoleSettings) -> str:
        """The theme that was chosen, or the one that suits the terminal; without colours it is that of sixteen too,
        which is told by form where there are none.
        """
        if settings.theme != AUTO_THEME:
            return settings.theme
        app = cast("CleoApp", self)
        few = app.no_color or app.console.color_system in {"standard", "windows"}
        return SIXTEEN_NAME if few and not app.is_headless else DARK.name

    def watch_theme(self) -> None:
        """The colours of the terminal are sent as they are; where none are wanted, not even shades of grey are.

        Textual sees to the first when a theme is chosen later, but not when the app starts with it.
        """
        app = cast("CleoApp", self)
        own = app.current_theme.ansi
        filters = app._filters  # pyright: ignore[reportPrivateUsage]
        for place, kind in enumerate(filters):
            if isinstance(kind, ANSIToTruecolor):
                kind.enabled = not own
            elif isinstance(kind, Monochrome | NoColor):
                filters[place] = NoColor() if own else Monochrome()
