"""A function that was declared as a task: called here as before, enqueued to run elsewhere."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast, get_type_hints, overload

from pydantic import PydanticSchemaGenerationError, TypeAdapter

from cleo_core.errors import InvalidArguments, InvalidOption
from cleo_core.models import TaskPriority
from cleo_core.names import check_name
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.handle import TaskHandle
from cleo_core.tasks.options import CallOptions, Executor, RunOptions
from cleo_core.tasks.producer import Destination, Producer
from cleo_core.tasks.signature import Signature
from cleo_core.when import Cron, Every

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Task(Generic[P, R_co, T_co]):
    """A declared task. ``P`` are the arguments of its function, ``R_co`` what calling it gives, ``T_co`` its result."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str,
        queue: str,
        group: str,
        priority: TaskPriority,
        options: RunOptions,
        executor: Executor,
        producer: Producer,
        owner: type | None = None,
        schedules: tuple[Cron | Every, ...] = (),
    ) -> None:
        self.name = check_name("task", name)
        self.queue = check_name("queue", queue)
        self.group = check_name("group", group, may_be_empty=True)
        self.priority = priority
        self.options_declared = options
        self.executor = executor
        self.function = function
        self.is_async = inspect.iscoroutinefunction(function)
        self.signature = self._signature_of(name, function, skip_self=owner is not None)
        if executor == "process":
            self._check_process()
        self.schedules = schedules
        if schedules:
            self.arguments_of_schedules()
        self._owner = owner
        self._producer = producer
        self._result = self._result_adapter(function)
        self._destination = self._to(CallOptions())
        functools.update_wrapper(self, function)

    def __repr__(self) -> str:
        return f"<Task {self.name!r} in {self.queue!r}>"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Run the function here and now, without a queue."""
        return self.invoke(self.signature.bind(args, kwargs), self._local_context())

    def invoke(self, named: dict[str, Any], context: TaskContext | None) -> Any:
        """Call the function with arguments by name, on an instance of its own if it is a method."""
        function = self.function if self._owner is None else functools.partial(self.function, self._owner())
        return self.signature.call(function, named, context if self.signature.takes_context else None)

    def run_on(self, instance: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a method's function on an instance, as Python would."""
        first = (self._local_context(),) if self.signature.takes_context else ()
        return self.function(instance, *first, *args, **kwargs)

    def arguments_of_schedules(self) -> bytes:
        """The arguments of a call by a declared schedule: none, so all must have defaults.

        Raises:
            InvalidArguments: one has none.
        """
        try:
            return self.signature.encode({}, 1_000)
        except InvalidArguments:
            raise InvalidArguments(
                f"The task {self.name!r} is declared with a schedule, which calls it without arguments. Give all "
                "of them defaults, or add the schedule at run time: "
                "cleo.schedules.add(queue, id, task, arguments, when=...)."
            ) from None

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskHandle[T_co]:
        """Store a call of this task in its queue.

        Raises:
            InvalidArguments: the arguments don't fit the signature.
            PayloadTooLarge: as JSON they exceed the limit.
            ServerError: the server didn't take it. Nothing was stored, unless the connection broke before the answer
                came; with a ``task_id`` it is safe to try again.
        """
        return await self.store(self._producer, self._destination, args, kwargs)

    async def enqueue_many(self, calls: Iterable[tuple[Any, ...]]) -> list[TaskHandle[T_co]]:
        """Store many calls, a tuple of positional arguments each, in batches that are stored whole or not at all.

        All are checked before the first is stored. Raises what ``enqueue`` raises.
        """
        return await self.store_many(self._producer, self._destination, calls)

    async def enqueue_by(self, producer: Producer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TaskHandle[T_co]:
        """As ``enqueue``, by another ``Cleo``'s producer; for code that keeps one in an event loop of its own."""
        return await self.store(producer, self._destination, args, kwargs)

    async def enqueue_many_by(self, producer: Producer, calls: Iterable[tuple[Any, ...]]) -> list[TaskHandle[T_co]]:
        """As ``enqueue_many``, by another ``Cleo``'s producer."""
        return await self.store_many(producer, self._destination, calls)

    def options(
        self,
        *,
        task_id: str | None = None,
        queue: str | None = None,
        group: str | None = None,
        priority: TaskPriority | None = None,
        delay: float | None = None,
        max_retries: int | None = None,
        timeout: float | None = None,
        retention: int | None = None,
        max_deliveries: int | None = None,
        **more: Any,
    ) -> TaskCall[P, T_co]:
        """The same task with other options for one call: ``await task.options(delay=5).enqueue(...)``.

        ``task_id`` makes the call idempotent: a second one of that id stores nothing. ``delay`` is in seconds.

        Raises:
            InvalidOption: an unknown option, or a value out of its range.
            InvalidName: a name that is not allowed.
        """
        given = {
            "task_id": task_id, "queue": queue, "group": group, "priority": priority, "delay": delay,
            "max_retries": max_retries, "timeout": timeout, "retention": retention,
            "max_deliveries": max_deliveries, **more,
        }  # fmt: skip
        return TaskCall(self, self._producer, self._to(CallOptions.checked(given)))

    def _signature_of(self, name: str, function: Callable[..., Any], *, skip_self: bool) -> Signature:
        return Signature(name, function, skip_self=skip_self)

    def _result_hint(self, function: Callable[..., Any]) -> Any:
        return get_type_hints(function, include_extras=True).get("return", Any)

    def _result_adapter(self, function: Callable[..., Any]) -> TypeAdapter[Any] | None:
        """How to read the result into the declared type, or None if it has none that pydantic knows."""
        try:
            hint = self._result_hint(function)
            return None if hint is Any or hint is None else TypeAdapter(hint)
        except (NameError, PydanticSchemaGenerationError):
            return None

    def _check_process(self) -> None:
        """Refuse what can't run in another process."""
        what = None
        if self.is_async:
            what = "is async; only plain functions run in a process"
        elif self.signature.takes_context:
            what = "takes a TaskContext, which can't follow it into another process"
        elif "<" in self.function.__qualname__:
            what = "is not at the top of its module, so another process can't find it"
        if what is not None:
            raise InvalidOption(f"The task {self.name!r} can't have executor='process': it {what}.")

    def _to(self, call: CallOptions) -> Destination:
        return Destination.of(self.name, self.queue, self.group, self.priority, self.options_declared, call)

    async def store(
        self, producer: Producer, to: Destination, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> TaskHandle[T_co]:
        """Check the arguments of a call and store it at its destination."""
        limit = producer.backend.limits.payload_bytes
        task = to.new(self.signature.encode(self.signature.bind(args, kwargs), limit))
        created = await producer.store(to.queue, [task])
        return TaskHandle(producer, to.queue, task.id, created=created[0], adapter=self._result)

    async def store_many(
        self, producer: Producer, to: Destination, calls: Iterable[tuple[Any, ...]]
    ) -> list[TaskHandle[T_co]]:
        """Check the arguments of many calls and store them at their destination."""
        limit = producer.backend.limits.payload_bytes
        signature = self.signature
        tasks = to.new_many([signature.encode(signature.bind(_checked_call(args), {}), limit) for args in calls])
        created = await producer.store(to.queue, tasks)
        return [
            TaskHandle(producer, to.queue, task.id, created=new, adapter=self._result)
            for task, new in zip(tasks, created, strict=True)
        ]

    def _local_context(self) -> TaskContext:
        return TaskContext(
            task_id="", name=self.name, queue=self.queue, group=self.group, worker="", attempt=1, say=_say_nothing
        )


class TaskCall(Generic[P, T_co]):
    """A task with the options of one call, made by ``Task.options``."""

    def __init__(self, task: Task[P, Any, T_co], producer: Producer, destination: Destination) -> None:
        self._task = task
        self._producer = producer
        self._destination = destination

    async def enqueue(self, *args: P.args, **kwargs: P.kwargs) -> TaskHandle[T_co]:
        """As ``Task.enqueue``, with these options."""
        return await self.enqueue_by(self._producer, args, kwargs)

    async def enqueue_by(self, producer: Producer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TaskHandle[T_co]:
        """As ``Task.enqueue_by``, with these options."""
        return await self._task.store(producer, self._destination, args, kwargs)

    async def enqueue_many(self, calls: Iterable[tuple[Any, ...]]) -> list[TaskHandle[T_co]]:
        """As ``Task.enqueue_many``, with these options, except ``task_id``, which is one task's.

        Raises:
            InvalidArguments: a ``task_id`` was given.
        """
        return await self.enqueue_many_by(self._producer, calls)

    async def enqueue_many_by(self, producer: Producer, calls: Iterable[tuple[Any, ...]]) -> list[TaskHandle[T_co]]:
        """As ``Task.enqueue_many_by``, with these options."""
        if self._destination.task_id is not None:
            raise InvalidArguments("One task_id can't name many tasks. Enqueue them one by one, each with its own.")
        return await self._task.store_many(producer, self._destination, calls)


class TaskDecorator:
    """What ``cleo.task(...)`` returns: put before a function it declares it, and keeps its types."""

    def __init__(self, declare: Callable[[Callable[..., Any]], Task[..., Any, Any]]) -> None:
        self._declare = declare

    @overload
    def __call__(
        self, function: Callable[Concatenate[TaskContext, Q], Coroutine[Any, Any, U]]
    ) -> Task[Q, Coroutine[Any, Any, U], U]: ...
    @overload
    def __call__(self, function: Callable[Q, Coroutine[Any, Any, U]]) -> Task[Q, Coroutine[Any, Any, U], U]: ...
    @overload
    def __call__(self, function: Callable[Concatenate[TaskContext, Q], U]) -> Task[Q, U, U]: ...
    @overload
    def __call__(self, function: Callable[Q, U]) -> Task[Q, U, U]: ...
    def __call__(self, function: Callable[..., Any]) -> Any:
        return self._declare(function)


def _checked_call(args: object) -> tuple[Any, ...] | list[Any]:
    if isinstance(args, (tuple, list)):
        return cast("tuple[Any, ...]", args)
    raise InvalidArguments(
        f"enqueue_many takes a tuple of arguments for each call, for example [(1,), (2,)]; {args!r} is none."
    )


def _say_nothing(fraction: float, text: str, line: str | None) -> None:
    """Progress and log lines of a task that runs here go nowhere."""
