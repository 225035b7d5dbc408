"""The themes and the roles that text can have. Colours are named here and in ``cleo.tcss``, and nowhere else.

There is one accent. Green, yellow and red mean well, look here and broken, and never stand alone: a word or a glyph
says the same. The 16-colour theme uses the terminal's own colours, for terminals that have no more: bright ones on
black, which can be read in any palette, whatever the terminal's own ground.
"""

from __future__ import annotations

from enum import StrEnum
from typing import cast

from rich.style import Style
from textual.content import Content
from textual.theme import Theme
from textual.widget import Widget

from cleo_tui import say


class Role(StrEnum):
    """What a piece of text is for; the value is the class that ``cleo.tcss`` gives a look."""

    PLAIN = "role--plain"
    MUTED = "role--muted"
    FAINT = "role--faint"
    STRONG = "role--strong"
    ACCENT = "role--accent"
    GOOD = "role--good"
    WARN = "role--warn"
    BAD = "role--bad"
    HEADER = "role--header"
    CURSOR = "role--cursor"
    CURSOR_AWAY = "role--cursor-away"
    MARK = "role--mark"
    FLASH = "role--flash"


SIXTEEN_NAME = "16"
ROLE_CLASSES = {role.value for role in Role}
_MARKUP = {
    Role.PLAIN: "$foreground",
    Role.MUTED: "$muted",
    Role.FAINT: "$faint",
    Role.STRONG: "bold $foreground",
    Role.ACCENT: "$accent",
    Role.GOOD: "$good",
    Role.WARN: "$warn",
    Role.BAD: "$bad",
}


class Inked:
    """What a widget is beside, that draws its lines itself, often: it remembers the styles of the roles.

    Textual forgets them each time the widget is refreshed, and working them out takes longer than drawing with them.
    It is no widget itself, because Textual takes its own defaults from a widget's first base alone.
    """

    _inks: dict[tuple[Role, ...], Style] | None = None

    def forget_inks(self) -> None:
        """All looks different now."""
        self._inks = None

    def ink(self, *roles: Role) -> Style:
        """The style of a role on the ground of the widget; later roles go over earlier ones."""
        known = self._inks = self._inks if self._inks is not None else {}
        if roles not in known:
            widget = cast("Widget", self)
            known[roles] = sum((ink(widget, role) for role in roles), ground(widget))
        return known[roles]


def ink(widget: Widget, role: Role) -> Style:
    """The style of a role on a widget whose COMPONENT_CLASSES hold ``ROLE_CLASSES``."""
    return widget.get_component_rich_style(role.value, partial=True)


def ground(widget: Widget) -> Style:
    """The background alone, by way of a role: Textual remembers those, and works ``rich_style`` out each time."""
    return Style(bgcolor=widget.get_component_rich_style(Role.PLAIN.value).bgcolor)


def inked(text: str, role: Role) -> Content:
    """Text in the look of a role, for widgets that show content; safe whatever the text is, as others wrote it."""
    return Content.styled(say.printable(text), _MARKUP[role])


def _theme(
    name: str,
    colours: dict[str, str],
    *,
    dark: bool,
    muted: str,
    faint: str,
    edge: str,
    cursor: str,
    cursor_away: str,
    danger: str,
) -> Theme:
    return Theme(
        name=name,
        dark=dark,
        ansi=name == SIXTEEN_NAME,
        primary=colours["accent"],
        secondary=colours["accent"],
        accent=colours["accent"],
        foreground=colours["foreground"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["panel"],
        success=colours["success"],
        warning=colours["warning"],
        error=colours["error"],
        variables={
            "muted": muted,
            "faint": faint,
            "edge": edge,
            "good": colours["success"],
            "warn": colours["warning"],
            "bad": colours["error"],
            "danger": danger,
            "ansi-background": colours["background"],
            "ansi-foreground": colours["foreground"],
            "row-cursor": cursor,
            "row-cursor-away": cursor_away,
            "block-cursor-background": cursor,
            "block-cursor-foreground": colours["foreground"],
            "border": colours["accent"],
            "border-blurred": edge,
            "input-selection-background": cursor,
            "scrollbar": edge,
            "scrollbar-hover": muted,
            "scrollbar-active": colours["accent"],
            "scrollbar-background": colours["background"],
            "scrollbar-background-hover": colours["background"],
            "scrollbar-background-active": colours["background"],
            "scrollbar-corner-color": colours["background"],
        },
    )


DARK = _theme(
    "dark",
    {
        "accent": "#8fb4ff",
        "foreground": "#d6dae6",
        "background": "#0e1117",
        "surface": "#151923",
        "panel": "#1b202c",
        "success": "#7fd49a",
        "warning": "#ebc06d",
        "error": "#ff7a85",
    },
    dark=True,
    muted="#8b93a7",
    faint="#737c92",
    edge="#2a3142",
    cursor="#22304c",
    cursor_away="#1f2636",
    danger="#33161d",
)
LIGHT = _theme(
    "light",
    {
        "accent": "#2f55c8",
        "foreground": "#1c2130",
        "background": "#fbfbfd",
        "surface": "#f1f3f8",
        "panel": "#e8ebf3",
        "success": "#176b39",
        "warning": "#875300",
        "error": "#b3202f",
    },
    dark=False,
    muted="#596077",
    faint="#717990",
    edge="#c9cfdd",
    cursor="#cfdcff",
    cursor_away="#e3e8f4",
    danger="#fbe0e2",
)
CONTRAST = _theme(
    "contrast",
    {
        "accent": "#5ce1ff",
        "foreground": "#ffffff",
        "background": "#000000",
        "surface": "#000000",
        "panel": "#1a1a1a",
        "success": "#5cff7a",
        "warning": "#ffe34d",
        "error": "#ff8080",
    },
    dark=True,
    muted="#d8d8d8",
    faint="#b0b0b0",
    edge="#8c8c8c",
    cursor="#003d99",
    cursor_away="#333333",
    danger="#4d0010",
)
SIXTEEN = _theme(
    SIXTEEN_NAME,
    {
        "accent": "ansi_bright_cyan",
        "foreground": "ansi_bright_white",
        "background": "ansi_black",
        "surface": "ansi_black",
        "panel": "ansi_blue",
        "success": "ansi_bright_green",
        "warning": "ansi_bright_yellow",
        "error": "ansi_bright_red",
    },
    dark=True,
    muted="ansi_white",
    faint="ansi_bright_black",
    edge="ansi_bright_black",
    cursor="ansi_blue",
    cursor_away="ansi_black",
    danger="ansi_black",
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT, CONTRAST, SIXTEEN)}
VARIABLES = DARK.variables
