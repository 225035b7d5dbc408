"""Dialogs that show, before a rule is changed, which tasks come next under the old one and under the new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from cleo_core import Cleo, GroupOrder, GroupStrategy
from cleo_core.errors import CleoError, InvalidOption
from cleo_core.models import GroupInfo, GroupRules
from cleo_tui import say
from cleo_tui.actions import app_of
from cleo_tui.data import coming
from cleo_tui.data.coming import Coming
from cleo_tui.data.group_plans import order_plan, strategy_plan
from cleo_tui.data.plans import Plan, Report
from cleo_tui.data.understanding import understood
from cleo_tui.screens.confirm import ConfirmScreen
from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.choices import Along, Choices, Option
from cleo_tui.widgets.coming_view import ComingView
from cleo_tui.widgets.edges import tell_edges

# A key that is held down moves the choice faster than the server should be asked.
CALM = 0.12
STRATEGIES = (
    Option(GroupStrategy.ROUND_ROBIN, "round robin", "each group in turn, by weight"),
    Option(GroupStrategy.FIFO, "fifo", "the group whose next task is the oldest"),
    Option(GroupStrategy.LIFO, "lifo", "the group whose next task is the newest"),
    Option(GroupStrategy.PRIORITY, "priority", "the highest priority of a group first"),
    Option(GroupStrategy.DYNAMIC, "dynamic", "in turn by the time that their tasks take"),
)
ORDERS = (
    Option(GroupOrder.PRIORITY, "priority", "critical first"),
    Option(GroupOrder.FIFO, "fifo", "the oldest first"),
    Option(GroupOrder.LIFO, "lifo", "the newest first"),
)


class CompareScreen(Dialog[Report | None]):
    """Lets a rule be chosen, shows what comes of it, and has it confirmed. Gives the report back; None if it was left.

    Subclasses say what can be chosen in ``choices`` (the first by up and down, the second by left and right), and what
    the choice means.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", "Leave it"),
        ("enter", "go_on", "Go on"),
        ("j,down", "step(0, 1)", "Next"),
        ("k,up", "step(0, -1)", "Before"),
        ("l,right", "step(1, 1)", "Next order"),
        ("h,left", "step(1, -1)", "Order before"),
    ]
    HINT = "j k choose · ↵ goes on, after a question · esc leaves it"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._view = ComingView()

    @property
    def choices(self) -> tuple[Choices, ...]:
        """What can be chosen."""
        raise NotImplementedError

    def heads(self) -> tuple[str, str]:
        """What the two lists are by."""
        raise NotImplementedError

    async def look(self, cleo: Cleo) -> Coming:
        """Ask the server which tasks come next, now and then."""
        raise NotImplementedError

    def plan(self, cleo: Cleo) -> Plan | None:
        """The plan of what is chosen; None if it is so already."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """What can be chosen, and below it what comes of it."""
        with Vertical(classes="dialog compare frame") as box:
            tell_edges(box, inked(self._title, Role.STRONG), inked(self.HINT, Role.MUTED))
            yield from self.choices
            yield self._view

    def on_mount(self) -> None:
        """Show what comes next."""
        self.on_choices_changed()

    def on_choices_changed(self) -> None:
        """Show what would come next, in place of what was shown or asked for."""
        self._view.head(*self.heads())
        self.run_worker(self._ask(), name="coming", exclusive=True)

    async def _ask(self) -> None:
        try:
            await asyncio.sleep(CALM)
            with understood():
                self._view.tell(await self.look(app_of(self).cleo))
        except CleoError as error:
            self._view.fail(str(error))

    def action_step(self, which: int, by: int) -> None:
        """Choose the next one, or the one before."""
        if which < len(self.choices):
            self.choices[which].step(by)

    def action_go_on(self) -> None:
        """Have it confirmed."""
        app = app_of(self)
        plan = self.plan(app.cleo)
        if plan is None:
            app.warn("It is so already. Choose another one, or leave with esc.")
            return
        app.push_screen(ConfirmScreen(plan), self._answered)

    def _answered(self, report: Report | None) -> None:
        """Without a yes the choice stays as it is."""
        if report is not None:
            self.dismiss(report)

    def action_leave(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)


class StrategyScreen(CompareScreen):
    """How the groups of a queue take turns."""

    HINT = "j k strategy · h l order · ↵ goes on, after a question · esc leaves it"

    def __init__(
        self, queue: str, rules: GroupRules, groups: int, *, strategy: GroupStrategy, order: GroupOrder
    ) -> None:
        super().__init__(f"How the groups of {queue} take turns")
        self._queue, self._rules, self._groups = queue, rules, groups
        self._strategy = Choices(STRATEGIES, now=rules.strategy, chosen=strategy, along=Along.LIST)
        self._order = Choices(ORDERS, now=rules.order, chosen=order, along=Along.LINE, label="order in a group")

    @property
    def choices(self) -> tuple[Choices, ...]:
        """Strategy and order."""
        return self._strategy, self._order

    @property
    def _chosen(self) -> tuple[GroupStrategy, GroupOrder]:
        return GroupStrategy(self._strategy.chosen), GroupOrder(self._order.chosen)

    def heads(self) -> tuple[str, str]:
        """Strategy and order of each list."""
        strategy, order = self._chosen
        rules = self._rules
        return f"{say.words(rules.strategy)}, {rules.order}", f"{say.words(strategy)}, {order}"

    async def look(self, cleo: Cleo) -> Coming:
        """The next tasks of the queue."""
        return await coming.of_queue(cleo, self._queue, *self._chosen)

    def plan(self, cleo: Cleo) -> Plan | None:
        """Set both."""
        if self._chosen == (self._rules.strategy, self._rules.order):
            return None
        return strategy_plan(cleo, self._queue, self._rules, *self._chosen, self._groups)


async def strategy_screen(cleo: Cleo, queue: str, wanted: Sequence[str] = ()) -> StrategyScreen:
    """The dialog for a queue, with the strategy and the order chosen that are wanted, else those that hold.

    Raises:
        InvalidOption: there is no such strategy or order.
        ServerError: the rules of the queue can't be read.
    """
    page = await cleo.groups.list(queue, limit=1)
    rules = page.rules
    strategy, order = (*wanted, "", "")[:2]
    if strategy and strategy not in set(GroupStrategy):
        raise InvalidOption(f"There is no strategy {strategy!r}. Choose one of {', '.join(GroupStrategy)}.")
    if order and order not in set(GroupOrder):
        raise InvalidOption(f"There is no order {order!r}. Choose one of {', '.join(GroupOrder)}.")
    return StrategyScreen(
        queue,
        rules,
        page.total,
        strategy=GroupStrategy(strategy) if strategy else rules.strategy,
        order=GroupOrder(order) if order else rules.order,
    )


class OrderScreen(CompareScreen):
    """In which order the tasks of one group are taken."""

    INHERITED = ""

    def __init__(self, group: GroupInfo, rules: GroupRules) -> None:
        super().__init__(f"The order of {say.group(group.group)} in {group.queue}")
        self._group, self._rules = group, rules
        inherited = Option(self.INHERITED, "as the queue has it", f"which is {rules.order}")
        now = group.order.value if "order" in group.own else self.INHERITED
        self._order = Choices((inherited, *ORDERS), now=now, chosen=now, along=Along.LIST)
        self._now = now

    @property
    def choices(self) -> tuple[Choices, ...]:
        """The order."""
        return (self._order,)

    @property
    def _chosen(self) -> GroupOrder | None:
        return GroupOrder(self._order.chosen) if self._order.chosen else None

    def heads(self) -> tuple[str, str]:
        """The order of each list."""
        return self._group.order, self._chosen or self._rules.order

    async def look(self, cleo: Cleo) -> Coming:
        """The next tasks of the group."""
        group = self._group
        order = self._chosen or self._rules.order
        return await coming.of_group(cleo, group.queue, group.group, group.order, order)

    def plan(self, cleo: Cleo) -> Plan | None:
        """Set it, or take it away."""
        if self._order.chosen == self._now:
            return None
        return order_plan(cleo, self._group, self._rules, self._chosen)
