"""Whether a worker claims tasks, and how it is to end: by signals, by orders of an operator, by its memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum

from cleo_core.models import WorkerState

LOG = logging.getLogger("cleo.worker")


class Ending(StrEnum):
    """Why a worker ends. By an operator's order it ends for good; one that outgrew its memory is to be replaced."""

    STOPPED = "was stopped"
    ORDERED = "was ordered to end"
    OUTGROWN = "outgrew its memory"


class Duty:
    """What a worker is to do, as it was told last. ``changed`` is called when that has changed.

    With ``replaceable`` somebody starts another worker when this one ends; so it ends when it has more memory than
    ``max_memory`` bytes, and otherwise only claims no more for as long as it has.
    """

    def __init__(self, max_memory: int | None, changed: Callable[[], None]) -> None:
        self._max_memory = max_memory
        self._changed = changed
        self._paused = False
        self._outgrown = 0
        self.replaceable = False
        self.ends = asyncio.Event()
        self.is_patient = False
        self.ending = Ending.STOPPED

    @property
    def claims(self) -> bool:
        """Whether it claims tasks."""
        return not (self._paused or self._outgrown or self.ends.is_set())

    @property
    def state(self) -> WorkerState:
        """As others are told."""
        if self.ends.is_set():
            return WorkerState.DRAINING if self.is_patient else WorkerState.STOPPING
        return WorkerState.RUNNING if self.claims else WorkerState.PAUSED

    @property
    def reason(self) -> str:
        """Why it does not run, or nothing."""
        if self._outgrown:
            return f"it has {_mib(self._outgrown)} of memory; max_memory is {_mib(self._max_memory or 0)}"
        return self.ending if self.ends.is_set() else ""

    def stop(self) -> None:
        """Claim no more; what runs has the grace period to end."""
        self.is_patient = False
        self._end()

    def drain(self) -> None:
        """Claim no more, and end when all that runs has ended."""
        if not self.ends.is_set():
            self.is_patient = True
            self._end()

    def _end(self) -> None:
        self.ends.set()
        self._changed()

    def pause(self) -> None:
        """Claim none for now."""
        self._set_paused(True)

    def resume(self) -> None:
        """Claim again."""
        self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        if paused is not self._paused:
            self._paused = paused
            LOG.info("The worker is %s.", "paused" if paused else "resumed")
            self._changed()

    def obey(self, order: WorkerState) -> None:
        """Do what an operator wants; an order that was obeyed already changes nothing."""
        if order is WorkerState.PAUSED:
            self.pause()
        elif order is WorkerState.RUNNING:
            self.resume()
        elif not self.ends.is_set() or (order is WorkerState.STOPPING and self.is_patient):
            LOG.info("An operator has the worker end (%s).", order)
            if not self.ends.is_set():
                self.ending = Ending.ORDERED
            if order is WorkerState.DRAINING:
                self.drain()
            else:
                self.stop()

    def weigh(self, memory: int) -> None:
        """Note how much memory the process has, in bytes."""
        if self._max_memory is None or self.ends.is_set():
            return
        before, self._outgrown = self._outgrown, memory if memory > self._max_memory else 0
        if bool(before) == bool(self._outgrown):
            return
        if not self._outgrown:
            LOG.info("The worker has %s of memory again and claims tasks.", _mib(memory))
            self._changed()
        elif self.replaceable:
            LOG.warning("The worker claims no more and is replaced: %s.", self.reason)
            self.ending = Ending.OUTGROWN
            self.drain()
        else:
            LOG.error("The worker claims no more: %s. Restart the process.", self.reason)
            self._changed()


def _mib(size: int) -> str:
    return f"{size / 1_048_576:,.0f} MiB"
