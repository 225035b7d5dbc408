"""Lists that are wholly in memory and filtered by what is typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from cleo_tui import say
from cleo_tui.screens.base import CleoScreen
from cleo_tui.screens.matching import matcher


class FiltersRows(CleoScreen):
    """A screen whose rows are held against a filter each time they are drawn."""

    _filter = ""

    @property
    def filter_text(self) -> str:
        """What the rows are filtered by."""
        return self._filter

    def filter_by(self, text: str) -> None:
        """Show the rows that have the text in them."""
        self._filter = text
        self.changed()

    def filter_note(self, shown: int, total: int, noun: str, nouns: str | None = None) -> str:
        """What stands beside the frame's name while a filter holds."""
        return f"filter {self._filter!r}: {say.count(shown)} of {say.plural(total, noun, nouns)}"

    def matcher(self) -> Callable[[Iterable[str]], bool]:
        """A test of whether the texts of a row match the filter."""
        return matcher(self._filter)
