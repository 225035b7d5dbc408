"""Classes whose public methods are tasks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from cleo_core.errors import InvalidOption
from cleo_core.tasks.definition import Task

C = TypeVar("C", bound=type)


def declare_methods(
    cls: C,
    declare: Callable[[Callable[..., Any], str, type], Task[..., Any, Any]],
    *,
    include: Collection[str] | None,
    exclude: Collection[str],
    include_inherited: bool,
) -> C:
    """Replace the chosen methods of a class by tasks named ``Class.method``.

    Public methods (not static ones, which are plain functions) are chosen, unless ``include`` names others; a worker
    makes an instance (without arguments) for each run.

    Raises:
        InvalidOption: ``include`` or ``exclude`` names a method that the class doesn't have.
    """
    methods = {
        name: member
        for name, member in inspect.getmembers(cls, inspect.isfunction)
        if (include_inherited or name in vars(cls)) and not isinstance(inspect.getattr_static(cls, name), staticmethod)
    }
    for name in [*(include or ()), *exclude]:
        if name not in methods:
            raise InvalidOption(f"{cls.__name__} has no method {name!r} to include or exclude. Check its spelling.")
    for name, method in methods.items():
        chosen = name in include if include is not None else not name.startswith("_")
        if chosen and name not in exclude:
            setattr(cls, name, MethodTask(declare(method, f"{cls.__name__}.{name}", cls)))
    return cls


class MethodTask:
    """A method that is a task: on the class it is the task, on an instance the plain method with ``enqueue`` beside
    it.
    """

    def __init__(self, task: Task[..., Any, Any]) -> None:
        self.task = task

    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return self.task
        return BoundTask(self.task, instance)


class BoundTask:
    """A task of an instance: calling it runs the method on that instance, enqueuing it leaves the instance behind."""

    def __init__(self, task: Task[..., Any, Any], instance: object) -> None:
        self._task = task
        self._instance = instance
        self.enqueue = task.enqueue
        self.enqueue_many = task.enqueue_many
        self.options = task.options
        self.name = task.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the method here and now on this instance."""
        return self._task.run_on(self._instance, args, kwargs)
