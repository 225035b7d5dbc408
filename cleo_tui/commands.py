"""The ``:`` line and the palette: two more ways to the actions of the registry."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from cleo_tui.actions import Action, Actor, actions_in_reach, app_of, method_of, perform, shown
from cleo_tui.widgets.table import LazyTable

if TYPE_CHECKING:
    from textual.screen import Screen

# What those type who come from elsewhere.
ALIASES = {"q": "quit", "q!": "quit", "exit": "quit", "h": "help", "dlq": "dead", "jobs": "tasks"}


def commands_in_reach(screen: Screen[Any]) -> dict[str, tuple[Actor, Action]]:
    """What can be commanded now, by name; what is nearer to the focus wins."""
    found: dict[str, tuple[Actor, Action]] = {}
    for actor, action in actions_in_reach(screen):
        # Moving a cursor is for keys: nobody types `:down`.
        if not isinstance(actor, LazyTable):
            found.setdefault(action.name, (actor, action))
    return found


def candidates_for(screen: Screen[Any], text: str) -> Sequence[str]:
    """Whole lines that begin with what was typed: names of commands, then what the command takes."""
    commands = commands_in_reach(screen)
    *before, word = text.split(" ")
    if not before:
        return sorted(name for name in commands if name.startswith(word))
    name = _named(commands, before[0])
    action = commands[name][1] if name is not None else None
    snapshot = app_of(screen).snapshot
    if action is None or action.takes is None or snapshot is None:
        return ()
    start = " ".join(before)
    lookups = app_of(screen).lookups
    found: list[str] = []
    for choice in action.takes(before[1:], snapshot):
        if isinstance(choice, str):
            found += [choice] if choice.startswith(word) else []
        elif lookups is not None:
            found += lookups.names(choice, word)
    return [f"{start} {choice}" for choice in found]


async def run_line(screen: Screen[Any], text: str) -> None:
    """Do what was typed, or say what is wrong with it."""
    words = text.split()
    if not words:
        return
    commands = commands_in_reach(screen)
    app = app_of(screen)
    name = _named(commands, words[0])
    if name is None:
        app.warn(f"There is no command {words[0]!r} here. Type : and Tab to see what there is, or ? for help.")
        return
    actor, action = commands[name]
    if action.takes is None and len(words) > 1:
        app.warn(f":{name} takes nothing after its name.")
        return
    try:
        inspect.signature(method_of(actor, action)).bind(*action.given, *words[1:])
    except TypeError:
        app.warn(f"Write it as `:{name} {action.usage}`, with no word more or less.")
        return
    await perform(actor, action, words[1:])


def _named(commands: dict[str, tuple[Actor, Action]], word: str) -> str | None:
    """The command of that name, or of that other name, or the one command that begins like that."""
    word = word if word in commands else ALIASES.get(word, word)
    if word in commands:
        return word
    found = [name for name in commands if name.startswith(word)]
    return found[0] if len(found) == 1 else None


class ActionProvider(Provider):
    """Offers what can be done here to the palette."""

    def _all(self) -> list[tuple[Actor, Action]]:
        return [(actor, action) for actor, action in commands_in_reach(self.screen).values() if action.help]

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for actor, action in self._all():
            yield DiscoveryHit(_title(action), partial(_choose, actor, action), help=action.help)

    async def search(self, query: str) -> Hits:
        """What the typed text matches."""
        matcher = self.matcher(query)
        for actor, action in self._all():
            score = matcher.match(f"{action.name} {action.help}")
            if score > 0:
                yield Hit(score, matcher.highlight(_title(action)), partial(_choose, actor, action), help=action.help)


async def _choose(actor: Actor, action: Action) -> None:
    """Carry it out, or let be typed what it can't do without."""
    front = app_of(actor).front()
    if action.needs_words and front is not None:
        front.ask_command(f"{action.name} ")
    else:
        await perform(actor, action)


def _title(action: Action) -> str:
    keys = f"  ({shown(action.keys[0])})" if action.keys else ""
    return f"{action.name.replace('-', ' ').capitalize()}{keys}"
