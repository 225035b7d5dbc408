"""Classes whose public methods are tasks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, overload

from cleo_core.errors import InvalidOption
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.definition import Task
from cleo_core.tasks.handle import TaskHandle
from cleo_core.when import Declared, Times, check_schedules

C = TypeVar("C", bound=type)
P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")
U = TypeVar("U")


class MethodSchedules:
    """What a class declares as its schedules: of all its tasks, or of those that are named.

    Raises:
        InvalidOption: something in it is no schedule.
    """

    def __init__(self, schedule: Declared | Mapping[str, Declared] | None) -> None:
        named = isinstance(schedule, Mapping)
        self._of_all = () if named else check_schedules(schedule)
        self._by_name = {name: check_schedules(when) for name, when in schedule.items()} if named else {}

    @property
    def names(self) -> Collection[str]:
        """The methods that are named."""
        return self._by_name.keys()

    def of(self, method: str) -> Times:
        """The schedules of a method."""
        return self._by_name.get(method, self._of_all)


def declare_methods(
    cls: C,
    declare: Callable[[Callable[..., Any], str, type, Times], Task[..., Any, Any]],
    *,
    include: Collection[str] | None,
    exclude: Collection[str],
    include_inherited: bool,
    schedules: MethodSchedules,
) -> C:
    """Replace the chosen methods of a class by tasks named ``Class.method``.

    Public methods (not static ones, which are plain functions) are chosen, unless ``include`` names others; a worker
    makes an instance (without arguments) for each run.

    Raises:
        InvalidOption: ``include`` or ``exclude`` names a method that the class doesn't have, or the schedules one that
            is no task.
    """
    methods = {
        name: member
        for name, member in inspect.getmembers(cls, inspect.isfunction)
        if (include_inherited or name in vars(cls)) and not isinstance(inspect.getattr_static(cls, name), staticmethod)
    }
    for name in [*(include or ()), *exclude]:
        if name not in methods:
            raise InvalidOption(f"{cls.__name__} has no method {name!r} to include or exclude. Check its spelling.")
    named = methods.keys() if include is None else include
    chosen = [name for name in methods if name in named and not (include is None and name.startswith("_"))]
    tasks = [name for name in chosen if name not in exclude]
    for name in schedules.names:
        if name not in tasks:
            raise InvalidOption(
                f"{cls.__name__} has no task {name!r} to schedule. Check its spelling, and what is included."
            )
    for name in tasks:
        setattr(cls, name, MethodTask(declare(methods[name], f"{cls.__name__}.{name}", cls, schedules.of(name))))
    return cls


class MethodTask(Generic[P, R_co, T_co]):
    """A method that is a task: on the class it is the task, on an instance the plain method with ``enqueue`` beside
    it.
    """

    def __init__(self, task: Task[P, R_co, T_co]) -> None:
        self.task = task

    @overload
    def __get__(self, instance: None, owner: type) -> Task[P, R_co, T_co]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> BoundTask[P, R_co, T_co]: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return self.task
        return BoundTask(self.task, instance)


class BoundTask(Generic[P, R_co, T_co]):
    """A task of an instance: calling it runs the method on that instance, enqueuing it leaves the instance behind."""

    def __init__(self, task: Task[P, R_co, T_co], instance: object) -> None:
        self._task = task
        self._instance = instance
        self.options = task.options
        self.name = task.name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the method here and now on this instance."""
        return self._task.run_on(self._instance, args, kwargs)

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskHandle[T_co]:
        """As ``Task.enqueue``."""
        return await self._task.enqueue(*args, **kwargs)

    async def enqueue_many(self, calls: Iterable[tuple[Any, ...]]) -> list[TaskHandle[T_co]]:
        """As ``Task.enqueue_many``."""
        return await self._task.enqueue_many(calls)


@overload
def task_method(
    method: Callable[Concatenate[S, TaskContext, P], Coroutine[Any, Any, U]], /
) -> MethodTask[P, Coroutine[Any, Any, U], U]: ...
@overload
def task_method(
    method: Callable[Concatenate[S, P], Coroutine[Any, Any, U]], /
) -> MethodTask[P, Coroutine[Any, Any, U], U]: ...
@overload
def task_method(method: Callable[Concatenate[S, TaskContext, P], U], /) -> MethodTask[P, U, U]: ...
@overload
def task_method(method: Callable[Concatenate[S, P], U], /) -> MethodTask[P, U, U]: ...
def task_method(method: Callable[..., Any], /) -> Any:
    """Tell the type checker that a method of a ``queue_class`` is a task, so that it knows ``enqueue`` and its types.

    A class decorator can't say so of the methods. At run time this changes nothing, and a method without it is a task
    just the same.
    """
    return cast("Any", method)
