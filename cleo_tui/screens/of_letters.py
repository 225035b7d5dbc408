"""What the lists beside a queue's dead letters share: its retries, its trash."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

from cleo_tui.screens.read_list import ReadListScreen

Row = TypeVar("Row", bound=BaseModel)


class OfLettersScreen(ReadListScreen[Row]):
    """A page over the dead letters of a queue, which stays the same. Its rows tell all of themselves."""

    opens = False

    def __init__(self, queue: str) -> None:
        super().__init__()
        self.queue = queue

    def on_mount(self) -> None:
        """Read it now."""
        self.reading.renew()

    @property
    def crumb(self) -> str:
        """What it is."""
        return self.nouns.capitalize()

    @property
    def focus_queue(self) -> str:
        """The queue it is of."""
        return self.queue

    @property
    def heading(self) -> str:
        """The queue, and what is listed of it."""
        return f"{self.queue} · {self.nouns}"
