"""The tasks that a program has declared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cleo_core.errors import DuplicateTaskName, UnknownTask
from cleo_core.tasks.definition import Task
from cleo_core.tasks.options import RunOptions

AnyTask = Task[..., Any, Any]


class Registry:
    """Declared tasks by name, and the options of those that are enqueued by name without being declared."""

    def __init__(self, defaults: RunOptions) -> None:
        self.defaults = defaults
        self._tasks: dict[str, AnyTask] = {}

    def declare(self, task: AnyTask) -> AnyTask:
        """Enter a task. The same function of the same module may be declared again, as on a reload.

        Raises:
            DuplicateTaskName: another function has that name.
        """
        other = self._tasks.get(task.name)
        if other is not None and _place(other) != _place(task):
            raise DuplicateTaskName(
                f"The task {task.name!r} is declared twice: in {_place(other)} and in {_place(task)}. "
                "Give one of them another name: @cleo.task(name=...)."
            )
        self._tasks[task.name] = task
        return task

    def find(self, name: str) -> AnyTask | None:
        """The task of that name, or None."""
        return self._tasks.get(name)

    def get(self, name: str) -> AnyTask:
        """The task of that name.

        Raises:
            UnknownTask: none is declared; the message lists those that are.
        """
        task = self._tasks.get(name)
        if task is None:
            known = ", ".join(sorted(self._tasks)[:10]) or "none"
            raise UnknownTask(
                f"No task {name!r} is declared here (declared: {known}). Import the module that declares it."
            )
        return task

    def names(self) -> list[str]:
        """The names of all declared tasks."""
        return sorted(self._tasks)

    def queues(self) -> list[str]:
        """The queues that declared tasks go to."""
        return sorted({task.queue for task in self._tasks.values()})

    def __iter__(self) -> Iterator[AnyTask]:
        return iter(self._tasks.values())

    def __len__(self) -> int:
        return len(self._tasks)


def _place(task: AnyTask) -> str:
    return f"{task.function.__module__}.{task.function.__qualname__}"
