"""What can be changed about a group, for the screens that have one in hand."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_core import GroupOrder
from cleo_core.errors import InvalidOption
from cleo_core.models import GroupInfo, GroupRules
from cleo_tui import say
from cleo_tui.actions import Action, Effect
from cleo_tui.data.group_plans import order_plan, pause_group_plan, release_plan, setting_plan
from cleo_tui.data.group_settings import CONCURRENCY, PRIORITY, RATE, WEIGHT, Setting, said
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.ask import AskScreen, Question
from cleo_tui.screens.base import CleoScreen
from cleo_tui.screens.compare import OrderScreen

NONE = "none"


def a_value(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    """Completes the value of a setting: what can be said of all of them is that there be none."""
    return () if words else (NONE,)


def _an_order(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    return () if words else (*GroupOrder, NONE)


def _change(name: str, key: str, text: str, label: str = "") -> Action:
    return Action(
        name, (key,), text, label=label or name, effect=Effect.CHANGES, takes=a_value, usage=f"[VALUE|{NONE}]"
    )


GROUP_CHANGES = (
    Action("pause", ("P",), "Pause the group, or resume it if it is paused.", label="pause", effect=Effect.CHANGES),
    _change("limit", "L", "Set how many tasks of the group may run at once."),
    _change("weight", "W", "Set the group's share of the turns."),
    _change("priority", "Y", "Set the group's rank among the groups."),
    _change("rate", "T", "Limit how fast tasks of the group are claimed."),
    Action(
        "order", ("O",), "Set in which order the group's tasks are taken, seen before and after.", label="order",
        effect=Effect.CHANGES, takes=_an_order, usage=f"[ORDER|{NONE}]",
    ),
    Action(
        "release-lock", ("F",), "Take the group's lock from its holder by force.", label="release lock",
        effect=Effect.CHANGES,
    ),
)  # fmt: skip
_NAMES = {action.name for action in GROUP_CHANGES}


class ChangesGroups(CleoScreen):
    """A screen that has a group in hand. Each change goes by a plan, typed after the command or asked for."""

    @property
    def group_in_hand(self) -> GroupInfo | None:
        """The group that is changed, as it was last read."""
        raise NotImplementedError

    @property
    def rules(self) -> GroupRules | None:
        """What all groups of its queue share."""
        raise NotImplementedError

    @property
    def is_paused(self) -> bool:
        """Whether the group is."""
        return (group := self.group_in_hand) is not None and group.paused

    def offers(self, action: Action) -> bool:
        """Without a group there is nothing to change, and without a holder no lock to release."""
        if action.name not in _NAMES:
            return super().offers(action)
        group = self.group_in_hand
        return group is not None and (action.name != "release-lock" or group.lock is not None)

    def do_pause(self) -> None:
        """Propose to pause or resume it."""
        if group := self.group_in_hand:
            self.propose(pause_group_plan(self.cleo_app.cleo, group), self.after_change)

    def do_limit(self, *words: str) -> None:
        """Propose another concurrency limit."""
        self._set(CONCURRENCY, words)

    def do_weight(self, *words: str) -> None:
        """Propose another weight."""
        self._set(WEIGHT, words)

    def do_priority(self, *words: str) -> None:
        """Propose another priority."""
        self._set(PRIORITY, words)

    def do_rate(self, *words: str) -> None:
        """Propose another rate limit."""
        self._set(RATE, words)

    def do_order(self, order: str = "") -> None:
        """Propose another order, seen before and after unless it was typed."""
        group, rules = self.group_in_hand, self.rules
        if group is None or rules is None:
            return
        if not order:
            self.cleo_app.push_screen(OrderScreen(group, rules), self.telling(self.after_change))
            return
        if order not in {*GroupOrder, NONE}:
            raise InvalidOption(f"There is no order {order!r}. Choose one of {', '.join(GroupOrder)}, or {NONE}.")
        wanted = None if order == NONE else GroupOrder(order)
        self.propose(order_plan(self.cleo_app.cleo, group, rules, wanted), self.after_change)

    def do_release_lock(self) -> None:
        """Propose to take its lock from its holder."""
        group = self.group_in_hand
        if group is None or group.lock is None:
            self.cleo_app.warn("Nobody holds a lock of this group.")
            return
        self.propose(release_plan(self.cleo_app.cleo, group.lock), self.after_change)

    def _set(self, setting: Setting, words: Sequence[str]) -> None:
        group, rules = self.group_in_hand, self.rules
        if group is None or rules is None:
            self.cleo_app.warn("There is no group here to change.")
            return
        cleo = self.cleo_app.cleo
        if words:
            text = " ".join(words)
            self.propose(setting_plan(cleo, group, rules, setting, "" if text == NONE else text), self.after_change)
            return
        question = _question(group, rules, setting)
        asking = AskScreen(question, lambda text: setting_plan(cleo, group, rules, setting, text))
        self.cleo_app.push_screen(asking, self.telling(self.after_change))


def _question(group: GroupInfo, rules: GroupRules, setting: Setting) -> Question:
    own = setting.name in group.own
    value = said(setting.held(group))
    default = said(setting.default(rules))
    facts = [f"Now: {value}" + (", its own." if own else ", as the queue has it.")]
    if not setting.counts_under(rules.strategy):
        facts.append(f"{group.queue} goes by {say.words(rules.strategy)}, which does not look at it.")
    hint = f"{setting.hint} Left empty, what the queue has for each group holds: {default}."
    title = f"{setting.title.capitalize()} of {say.group(group.group)} in {group.queue}"
    return Question(title, facts, hint, value if own else "")
