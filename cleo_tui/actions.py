"""The registry of what can be done: every key, command and entry of the palette is an ``Action`` of somebody on screen.

The footer, the help, the ``:`` line and the palette all read the same actions, so none can tell another story. And all
are carried out by ``perform``, so what changes something passes the read-only check whichever way it was called.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

if TYPE_CHECKING:
    from textual.screen import Screen

    from cleo_tui.app import CleoApp
    from cleo_tui.data.lookups import Ask
    from cleo_tui.data.snapshot import Snapshot

# Seconds that a key waits for the server, and after which it is looked whether its screen is still in front.
PATIENCE, LOOK = 0.25, 0.1

Completer = Callable[[Sequence[str], "Snapshot"], "Sequence[str | Ask]"]


class Effect(Enum):
    """Whether an action only looks or changes something on the server; keys of the latter are uppercase."""

    LOOKS = auto()
    CHANGES = auto()


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done here.

    Attributes:
        name: what the ``:`` line calls it; carried out by the actor's ``do_<name>``.
        keys: the keys for it, the first being the one that is shown.
        help: a sentence for the help and the palette.
        label: a word for the footer; none if it is not to be there.
        takes: completes the words that the command takes after its name; None if it takes none.
        usage: those words, as the help shows them.
        does: the actor's method without its ``do_``, if it isn't called like the action.
        given: words that are handed to the method before those that were typed.
    """

    name: str
    keys: tuple[str, ...]
    help: str
    label: str = ""
    effect: Effect = Effect.LOOKS
    takes: Completer | None = None
    usage: str = ""
    does: str = ""
    given: tuple[str, ...] = ()

    @property
    def needs_words(self) -> bool:
        """Whether it can't be done without a word after its name."""
        return not self.keys and bool(re.sub(r"\[[^]]*\]", "", self.usage).strip())


class Actor:
    """What a screen, a widget or the app is beside, when it has actions of its own."""

    ACTIONS: ClassVar[tuple[Action, ...]] = ()

    def actions(self) -> Sequence[Action]:
        """What can be done."""
        return self.ACTIONS

    def offers(self, action: Action) -> bool:
        """Whether the action makes sense as things are; one that doesn't is not shown."""
        return True

    def label_of(self, action: Action) -> str:
        """What the footer calls the action, as things are."""
        return action.label

    async def action_act(self, name: str) -> None:
        """Carry out one of the actor's own actions; what the bindings call."""
        await perform(self, next(action for action in self.actions() if action.name == name))


def bindings_of(actions: Sequence[Action]) -> list[BindingType]:
    """The bindings of a class whose ACTIONS these are."""
    return [
        Binding(key, f"act('{action.name}')", action.help, show=False, id=action.name)
        for action in actions
        for key in action.keys
    ]


async def perform(actor: Actor, action: Action, words: Sequence[str] = ()) -> None:
    """Carry out an action, or say why it may not be."""
    app = app_of(actor)
    # Words may name another queue than the one at hand; the server refuses those by itself.
    queue = None if words else _queue_at_hand(app.screen)
    if action.effect is Effect.CHANGES and (reason := app.reason_against(queue)):
        app.warn(reason)
        return
    if app.under_way and (action.effect is Effect.CHANGES or action.name == app.under_way):
        app.warn(f"The server has not answered yet what {app.under_way} asks. Going to another screen gives it up.")
        return
    try:
        outcome = method_of(actor, action)(*action.given, *words)
        if inspect.isawaitable(outcome):
            await _wait_for(app, action, asyncio.ensure_future(outcome))
    except app.engine_errors as error:
        app.warn(str(error))


async def _wait_for(app: CleoApp, action: Action, asking: asyncio.Future[object]) -> None:
    """Wait a moment for what an action asks. No key may stand still as a server does: then it goes on beside."""
    await asyncio.wait({asking}, timeout=PATIENCE)
    if asking.done():
        asking.result()
    else:
        app.under_way = action.name
        app.say(f"The server has not answered yet: {action.name} waits for it.")
        app.run_worker(_go_on(app, app.screen, asking), name=action.name)


async def _go_on(app: CleoApp, screen: Screen[Any], asking: asyncio.Future[object]) -> None:
    """See to an action that takes its time, for as long as the screen that it was begun on is in front."""
    try:
        while not asking.done() and app.screen is screen:
            await asyncio.wait({asking}, timeout=LOOK)
        if asking.done():
            asking.result()
        else:
            app.warn(f"{app.under_way} was given up: the server had not answered when you went elsewhere.")
    except app.engine_errors as error:
        app.warn(str(error))
    finally:
        app.under_way = ""
        asking.cancel()


def method_of(actor: Actor, action: Action) -> Callable[..., object]:
    """What of the actor carries the action out."""
    return getattr(actor, f"do_{(action.does or action.name).replace('-', '_')}")


def app_of(node: DOMNode | Actor) -> CleoApp:
    """The app, as what it is."""
    return cast("CleoApp", cast("Any", node).app)


def _queue_at_hand(screen: Screen[Any]) -> str | None:
    """The queue that the screen's actions change, or None if that is no queue or any."""
    return getattr(screen, "queue_at_hand", None)


def actions_in_reach(screen: Screen[Any]) -> Iterator[tuple[Actor, Action]]:
    """What can be done now: by what has the focus first, by the app last. What read-only forbids is left out."""
    app = app_of(screen)
    reason = app.reason_against(_queue_at_hand(screen))
    chain: list[DOMNode] = [*(screen.focused.ancestors_with_self if screen.focused else screen.ancestors_with_self)]
    for node in chain:
        if not isinstance(node, Actor):
            continue
        for action in node.actions():
            if (action.effect is Effect.LOOKS or not reason) and node.offers(action):
                keys = (app.settings.keys.get(action.name) if action.keys else None) or action.keys
                yield node, replace(action, keys=keys, label=node.label_of(action))


_SHOWN = {
    "question_mark": "?",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "minus": "-",
    "plus": "+",
    "exclamation_mark": "!",
    "slash": "/",
    "colon": ":",
    "enter": "↵",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "down": "↓",
    "up": "↑",
    "left": "←",
    "right": "→",
}


def shown(key: str) -> str:
    """A key as it is printed on the keyboard."""
    return _SHOWN.get(key, key.replace("ctrl+", "^"))
