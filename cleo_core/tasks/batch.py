"""Batched handlers: a function that takes a list, called once for many tasks, each of which is settled on its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, overload

from cleo_core.errors import InvalidOption, InvalidResults
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.definition import Task, TaskDecorator
from cleo_core.tasks.signature import Signature

A = TypeVar("A")
U = TypeVar("U")
MAX_BATCH = 1_000
MAX_WAIT = 60.0
BatchParameter = tuple[inspect.Parameter, dict[str, Any], bool]


@dataclass(frozen=True, slots=True)
class Batching:
    """How tasks are gathered: ``size`` at most in a call, the first of them waits ``wait`` seconds for others."""

    size: int
    wait: float

    @classmethod
    def checked(cls, size: object, wait: object) -> Batching:
        """Make it of what a declaration gave.

        Raises:
            InvalidOption: the size is not from 1 to 1,000, or the wait not from 0 to 60 seconds.
        """
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MAX_BATCH:
            raise InvalidOption(f"The option batch can't be {size!r}: it is a whole number from 1 to {MAX_BATCH:,}.")
        if not isinstance(wait, int | float) or not 0 <= wait <= MAX_WAIT:
            raise InvalidOption(f"The option batch_wait can't be {wait!r}: it is from 0 to {MAX_WAIT:g} seconds.")
        return cls(size, float(wait))


class BatchTask(Task[..., Any, Any]):
    """A task whose function takes the arguments of many: ``enqueue`` takes one, the function a list of them."""

    def __init__(self, function: Callable[..., Any], *, batching: Batching, **declared: Any) -> None:
        if declared.get("executor") == "process":
            raise InvalidOption(
                f"The task {declared.get('name')!r} has batch={batching.size}, so it can't run in a process. "
                "Leave out the executor: a plain function runs in a thread."
            )
        super().__init__(function, **declared)
        self.batching = batching

    def _signature_of(self, name: str, function: Callable[..., Any], *, skip_self: bool) -> Signature:
        return Signature(name, function, one_of=one_of_batch)

    def _result_hint(self, function: Callable[..., Any]) -> Any:
        return _hint_of_one(super()._result_hint(function))

    def invoke(self, named: dict[str, Any], context: TaskContext | None) -> Any:
        """Call the function with a batch of one, and give what it says of that one."""
        answer = self.invoke_many([named], [] if context is None else [context])
        if self.is_async:
            return self._only(answer)
        return self._unwrapped(answer)

    async def _only(self, answer: Coroutine[Any, Any, Any]) -> Any:
        return self._unwrapped(await answer)

    def _unwrapped(self, answer: object) -> Any:
        (result,) = self.spread(answer, 1)
        if isinstance(result, BaseException):
            raise result
        return result

    def invoke_many(self, items: Sequence[dict[str, Any]], contexts: list[TaskContext]) -> Any:
        """Call the function with the arguments of many tasks, and with their contexts if it takes them."""
        arguments = [next(iter(named.values())) for named in items]
        return self.function(contexts, arguments) if self.signature.takes_context else self.function(arguments)

    def spread(self, answer: object, size: int) -> Sequence[Any]:
        """What the function returned, one for each task: a result, or an exception if that task failed.

        Raises:
            InvalidResults: it is neither None nor a list of that length.
        """
        if answer is None:
            return [None] * size
        if not isinstance(answer, list | tuple):
            raise InvalidResults(
                f"{self.name} returned a {type(answer).__name__} for {size} tasks. Return a list with one result for "
                "each task in their order, with an exception where a task failed; or None if all are done."
            )
        results = cast("Sequence[Any]", answer)
        if len(results) != size:
            raise InvalidResults(
                f"{self.name} got {size} tasks and returned {len(results)} results, so nobody knows whose they are. "
                "Return one for each task in their order, with an exception where a task failed."
            )
        return results


def one_of_batch(name: str, parameters: Sequence[inspect.Parameter], hints: Mapping[str, Any]) -> BatchParameter:
    """The one argument of a task whose function takes a list of them: its parameter, types, and whether the function
    takes the contexts first.

    Raises:
        InvalidOption: the function doesn't take one list.
    """
    contexts = bool(parameters) and hints.get(parameters[0].name) == list[TaskContext]
    rest = parameters[1:] if contexts else parameters
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    hint = hints.get(rest[0].name) if len(rest) == 1 and rest[0].kind in kinds else None
    if get_origin(hint) not in {list, Sequence} or not get_args(hint):
        raise InvalidOption(
            f"The task {name!r} has a batch, so its function takes one list of arguments, for example "
            "rows: list[Row], and before it the contexts if it wants them: contexts: list[TaskContext]."
        )
    parameter = rest[0].replace(default=inspect.Parameter.empty, kind=inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return parameter, {parameter.name: get_args(hint)[0]}, contexts


def _hint_of_one(hint: Any) -> Any:
    """The type of one task's result, by that of what the function returns: ``int`` of ``list[int | Exception]``."""
    if hint is None or hint is type(None):
        return None
    if get_origin(hint) not in {list, Sequence, tuple} or not get_args(hint):
        return Any
    inner = get_args(hint)[0]
    if get_origin(inner) not in {Union, UnionType}:
        return inner
    parts: tuple[Any, ...] = get_args(inner)
    kept: tuple[Any, ...] = tuple(filter(_is_no_error, parts))
    return Union[kept] if kept else Any  # noqa: UP007


def _is_no_error(hint: object) -> bool:
    return not (isinstance(hint, type) and issubclass(hint, BaseException))


class BatchDecorator(TaskDecorator):
    """What ``cleo.task(batch=...)`` returns: put before a function that takes a list of arguments, it declares the task
    of one of them.
    """

    @overload
    def __call__(
        self, function: Callable[[list[A]], Coroutine[Any, Any, None]]
    ) -> Task[[A], Coroutine[Any, Any, None], None]: ...
    @overload
    def __call__(
        self, function: Callable[[list[A]], Coroutine[Any, Any, Sequence[U | Exception]]]
    ) -> Task[[A], Coroutine[Any, Any, U], U]: ...
    @overload
    def __call__(
        self, function: Callable[[list[TaskContext], list[A]], Coroutine[Any, Any, None]]
    ) -> Task[[A], Coroutine[Any, Any, None], None]: ...
    @overload
    def __call__(
        self, function: Callable[[list[TaskContext], list[A]], Coroutine[Any, Any, Sequence[U | Exception]]]
    ) -> Task[[A], Coroutine[Any, Any, U], U]: ...
    @overload
    def __call__(self, function: Callable[[list[A]], None]) -> Task[[A], None, None]: ...
    @overload
    def __call__(self, function: Callable[[list[A]], Sequence[U | Exception]]) -> Task[[A], U, U]: ...
    @overload
    def __call__(self, function: Callable[[list[TaskContext], list[A]], None]) -> Task[[A], None, None]: ...
    @overload
    def __call__(
        self, function: Callable[[list[TaskContext], list[A]], Sequence[U | Exception]]
    ) -> Task[[A], U, U]: ...
    def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, function: Callable[..., Any]
    ) -> Any:
        return self._declare(function)
