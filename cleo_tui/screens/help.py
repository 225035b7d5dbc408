"""What can be done here, with which key: the registry of actions, laid out for reading."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from cleo_tui.actions import Action, Actor, Effect, actions_in_reach, app_of, shown
from cleo_tui.theme import Role, inked


class HelpScreen(ModalScreen[None]):
    """A dialog over the screen that it is about."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "dismiss", "Close")]

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__()
        self._sections = _sections_of(about)
        self._reason = app_of(about).reason_against(getattr(about, "queue_at_hand", None))
        self._where = str(getattr(about, "crumb", ""))

    def compose(self) -> ComposeResult:
        """The sections, one below the other."""
        with VerticalScroll(classes="dialog frame") as box:
            box.border_title = inked(f"Help · {self._where}", Role.STRONG).markup
            box.border_subtitle = inked("esc closes", Role.MUTED).markup
            if self._reason:
                yield Static(
                    inked(f"Read-only. {self._reason} The keys that change something are hidden.\n", Role.WARN)
                )
            for title, actions in self._sections:
                yield Static(inked(title, Role.ACCENT).stylize("bold"))
                for action in actions:
                    yield _line(action)
                yield Static()


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


def _line(action: Action) -> Horizontal:
    keys = " ".join(shown(key) for key in action.keys[:3]) or f":{action.name}"
    role = Role.WARN if action.effect is Effect.CHANGES else Role.STRONG
    usage = f"  :{action.name} {action.usage}" if action.usage else ""
    text = Content.assemble(inked(action.help, Role.PLAIN), inked(usage, Role.MUTED))
    return Horizontal(Static(inked(keys, role), classes="help-keys"), Static(text, classes="help-text"), classes="help")
