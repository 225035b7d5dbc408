"""What the screens share that are about one queue at a time: which one it is, and going from one to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from cleo_tui import say
from cleo_tui.actions import Action
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.base import CleoScreen, queue_names
from cleo_tui.screens.read_list import ReadListScreen
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.strip import Choice, ChoiceStrip

Row = TypeVar("Row", bound=BaseModel)

QUEUE_STEPS = (
    Action("previous-queue", ("left_square_bracket",), "To the queue before."),
    Action("next-queue", ("right_square_bracket",), "To the next queue.", label="next queue"),
)


def queue_word(words: Sequence[str], snapshot: Snapshot) -> Sequence[str]:
    """Completes the one word that names a queue: ``@emails``."""
    return () if words else [f"@{name}" for name in queue_names(snapshot)]


class QueueScreen(CleoScreen):
    """A screen about a queue; subclasses say in ``restart`` how to begin with another one."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = ""
        self.strip = ChoiceStrip()

    @property
    def focus_queue(self) -> str | None:
        """The queue that is looked at."""
        return self.queue or None

    @property
    def crumb(self) -> str:
        """The screen and the queue."""
        return f"{self.title} / {self.queue}" if self.queue else str(self.title)

    def queues_of(self, snapshot: Snapshot) -> list[str]:
        """The queues that can be looked at, in their order."""
        return queue_names(snapshot)

    def offers(self, action: Action) -> bool:
        """Where there is one queue there is none to go on to."""
        if action not in QUEUE_STEPS:
            return super().offers(action)
        snapshot = self.cleo_app.snapshot
        return snapshot is not None and len(self.queues_of(snapshot)) > 1

    @property
    def next_hint(self) -> str:
        """How to go on from a queue in which there is nothing, if there is another."""
        snapshot = self.cleo_app.snapshot
        others = snapshot is not None and len(self.queues_of(snapshot)) > 1
        return "] shows the next queue" if others else ""

    def restart(self) -> None:
        """Show another queue from the beginning."""
        raise NotImplementedError

    def choose_queue(self, queue: str) -> None:
        """Look at another queue."""
        if queue != self.queue:
            self.queue = queue
            self.cleo_app.live.focus = queue
            self.restart()

    def choose_first(self, snapshot: Snapshot) -> None:
        """Look at the first queue, if none was chosen yet."""
        if not self.queue and (names := self.queues_of(snapshot)):
            self.choose_queue(names[0])

    def visit(self, words: Sequence[str]) -> None:
        """Look at the queue that was asked for: ``@emails``."""
        name = next((word.removeprefix("@") for word in words), None)
        if name is not None and self.is_known(name):
            self.choose_queue(name)

    def tell_queues(self, snapshot: Snapshot) -> None:
        """Offer the queues in the strip, each with how many groups it has."""
        self.strip.tell(self._choices(snapshot), tail="groups of each queue" if snapshot.queues else "")

    def _choices(self, snapshot: Snapshot) -> list[Choice]:
        return [
            Choice(view.name, say.count(view.stats.groups), chosen=view.name == self.queue) for view in snapshot.queues
        ]

    def _step(self, by: int) -> None:
        snapshot = self.cleo_app.snapshot
        names = self.queues_of(snapshot) if snapshot else []
        if names:
            place = names.index(self.queue) if self.queue in names else -by
            self.choose_queue(names[(place + by) % len(names)])

    def do_next_queue(self) -> None:
        """To the next queue."""
        self._step(1)

    def do_previous_queue(self) -> None:
        """To the queue before."""
        self._step(-1)


class ListOfQueueScreen(QueueScreen, ReadListScreen[Row]):
    """A list of something that a queue has."""

    @property
    def heading(self) -> str:
        """The queue and what is listed of it."""
        return f"{self.queue} · {self.nouns}" if self.queue else ""

    @property
    def subject(self) -> str:
        """What is read, and of which queue, whose name stays as it is."""
        return f"the {self.nouns} of {self.queue}"

    def restart(self) -> None:
        """List those of another queue."""
        self.table.restart()
        self.reading.restart()

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read them anew."""
        if self.queue:
            self.reading.refresh()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the queues and the list."""
        self.choose_first(snapshot)
        self.strip.tell([Choice(name, chosen=name == self.queue) for name in self.queues_of(snapshot)])
        super().show(snapshot)

    def card_without_data(self, snapshot: Snapshot) -> Card | None:
        """Also while there is no queue yet."""
        card = super().card_without_data(snapshot)
        if card is None and not self.queue:
            return Card(Absence.EMPTY, "No queues yet", "A queue appears with its first task.")
        return card

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue was clicked on."""
        self.choose_queue(message.word)
