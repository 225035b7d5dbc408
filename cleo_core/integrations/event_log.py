"""The events of queues in the program's log, by ``logging``."""

from __future__ import annotations

import logging
from collections.abc import Collection
from types import TracebackType
from typing import Any, Self

from cleo_core.app import Cleo
from cleo_core.models import Event, ObserverEvent, TaskState

LEVELS = {
    ObserverEvent.TASK_ADDED: logging.DEBUG,
    ObserverEvent.TASK_PROGRESS: logging.DEBUG,
    ObserverEvent.GROUP_CHANGE: logging.INFO,
    ObserverEvent.QUEUE_CHANGE: logging.INFO,
    ObserverEvent.WORKER_JOINED: logging.INFO,
    ObserverEvent.WORKER_LEFT: logging.INFO,
    ObserverEvent.TASK_COMPLETED: logging.INFO,
    ObserverEvent.TASK_STALLED: logging.WARNING,
    ObserverEvent.TASK_FAILED: logging.WARNING,
}


class EventLog:
    """Logs each event of the queues, whichever process made it, while it is entered as a context manager.

    Dead letters are errors; failures that are retried and lost workers are warnings; ends, cancels and changes of
    queues are information; the rest is for debugging. Each record has the event's parts as attributes: ``cleo_event``,
    ``cleo_queue``, ``cleo_task_id``, ``cleo_task``, ``cleo_group``, ``cleo_worker``, ``cleo_state``, ``cleo_run``
    (seconds) and ``cleo_detail``; those that are empty are left out.

    Args:
        cleo: whose namespace.
        logger: where to; the logger ``cleo.queues`` if not given.
        queues: only these; all if empty.
    """

    def __init__(self, cleo: Cleo, *, logger: logging.Logger | None = None, queues: Collection[str] = ()) -> None:
        self._cleo = cleo
        self._logger = logger or logging.getLogger("cleo.queues")
        self._queues = frozenset(queues)

    async def __aenter__(self) -> Self:
        for kind in ObserverEvent:
            self._cleo.events.subscribe(kind, self._hear_change if kind is ObserverEvent.STATUS_CHANGE else self._hear)
        await self._cleo.events.ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for heard in ObserverEvent:
            observer = self._hear_change if heard is ObserverEvent.STATUS_CHANGE else self._hear
            self._cleo.events.unsubscribe(heard, observer)

    def _hear_change(self, _id: str, _state: TaskState | None, event: Event) -> None:
        # Observers of changes hear of the others too, which are logged as what they are.
        if event.kind is ObserverEvent.STATUS_CHANGE:
            self.write(event)

    def _hear(self, _id: str, _state: TaskState | None, event: Event) -> None:
        self.write(event)

    def write(self, event: Event) -> None:
        """Log an event, unless it is of another queue."""
        if self._queues and event.queue not in self._queues:
            return
        level = level_of(event)
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", _told(event), extra=_parts(event))


def level_of(event: Event) -> int:
    """How loud an event is."""
    if event.state is TaskState.DEAD:
        return logging.ERROR
    if event.kind is ObserverEvent.STATUS_CHANGE:
        return logging.INFO if event.state is TaskState.CANCELLED else logging.DEBUG
    return LEVELS[event.kind]


def _told(event: Event) -> str:
    what = event.state.value if event.state is not None else event.kind.value
    whose = f"{event.name} {event.task_id} in {event.queue}" if event.task_id else event.queue or event.worker
    run = f" after {event.run:.3f} s" if event.run is not None else ""
    return f"{whose}: {what}{run}" + (f" ({event.detail})" if event.detail else "")


def _parts(event: Event) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "cleo_event": event.kind.value,
        "cleo_queue": event.queue,
        "cleo_task_id": event.task_id,
        "cleo_task": event.name,
        "cleo_group": event.group,
        "cleo_worker": event.worker,
        "cleo_state": event.state.value if event.state is not None else "",
        "cleo_run": event.run,
        "cleo_detail": event.detail,
    }
    return {name: value for name, value in parts.items() if value not in {"", None}}
