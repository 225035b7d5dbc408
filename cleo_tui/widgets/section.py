"""A part of a page that may be long: it is laid out anew only when it says something else."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Section(Static):
    """The part; there is none while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(classes="section")
        self._told = Content("")

    def tell(self, content: Content | None) -> None:
        """Say this from now on."""
        self.display = content is not None
        if content is not None and not content.is_same(self._told):
            self._told = content
            self.update(content)
