"""Counts that move with every event, between two readings of the truth.

A reading (``QueueStats``) says how things stood at a moment of the server's clock. Later events are added on top, so
the screen lives at the pace of the stream while the server is asked only every other second. Where an event doesn't say
what was before (a task cancelled while it waited), nothing is guessed: the next reading puts it right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from cleo_core.models import Event, ObserverEvent, QueueStats, TaskState


@dataclass(slots=True)
class Counts:
    """The counts of a queue, or the changes to them."""

    waiting: int = 0
    active: int = 0
    delayed: int = 0
    dead: int = 0
    enqueued: int = 0
    completed: int = 0
    failed: int = 0
    died: int = 0

    @classmethod
    def of(cls, stats: QueueStats) -> Counts:
        """The counts within a reading."""
        return cls(
            stats.waiting,
            stats.active,
            stats.delayed,
            stats.dead,
            stats.enqueued,
            stats.completed,
            stats.failed,
            stats.died,
        )

    def add(self, other: Counts) -> None:
        """Add changes; a count of what is there now never falls below zero."""
        self.waiting = max(0, self.waiting + other.waiting)
        self.active = max(0, self.active + other.active)
        self.delayed = max(0, self.delayed + other.delayed)
        self.dead = max(0, self.dead + other.dead)
        self.enqueued += other.enqueued
        self.completed += other.completed
        self.failed += other.failed
        self.died += other.died

    def enter(self, state: TaskState | None, number: int = 1) -> None:
        """Note that so many tasks came into a state."""
        self._shift(state, number)

    def leave(self, state: TaskState | None, number: int = 1) -> None:
        """Note that so many tasks left a state."""
        self._shift(state, -number)

    def _shift(self, state: TaskState | None, by: int) -> None:
        if state is TaskState.WAITING:
            self.waiting += by
        elif state is TaskState.ACTIVE:
            self.active += by
        elif state is TaskState.DELAYED:
            self.delayed += by
        elif state is TaskState.DEAD:
            self.dead += by


_CAME_FROM = {
    "handed back": TaskState.ACTIVE,
    "retried": TaskState.DEAD,
    "edited and retried": TaskState.DEAD,
    "": TaskState.DELAYED,
}


def changes_of(events: Iterable[tuple[Event, int]]) -> Counts:
    """What one queue's events change, each of them given with how many such there are."""
    counts = Counts()
    for event, number in events:
        match event.kind:
            case ObserverEvent.TASK_ADDED:
                counts.enqueued += number
                counts.enter(event.state, number)
            case ObserverEvent.TASK_COMPLETED:
                counts.completed += number
                counts.leave(TaskState.ACTIVE, number)
            case ObserverEvent.TASK_FAILED:
                counts.failed += number
                counts.died += number if event.state is TaskState.DEAD else 0
                counts.leave(TaskState.ACTIVE, number)
                counts.enter(event.state, number)
            case ObserverEvent.TASK_STALLED:
                counts.leave(TaskState.ACTIVE, number)
                counts.enter(event.state, number)
            case ObserverEvent.STATUS_CHANGE:
                _note_change(counts, event, number)
            case _:
                pass
    return counts


def _note_change(counts: Counts, event: Event, number: int) -> None:
    if event.state is TaskState.ACTIVE:
        counts.leave(TaskState.WAITING, number)
        counts.enter(TaskState.ACTIVE, number)
    elif event.state is TaskState.WAITING and event.detail in _CAME_FROM:
        counts.leave(_CAME_FROM[event.detail], number)
        counts.enter(TaskState.WAITING, number)
    elif event.state is TaskState.CANCELLED and event.worker:
        counts.leave(TaskState.ACTIVE, number)
    elif event.detail == "discarded":
        counts.leave(TaskState.DEAD, number)
    elif event.state is TaskState.DEAD:
        counts.enter(TaskState.DEAD, number)


class Tally:
    """The counts of one queue: the last reading, and what the stream told since."""

    def __init__(self, reading: QueueStats) -> None:
        self._since: deque[tuple[float, Counts]] = deque()
        self._settle(reading)

    def _settle(self, reading: QueueStats) -> None:
        self.reading = reading
        self.at = reading.at
        self.counts = Counts.of(reading)

    def read(self, reading: QueueStats) -> None:
        """Take a reading. Events that happened after it stay on top of it."""
        self._settle(reading)
        while self._since and self._since[0][0] <= reading.at:
            self._since.popleft()
        for at, changes in self._since:
            self.at = at
            self.counts.add(changes)

    def hear(self, at: float, events: Iterable[tuple[Event, int]]) -> None:
        """Take events that happened at one moment, each with how many such there are.

        Those that the reading counts already are left out.
        """
        if at <= self.reading.at:
            return
        changes = changes_of(events)
        self._since.append((at, changes))
        self.at = max(self.at, at)
        self.counts.add(changes)
