"""Schedules as they are kept, and those that are declared with a task: ``@cleo.task(schedule=Cron("0 3 * * *"))``."""

from __future__ import annotations

import hashlib

from pydantic_core import to_json

from cleo_core.scripts.schedules import NewSchedule
from cleo_core.signing import SigningKey
from cleo_core.tasks.options import CallOptions
from cleo_core.tasks.producer import Destination
from cleo_core.tasks.registry import Registry
from cleo_core.when import Cron, Every, write_when

MAX_ID_BYTES = 150


def declared_id(task: str, when: Cron | Every) -> str:
    """The id of a declared schedule: the task and its times, so that other times are another schedule."""
    text = f"{task} {when}"
    if len(text.encode()) <= MAX_ID_BYTES:
        return text
    return (
        f"{text.encode()[: MAX_ID_BYTES - 20].decode(errors='ignore')} {hashlib.sha256(text.encode()).hexdigest()[:16]}"
    )


def fields_of(
    schedule_id: str, to: Destination, arguments: bytes, when: Cron | Every, key: SigningKey | None, module: str = ""
) -> dict[str, str | bytes]:
    """What is kept of a schedule; with a ``key`` all its tasks are signed."""
    head = to.head
    if key is not None:
        head = key.sign_schedule(schedule_id, to.name, to.queue, to.group, arguments, head)
    return {
        "task": to.name, "args": arguments, "head": head, "group": to.group, "prio": str(int(to.priority)),
        "when": write_when(when), "module": module,
    }  # fmt: skip


class Declarations:
    """The schedules that the tasks of a program declare, signed if the program has a key."""

    def __init__(self, registry: Registry, key: SigningKey | None = None) -> None:
        self._tasks = list(registry)
        self._key = key

    @property
    def unsigned(self) -> list[str]:
        """The tasks whose schedules are not signed."""
        return [task.name for task in self._tasks if task.schedules] if self._key is None else []

    def of_queue(self, queue: str, now: int) -> list[NewSchedule]:
        """Those of a queue, with when they are due first (ms)."""
        found: list[NewSchedule] = []
        for task in self._tasks:
            if task.queue != queue:
                continue
            to = Destination.of(task.name, queue, task.group, task.priority, task.options_declared, CallOptions())
            for when in task.schedules:
                own_id, module = declared_id(task.name, when), task.function.__module__
                fields = fields_of(own_id, to, task.arguments_of_schedules(), when, self._key, module)
                due = when.next_ms(now, now)
                if due is not None:
                    found.append(NewSchedule(own_id, due, fields))
        return found

    def ids_of(self, queue: str) -> list[str]:
        """The ids of those of a queue."""
        return [declared_id(task.name, when) for task in self._tasks if task.queue == queue for when in task.schedules]

    def mine(self) -> bytes:
        """The tasks and modules that this program has, of which it may say what is declared no more."""
        names = [task.name for task in self._tasks]
        modules = [f"module {task.function.__module__}" for task in self._tasks]
        return to_json(dict.fromkeys([*names, *modules], True))
