"""What all groups of a queue share, in two lines above their list."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from cleo_core.models import GroupRules
from cleo_tui import say
from cleo_tui.data.group_settings import said
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.lines import joined, spread


class GroupHead(Widget):
    """How the groups take turns and how many there are; below, what holds for each that has nothing of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._told: tuple[GroupRules | None, int] = (None, 0)

    def tell(self, rules: GroupRules | None, total: int) -> None:
        """Show these rules, of so many groups."""
        if (rules, total) != self._told:
            self._told = (rules, total)
            self.refresh()

    def render(self) -> Content:
        """Both lines."""
        rules, total = self._told
        if rules is None:
            return Content("")
        width = self.size.width
        lines = (spread(_rules(rules), _size(rules, total), width), spread(_defaults(rules), _state(rules), width))
        return Content("\n").join(lines)


def _pair(label: str, value: str) -> Content:
    return Content.assemble(inked(f"{label} ", Role.MUTED), inked(value, Role.PLAIN))


def _line(parts: list[Content]) -> Content:
    return Content.assemble(" ", joined(parts, inked(" · ", Role.FAINT)))


def _rules(rules: GroupRules) -> Content:
    parts = [
        _pair("strategy", say.words(rules.strategy)),
        _pair("order", rules.order),
        _pair("queue rate", said(rules.queue_rate_limit)),
    ]
    return _line(parts)


def _defaults(rules: GroupRules) -> Content:
    limit = f"at most {rules.concurrency:,} at once" if rules.concurrency is not None else "no limit"
    parts = [_pair("each group", limit), _pair("weight", said(rules.weight)), _pair("rate", said(rules.rate_limit))]
    options = rules.options
    if options.backoff is not None:
        parts.append(_pair("backoff", str(options.backoff.get("kind"))))
    plain = options.model_dump(exclude_none=True, exclude={"backoff"})
    parts += [_pair(say.words(name), f"{value:g}") for name, value in plain.items()]
    return _line(parts)


def _size(rules: GroupRules, total: int) -> Content:
    return Content.assemble(
        inked(say.plural(total, "group"), Role.PLAIN), inked(f", {say.count(rules.ready)} ready ", Role.MUTED)
    )


def _state(rules: GroupRules) -> Content:
    """What is not as usual."""
    parts: list[Content] = []
    if rules.moving:
        parts.append(inked(f"◌ moving {say.plural(rules.moving, 'group')}", Role.WARN))
    if rules.paused:
        parts.append(inked("‖ queue paused", Role.WARN))
    return Content.assemble(Content("  ").join(parts), " ")
