"""What can be done here, with which key: the registry of actions, laid out for reading."""

from __future__ import annotations

from itertools import zip_longest
from textwrap import wrap
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from cleo_tui.actions import Action, Actor, Effect, actions_in_reach, app_of, shown
from cleo_tui.changing import NOT_KNOWN
from cleo_tui.screens.telling import TellingScreen
from cleo_tui.theme import Role, inked

KEYS = 14
# From this width on there are two columns: what is here, and beside it what is everywhere.
BROAD, APART, EDGES = 120, 4, 7


class HelpScreen(TellingScreen):
    """A dialog over the screen that it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [("question_mark", "dismiss", "Close")]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._sections = _sections_of(about)
        self._reason = app_of(about).reason_against(getattr(about, "queue_at_hand", None))
        self._where = str(getattr(about, "crumb", ""))

    @property
    def heading(self) -> str:
        """What it is about."""
        return f"Help · {self._where}"

    def on_resize(self, event: events.Resize) -> None:
        """A broad terminal has room for all of it side by side."""
        self.set_class(event.size.width * 0.9 - EDGES >= BROAD, "-broad")

    def told(self) -> ComposeResult:
        """The sections, one below the other."""
        if self._reason:
            state = "" if self._reason == NOT_KNOWN else "Read-only. "
            yield Static(inked(f"{state}{self._reason} The keys that change something are hidden.\n", Role.WARN))
        yield KeyTable(self._sections)


class KeyTable(Widget):
    """All the keys in one widget: one for each of them takes a third of a second to appear."""

    def __init__(self, sections: list[tuple[str, list[Action]]]) -> None:
        super().__init__()
        self._sections = sections

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the texts take."""
        return len(self._lines(width))

    def render(self) -> Content:
        """The sections."""
        return Content("\n").join(self._lines(self.size.width))

    def _lines(self, width: int) -> list[Content]:
        *here, everywhere = self._sections
        if width < BROAD or not here:
            return _lines_of_sections(self._sections, width)
        half = (width - APART) // 2
        left, right = _lines_of_sections(here, half), _lines_of_sections([everywhere], half)
        return [
            Content.assemble(one, " " * (half + APART - one.cell_length), other)
            for one, other in zip_longest(left, right, fillvalue=Content(""))
        ]


def _lines_of_sections(sections: list[tuple[str, list[Action]]], width: int) -> list[Content]:
    lines: list[Content] = []
    for title, actions in sections:
        lines.append(inked(title, Role.ACCENT).stylize("bold"))
        for action in actions:
            lines += _lines_of(action, max(20, width - KEYS))
        lines.append(Content(""))
    return lines


def _sections_of(screen: Screen[Any]) -> list[tuple[str, list[Action]]]:
    """Here, then in the list, then everywhere."""
    groups: dict[Actor, list[Action]] = {}
    for actor, action in actions_in_reach(screen):
        groups.setdefault(actor, []).append(action)
    titled: list[tuple[int, str, list[Action]]] = []
    for actor, actions in groups.items():
        if isinstance(actor, Screen):
            titled.append((0, "On this screen", actions))
        elif actor is app_of(screen):
            titled.append((2, "Everywhere", actions))
        else:
            titled.append((1, "In the list", actions))
    return [(title, actions) for _, title, actions in sorted(titled, key=lambda section: section[0])]


def _lines_of(action: Action, room: int) -> list[Content]:
    """The keys, and beside them what they do, in as many lines as that takes."""
    keys = " ".join(shown(key) for key in action.keys[:4]) or f":{action.name}"
    role = Role.WARN if action.effect is Effect.CHANGES else Role.STRONG
    texts = [(line, Role.PLAIN) for line in wrap(action.help, room)]
    if action.usage:
        usage = f":{action.name} {action.usage}"
        if len(texts[-1][0]) + 2 + len(usage) > room:
            texts += [(line, Role.MUTED) for line in wrap(usage, room)]
            usage = ""
    else:
        usage = ""
    head = f"  {keys}".ljust(KEYS)
    if not head.endswith(" "):
        texts.insert(0, ("", Role.PLAIN))
    lines = [Content.assemble(" " * KEYS, inked(text, look)) for text, look in texts]
    lines[0] = Content.assemble(inked(head, role), inked(*texts[0]))
    if usage:
        place = next(place for place in reversed(range(len(texts))) if texts[place][1] is Role.PLAIN)
        lines[place] = Content.assemble(lines[place], inked(f"  {usage}", Role.MUTED))
    return lines
