"""What all dialogs are: they lie over the screen that they are about, which steps back but can still be read."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen

from cleo_tui.actions import app_of

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A dialog. None of the terminal's own colours can be laid over another, so what is behind is faint as a whole."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"dialog--behind"}

    def render(self) -> RenderableType:
        """What lies behind."""
        behind = super().render()
        if isinstance(behind, BackgroundScreen) and app_of(self).current_theme.ansi:
            return _Faint(behind, self.get_component_rich_style("dialog--behind"))
        return behind


class _Faint:
    """The texts of a screen without their looks."""

    def __init__(self, behind: BackgroundScreen, style: Style) -> None:
        self._behind, self._style = behind, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._behind, options):
            yield Segment(text, style if control else self._style, control)
