"""What stands in place of data: connecting, empty, filtered to nothing, an error. It says what is so and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from textual.content import Content
from textual.widgets import Static

from cleo_tui.theme import Role, inked


class Absence(Enum):
    """The kinds of nothing, with their glyph and role."""

    CONNECTING = ("◌", Role.ACCENT)
    EMPTY = ("○", Role.MUTED)
    FILTERED = ("⊜", Role.ACCENT)
    ERROR = ("✗", Role.BAD)
    DENIED = ("⊘", Role.BAD)

    @property
    def glyph(self) -> str:
        """The sign."""
        return self.value[0]

    @property
    def role(self) -> Role:
        """What the sign is for."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Card:
    """The words: what is so, why, and what to do."""

    look: Absence
    title: str
    text: str = ""
    hint: str = ""


class StateCard(Static):
    """Shows a card in the middle of its place."""

    def __init__(self, card: Card | None = None) -> None:
        super().__init__()
        self._card: Card | None = None
        if card is not None:
            self.tell(card)

    def tell(self, card: Card) -> None:
        """Show a card."""
        if card == self._card:
            return
        self._card = card
        lines = [inked(f"{card.look.glyph}  {card.title}", card.look.role).stylize("bold")]
        if card.text:
            lines += [Content(""), inked(card.text, Role.PLAIN)]
        if card.hint:
            lines += [Content(""), inked(card.hint, Role.MUTED)]
        self.update(Content("\n").join(lines))
