"""Some options of which one holds, each with what it does: down a list, or along a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from cleo_tui.theme import Role, inked

SIGN = 4


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its value, the word for it, and what it does."""

    value: str
    word: str
    says: str


class Along(Enum):
    """Which way the options go."""

    LIST = auto()
    LINE = auto()


class Choices(Widget):
    """The options. What holds now says so; what is chosen is marked."""

    class Changed(Message):
        """Another option is chosen."""

    def __init__(self, options: Sequence[Option], *, now: str, chosen: str, along: Along, label: str = "") -> None:
        super().__init__()
        self._options = options
        self._now = now
        self._along = along
        self._label = label
        self._index = next(place for place, option in enumerate(options) if option.value == chosen)
        self._spans: list[tuple[int, int, int]] = []
        self.styles.height = len(options) if along is Along.LIST else 1

    @property
    def chosen(self) -> str:
        """The value of the option that is chosen."""
        return self._options[self._index].value

    def step(self, by: int) -> None:
        """Choose the next option, or the one before; the last is followed by the first."""
        self._choose((self._index + by) % len(self._options))

    def _choose(self, index: int) -> None:
        if index != self._index:
            self._index = index
            self.refresh()
            self.post_message(self.Changed())

    def render(self) -> Content:
        """The options."""
        return self._list() if self._along is Along.LIST else self._line()

    def _list(self) -> Content:
        width = max(len(option.word) for option in self._options)
        lines: list[Content] = []
        for place, option in enumerate(self._options):
            chosen = place == self._index
            now = inked("  as it is now", Role.MUTED) if option.value == self._now else Content("")
            word = _word(option, chosen=chosen, width=width)
            line = Content.assemble(word, inked(f"  {option.says}", Role.PLAIN if chosen else Role.MUTED), now)
            lines.append(line.truncate(self.size.width, ellipsis=True))
        return Content("\n").join(lines)

    def _line(self) -> Content:
        self._spans = []
        parts = [inked(f"{self._label}  ", Role.MUTED)]
        column = len(self._label) + 2
        for place, option in enumerate(self._options):
            self._spans.append((column, column + len(option.word) + SIGN, place))
            column += len(option.word) + SIGN
            parts += [_word(option, chosen=place == self._index, width=len(option.word)), Content("  ")]
        option = self._options[self._index]
        now = "as it is now: " if option.value == self._now else ""
        parts.append(inked(f"{now}{option.says}", Role.MUTED))
        return Content("").join(parts).truncate(self.size.width, ellipsis=True)

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked on."""
        if self._along is Along.LIST:
            self._choose(min(event.y, len(self._options) - 1))
            return
        for first, end, place in self._spans:
            if first <= event.x < end:
                self._choose(place)


def _word(option: Option, *, chosen: bool, width: int) -> Content:
    text = inked(f"{'◉' if chosen else '○'} {option.word:<{width}}", Role.ACCENT if chosen else Role.MUTED)
    return text.stylize("bold") if chosen else text
