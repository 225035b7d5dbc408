"""The commands that were given, to be given again."""

from __future__ import annotations

MOST = 50


class Recall:
    """Goes back through what was entered, as shells do; the latest comes first, and each once."""

    def __init__(self) -> None:
        self._given: list[str] = []
        self._place = 0
        self._typed = ""

    def keep(self, text: str) -> None:
        """Something was entered."""
        if text.strip():
            self._given = [*(given for given in self._given if given != text), text][-MOST:]
        self.begin()

    def begin(self) -> None:
        """Something new is typed."""
        self._place, self._typed = len(self._given), ""

    def go(self, by: int, typed: str) -> str:
        """The one before (-1) or after (1) what stands there now; after the latest comes what was being typed."""
        if self._place == len(self._given):
            self._typed = typed
        self._place = max(0, min(len(self._given), self._place + by))
        return self._given[self._place] if self._place < len(self._given) else self._typed
