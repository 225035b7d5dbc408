"""Events that were told in one message, each made into an ``Event`` only when it is looked at.

At ten thousand events a second nobody reads each of them. Counting them takes one event of each sort; making all of
them takes most of the time, and keeping them all as objects gives Python's collector as much to look through.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, overload

from cleo_core.models import Event, ObserverEvent, TaskState
from cleo_core.records import event_of

_KIND, _STATE, _WORKER, _AT, _RUN, _DETAIL = 7, 8, 5, 9, 10, slice(12, 14)
_KINDS = frozenset(ObserverEvent)
_STATES = frozenset((*TaskState, ""))
_NUMBERS = (_AT, _RUN)
_TEXTS = (0, 1, 2, 5, 12, 13)


def readable(queue: str, position: str, lines: Sequence[Any]) -> Sequence[Any]:
    """Those of a message's lines that events can be made of. A newer version may tell what this one does not know."""
    return lines if _are_usual(lines) else [line for line in lines if _is_readable(queue, position, line)]


def _are_usual(lines: Sequence[Any]) -> bool:
    """Whether no line has anything unknown in it, found out in the least time: column by column."""
    try:
        columns = [*zip(*lines, strict=False)]
        # What is no number can't be added up, and what is no text not joined.
        for place in _NUMBERS:
            sum(columns[place])
        for place in _TEXTS:
            "".join(columns[place])
        return _KINDS.issuperset(columns[_KIND]) and _STATES.issuperset(columns[_STATE])
    except (TypeError, IndexError):
        return False


def _is_readable(queue: str, position: str, line: Any) -> bool:
    try:
        event_of(queue, position, line)
    except (ValueError, TypeError, LookupError):
        return False
    return True


class EventBatch(Sequence[Event]):
    """The events of one message, in their order, all of one queue."""

    __slots__ = ("_lines", "_position", "queue")

    def __init__(self, queue: str, position: str, lines: Sequence[list[Any]]) -> None:
        self.queue = queue
        self._position = position
        # Tuples of plain values: nothing for the collector to look through, however many are kept.
        self._lines = tuple(map(tuple, lines))

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [event_of(self.queue, self._position, line) for line in self._lines[index]]
        return event_of(self.queue, self._position, self._lines[index])

    def __iter__(self) -> Iterator[Event]:
        return (event_of(self.queue, self._position, line) for line in self._lines)

    def sorts(self) -> list[tuple[Event, int]]:
        """One event of each sort, and how many of it there are.

        Events of a sort are the same in ``at``, ``kind`` and ``state``, all of them have a worker or none has, and a
        plain change of state has the same ``detail``.
        """
        firsts: dict[tuple[object, ...], int] = {}
        numbers = Counter(firsts.setdefault(_sort_of(line), place) for place, line in enumerate(self._lines))
        return [(self[place], number) for place, number in numbers.items()]


def _sort_of(line: Sequence[Any]) -> tuple[object, ...]:
    kind = line[_KIND]
    detail = tuple(line[_DETAIL]) if kind == ObserverEvent.STATUS_CHANGE else ()
    return line[_AT], kind, line[_STATE], not line[_WORKER], detail
