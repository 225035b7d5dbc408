"""The footer: the keys that do something here, out of the registry of actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from cleo_tui.actions import Action, Effect, shown
from cleo_tui.theme import Role, inked

# The same things stand in the same order on every screen; what changes something comes between the two, then the rest.
FIRST = (
    "open", "next-queue", "next-state", "other-list", "all-letters", "next-chart", "shorter", "longer",
)  # fmt: skip
LATER = ("mark", "mark-all", "sort")
LAST = ("filter", "command", "help")


def in_order(actions: Iterable[Action]) -> list[Action]:
    """What leads elsewhere, what changes something, marks and order, the rest, and what is everywhere."""
    return sorted(actions, key=_rank)


def _rank(action: Action) -> tuple[int, int]:
    if action.effect is Effect.CHANGES:
        return 1, 0
    for group, names in ((0, FIRST), (2, LATER), (4, LAST)):
        if action.name in names:
            return group, names.index(action.name)
    return 3, 0


class KeyBar(Widget):
    """One line of keys. What finds no room is behind ``?``, which always has room and says how many there are."""

    class Pressed(Message):
        """A key was clicked on."""

        def __init__(self, action: Action) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__()
        self._actions: Sequence[Action] = ()
        self._spans: list[tuple[int, int, Action]] = []

    def offer(self, actions: Sequence[Action]) -> None:
        """Show these actions, the last of which never gives way."""
        if actions != self._actions:
            self._actions = actions
            self.refresh()

    def render(self) -> Content:
        """The line."""
        self._spans = []
        if not self._actions:
            return Content("")
        *others, last = self._actions
        room = self.size.width - _width(last) - 1
        shown_here = _fitting(others, room)
        left_out = len(others) - len(shown_here)
        more = f"+{left_out} " if left_out else ""
        parts: list[Content] = [Content(" ")]
        column = 1
        for action in shown_here:
            column = self._add(parts, action, column)
        parts += [Content(" " * (self.size.width - column - len(more) - _width(last))), inked(more, Role.MUTED)]
        self._add(parts, last, self.size.width - _width(last))
        return Content("").join(parts)

    def _add(self, parts: list[Content], action: Action, column: int) -> int:
        role = Role.WARN if action.effect is Effect.CHANGES else Role.ACCENT
        parts += [inked(shown(action.keys[0]), role), inked(f" {action.label}  ", Role.MUTED)]
        end = column + _width(action)
        self._spans.append((column, end, action))
        return end

    def on_click(self, event: events.Click) -> None:
        """Do what was clicked on."""
        for first, end, action in self._spans:
            if first <= event.x < end:
                self.post_message(self.Pressed(action))


def _width(action: Action) -> int:
    return len(shown(action.keys[0])) + len(action.label) + 3


def _fitting(actions: Sequence[Action], room: int) -> Sequence[Action]:
    """As many of the first actions as fit, beside the number of those that don't."""
    taken, column = 0, 1
    while taken < len(actions) and column + _width(actions[taken]) <= room:
        column += _width(actions[taken])
        taken += 1
    while taken and taken < len(actions) and column + len(f"+{len(actions) - taken} ") > room:
        taken -= 1
        column -= _width(actions[taken])
    return actions[:taken]
