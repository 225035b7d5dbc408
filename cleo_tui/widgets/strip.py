"""A line of choices, one of which holds: the states of a queue's tasks, or the queues that have dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from cleo_tui.theme import Role, inked
from cleo_tui.widgets.lines import spread


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them: its word, a number beside it, and whether it holds."""

    word: str
    note: str = ""
    chosen: bool = False


class ChoiceStrip(Widget):
    """The line. Those left of the one that holds give way first when there is no room."""

    class Picked(Message):
        """A choice was clicked on."""

        def __init__(self, strip: ChoiceStrip, word: str) -> None:
            super().__init__()
            self.strip = strip
            self.word = word

    def __init__(self) -> None:
        super().__init__()
        self._choices: Sequence[Choice] = ()
        self._tail = ""
        self._spans: list[tuple[int, int, str]] = []

    def tell(self, choices: Sequence[Choice], tail: str = "") -> None:
        """Offer these choices, with a word on the right where there is room for it."""
        if (choices, tail) != (self._choices, self._tail):
            self._choices, self._tail = choices, tail
            self.refresh()

    def render(self) -> Content:
        """The line."""
        first, last = self._window(self.size.width - 4)
        parts = [inked(" ◂" if first else "  ", Role.MUTED)]
        column = 2
        self._spans = []
        for choice in self._choices[first:last]:
            width = _width(choice)
            self._spans.append((column, column + width, choice.word))
            column += width
            if choice.chosen:
                text = f" {choice.word} {choice.note} " if choice.note else f" {choice.word} "
                parts += [inked(text, Role.ACCENT).stylize("bold underline"), Content(" ")]
            else:
                parts += [
                    inked(f" {choice.word}", Role.MUTED),
                    inked(f" {choice.note}  " if choice.note else "  ", Role.PLAIN),
                ]
        parts.append(inked("▸" if last < len(self._choices) else "", Role.MUTED))
        tail = inked(f"{self._tail} ", Role.MUTED)
        line = Content("").join(parts)
        fits = line.cell_length + tail.cell_length <= self.size.width
        return spread(line, tail, self.size.width) if fits else line

    def _window(self, room: int) -> tuple[int, int]:
        """Which choices are shown: as many as fit, the one that holds among them."""
        chosen = next((place for place, choice in enumerate(self._choices) if choice.chosen), 0)
        first, last = chosen, min(chosen + 1, len(self._choices))
        used = sum(_width(choice) for choice in self._choices[first:last])
        while True:
            if last < len(self._choices) and used + _width(self._choices[last]) <= room:
                used += _width(self._choices[last])
                last += 1
            elif first > 0 and used + _width(self._choices[first - 1]) <= room:
                first -= 1
                used += _width(self._choices[first])
            else:
                return first, last

    def on_click(self, event: events.Click) -> None:
        """Pick what was clicked on."""
        for first, end, word in self._spans:
            if first <= event.x < end:
                self.post_message(self.Picked(self, word))


def _width(choice: Choice) -> int:
    return len(choice.word) + (len(choice.note) + 1 if choice.note else 0) + 3
