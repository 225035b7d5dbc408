"""What all groups of a queue share, in two lines above their list."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from cleo_core.models import GroupRules
from cleo_tui import say
from cleo_tui.data.group_settings import said
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.lines import spread

# Those options that are told in seconds.
SPANS = {"timeout", "retention", "dead_retention"}


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
        size, state = _size(rules, total), _state(rules)
        return Content("\n").join(
            [
                spread(_line(_rules(rules), width - size.cell_length), size, width),
                spread(_line(_defaults(rules), width - state.cell_length), state, width),
            ]
        )


def _pair(label: str, value: str) -> Content:
    return Content.assemble(inked(f"{label} ", Role.MUTED), inked(value, Role.PLAIN))


def _line(parts: list[Content], room: int) -> Content:
    """Those that find room, none of them in part: of a limit its beginning would be another limit."""
    separator = inked(" · ", Role.FAINT)
    line = Content.assemble(" ", separator.join(parts))
    while line.cell_length >= room and len(parts) > 1:
        parts = parts[:-1]
        line = Content.assemble(" ", separator.join([*parts, inked("…", Role.MUTED)]))
    return line


def _rules(rules: GroupRules) -> list[Content]:
    return [
        _pair("strategy", say.words(rules.strategy)),
        _pair("order", rules.order),
        _pair("queue rate", said(rules.queue_rate_limit)),
    ]


def _defaults(rules: GroupRules) -> list[Content]:
    limit = f"at most {rules.concurrency:,} at once" if rules.concurrency is not None else "no limit"
    parts = [_pair("each group", limit), _pair("weight", said(rules.weight)), _pair("rate", said(rules.rate_limit))]
    options = rules.options
    if options.backoff is not None:
        parts.append(_pair("backoff", str(options.backoff.get("kind"))))
    plain = options.model_dump(exclude_none=True, exclude={"backoff"})
    said_of = {name: say.period(value) if name in SPANS else say.count(value) for name, value in plain.items()}
    return parts + [_pair(say.words(name), text) for name, text in said_of.items()]


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
