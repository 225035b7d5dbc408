"""``Cleo``: settings in, services out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from copy import copy
from types import TracebackType
from typing import Any, ClassVar, Concatenate, ParamSpec, Self, TypeVar, overload

from cleo_core.access import Access
from cleo_core.analytics import Analytics
from cleo_core.audit import Audit
from cleo_core.backend import Backend
from cleo_core.connection import check_url
from cleo_core.dead_letters import DeadLetters
from cleo_core.doctor import examine
from cleo_core.errors import InvalidOption
from cleo_core.events import Events
from cleo_core.explain import Explainer
from cleo_core.groups import TaskGroup
from cleo_core.history import TaskHistoryService
from cleo_core.locks import Locks
from cleo_core.middleware import Hooks, Middleware
from cleo_core.models import Check, ServerInfo, TaskPriority
from cleo_core.queues import QueueManager
from cleo_core.reasons import Explanation
from cleo_core.schedules import Schedules
from cleo_core.scripts import MAX_DELIVERIES
from cleo_core.server import read_server_info
from cleo_core.settings import Limits, RedisSettings, WorkerSettings
from cleo_core.signing import SigningKey, Trust, TrustedKey
from cleo_core.sync import SyncCleo
from cleo_core.tasks.batch import BatchDecorator, Batching, BatchTask
from cleo_core.tasks.context import TaskContext
from cleo_core.tasks.definition import Task, TaskDecorator
from cleo_core.tasks.options import Executor, RunOptions, checked_run_options
from cleo_core.tasks.producer import Producer
from cleo_core.tasks.queue_class import MethodSchedules, declare_methods
from cleo_core.tasks.registry import Registry
from cleo_core.when import Declared, Times, check_schedules
from cleo_core.worker.line import Line
from cleo_core.worker.worker import Worker
from cleo_core.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=type)
M = TypeVar("M", bound=Middleware)
BATCH_WAIT = 0.1


class Cleo:
    """One namespace on one Redis server: declares tasks, enqueues them, runs workers, and looks into all of it.

    Making one opens no connection; the first call that needs the server does. Use it as an async context manager, or
    call ``close`` at the end.

    Args:
        url: the server: ``redis://``, ``rediss://``, ``unix://`` or ``embedded://``.
        namespace: what all keys begin with.
        redis: further settings of the connection; ``url`` wins over its URL.
        worker: the defaults of workers made by ``worker()``.
        limits: what is accepted and how long it is kept.
        middleware: what is called around enqueuing and running, in this order.
        signing: the key with which tasks that are enqueued here are signed.
        trusted: the keys whose tasks workers made here run; signed tasks are checked against them.
        require_signatures: workers refuse tasks without a signature.

    ``sync`` is its blocking face, for programs without an event loop.

    Raises:
        InvalidUrl, InvalidName: the address or the namespace can't be one.
    """

    _instances: ClassVar[dict[str, Cleo]] = {}
    _instances_lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str = "cleo",
        redis: RedisSettings | None = None,
        worker: WorkerSettings | None = None,
        limits: Limits | None = None,
        middleware: Sequence[Middleware] = (),
        signing: SigningKey | None = None,
        trusted: Sequence[TrustedKey] = (),
        require_signatures: bool = False,
    ) -> None:
        self.hooks = Hooks(middleware)
        self._signing = signing
        self._trust = Trust(trusted, required=require_signatures) if trusted or require_signatures else None
        self.sync = SyncCleo(self._twin)
        self.limits = limits or Limits()
        self.worker_settings = worker or WorkerSettings()
        self.tasks = Registry(self._run_options({}))
        settings = redis or RedisSettings()
        self._connect_to(settings if url is None else settings.model_copy(update={"url": url}), namespace)

    def _connect_to(self, redis: RedisSettings, namespace: str) -> None:
        check_url(redis.url)
        self.backend = Backend(redis, namespace, self.limits)
        self.backend.signing, self.backend.trust = self._signing, self._trust
        self.producer = Producer(self.backend, self.hooks)
        self.events = Events(self.backend)
        self.queues = QueueManager(self.backend, self.producer, self.tasks, self.events)
        self.groups = TaskGroup(self.backend, self.queues)
        self.locks = Locks(self.backend)
        self.schedules = Schedules(self.backend, self.producer, self.tasks)
        self.history = TaskHistoryService(self.backend, self.queues)
        self.analytics = Analytics(self.backend)
        self.workers = Workers(self.backend)
        self.access = Access(self.backend)
        self.audit = Audit(self.backend)
        self.dead_letters = DeadLetters(self.backend, self.tasks, self.workers)
        self._explainer = Explainer(self.backend, self.workers)

    @classmethod
    def get_instance(cls, name: str = "default") -> Cleo:
        """The ``Cleo`` of that name, made at the first call; ``configure`` tells it where its server is."""
        with cls._instances_lock:
            if name not in cls._instances:
                cls._instances[name] = cls()
            return cls._instances[name]

    def configure(
        self,
        *,
        redis: RedisSettings | str | None = None,
        namespace: str | None = None,
        worker: WorkerSettings | None = None,
    ) -> Self:
        """Change where the server is and how workers work, before the first connection.

        Raises:
            InvalidOption: it is connected already.
            InvalidUrl: the address can't be understood.
        """
        if worker is not None:
            self.worker_settings = worker
        if redis is None and namespace is None:
            return self
        if self.backend.connected:
            raise InvalidOption("This Cleo is connected already. Configure it before its first use, or close it first.")
        settings = RedisSettings(url=redis) if isinstance(redis, str) else redis or self.backend.redis
        check_url(settings.url)
        self.sync.close()
        self.backend.point_to(settings, namespace or self.backend.keys.namespace)
        return self

    def _twin(self) -> Cleo:
        """Another ``Cleo`` with these settings, tasks and middleware, to live in another event loop."""
        twin = copy(self)
        twin._connect_to(self.backend.redis, self.backend.keys.namespace)
        return twin

    def use(self, middleware: M) -> M:
        """Add middleware behind that which is there, and return it. Workers that are made already don't know of it.

        Raises:
            InvalidOption: it is no ``Middleware``, or used already.
        """
        self.hooks.add(middleware)
        return middleware

    @property
    def namespace(self) -> str:
        """What all keys begin with."""
        return self.backend.keys.namespace

    @property
    def address(self) -> str:
        """The server's host and port or socket, without user and password."""
        return self.backend.server_name

    # --- declaring -----------------------------------------------------------------------------------

    @overload
    def task(
        self, function: Callable[Concatenate[TaskContext, P], Coroutine[Any, Any, T]], /
    ) -> Task[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def task(self, function: Callable[P, Coroutine[Any, Any, T]], /) -> Task[P, Coroutine[Any, Any, T], T]: ...
    @overload
    def task(self, function: Callable[Concatenate[TaskContext, P], T], /) -> Task[P, T, T]: ...
    @overload
    def task(self, function: Callable[P, T], /) -> Task[P, T, T]: ...
    @overload
    def task(
        self,
        function: None = None,
        /,
        *,
        name: str | None = None,
        queue: str = "default",
        group: str = "",
        priority: TaskPriority = TaskPriority.NORMAL,
        executor: Executor = "thread",
        schedule: Declared | None = None,
        batch: None = None,
        **options: Any,
    ) -> TaskDecorator: ...
    @overload
    def task(
        self,
        function: None = None,
        /,
        *,
        batch: int,
        batch_wait: float = BATCH_WAIT,
        name: str | None = None,
        queue: str = "default",
        group: str = "",
        priority: TaskPriority = TaskPriority.NORMAL,
        **options: Any,
    ) -> BatchDecorator: ...
    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        queue: str = "default",
        group: str = "",
        priority: TaskPriority = TaskPriority.NORMAL,
        executor: Executor = "thread",
        schedule: Declared | None = None,
        batch: int | None = None,
        batch_wait: float = BATCH_WAIT,
        **options: Any,
    ) -> Any:
        """Declare a function as a task: ``@cleo.task`` or ``@cleo.task(queue="emails", max_retries=3, timeout=30)``.

        The further options are those of ``RunOptions``: ``max_retries`` (3), ``backoff`` (exponential from 1 s),
        ``timeout`` (seconds an attempt, None), ``retention`` (seconds, None), ``max_deliveries`` (3). A function that
        is not ``async`` runs in a thread, or with ``executor="process"`` in a process.

        With ``schedule`` (``Cron("0 3 * * *", tz="Europe/Oslo")``, ``Every(30.0)``, or several) the workers of the
        queue store a call without arguments at those times. See ``docs/schedules.md``.

        With ``batch`` the function takes a list: ``enqueue`` takes one argument, and up to ``batch`` tasks are run by
        one call, for which the first waits ``batch_wait`` seconds (0.1). It returns a list with a result, or an
        exception, for each; or None if all are done. See ``docs/embedding.md``.

        Raises:
            InvalidOption, InvalidName, InvalidArguments, DuplicateTaskName: the declaration can't stand; the message
            says why.
        """
        checked = self._run_options(options)
        batching = None if batch is None else Batching.checked(batch, batch_wait)
        schedules = check_schedules(schedule)

        def declare(function: Callable[..., Any]) -> Task[..., Any, Any]:
            own = name or function.__name__
            return self._declare(function, own, None, queue, group, priority, checked, executor, batching, schedules)

        if function is not None:
            return declare(function)
        return TaskDecorator(declare) if batching is None else BatchDecorator(declare)

    def queue_class(
        self,
        *,
        queue: str = "default",
        group: str = "",
        priority: TaskPriority = TaskPriority.NORMAL,
        executor: Executor = "thread",
        include: Collection[str] | None = None,
        exclude: Collection[str] = (),
        include_inherited: bool = False,
        schedule: Declared | Mapping[str, Declared] | None = None,
        **options: Any,
    ) -> Callable[[C], C]:
        """Declare the public methods of a class as tasks named ``Class.method``. Options as for ``task``.

        ``schedule`` may also say it of some methods: ``{"clean_up": Cron("0 3 * * *")}``. Methods that are marked with
        ``task_method`` keep their types.
        """
        checked = self._run_options(options)
        own = MethodSchedules(schedule)

        def decorate(cls: C) -> C:
            def declare(method: Callable[..., Any], name: str, owner: type, times: Times) -> Task[..., Any, Any]:
                return self._declare(method, name, owner, queue, group, priority, checked, executor, None, times)

            return declare_methods(
                cls, declare, include=include, exclude=exclude, include_inherited=include_inherited, schedules=own
            )

        return decorate

    def _run_options(self, options: dict[str, Any]) -> RunOptions:
        if self.limits.max_deliveries != MAX_DELIVERIES:
            options = {"max_deliveries": self.limits.max_deliveries, **options}
        return checked_run_options(options)

    def _declare(
        self,
        function: Callable[..., Any],
        name: str,
        owner: type | None,
        queue: str,
        group: str,
        priority: TaskPriority,
        options: RunOptions,
        executor: Executor,
        batching: Batching | None = None,
        schedules: Times = (),
    ) -> Task[..., Any, Any]:
        declared: dict[str, Any] = {
            "name": name,
            "queue": queue,
            "group": group,
            "priority": priority,
            "options": options,
            "executor": executor,
            "producer": self.producer,
            "owner": owner,
            "schedules": schedules,
        }
        if batching is not None:
            return self.tasks.declare(BatchTask(function, batching=batching, **declared))
        return self.tasks.declare(Task(function, **declared))

    # --- running -------------------------------------------------------------------------------------

    def worker(self, queues: Sequence[str] | None = None, *, strict: bool = False, **settings: Any) -> Worker:
        """A worker for the queues (``"emails"`` or with a weight ``"emails:3"``), or for all that tasks are declared
        for.

        With ``strict`` a queue is served only while those before it are empty. ``settings`` are those of
        ``WorkerSettings``. Use it as an async context manager, or await ``run()``.

        Raises:
            InvalidName, InvalidOption: a queue or setting that can't be.
        """
        lines = [Line.parse(queue) for queue in queues] if queues is not None else list(map(Line, self.tasks.queues()))
        settings = {"hooks": self.hooks, "strict": strict, **settings}
        return Worker(self.backend, self.tasks, lines, self.worker_settings, **settings)

    async def explain(self, task_id: str, queue: str | None = None) -> Explanation:
        """Why is this task not running? All reasons that hold now, by type, with numbers. Without ``queue`` all are
        asked.

        Raises:
            TaskNotFound: there is none of that id (any more).
        """
        return await self._explainer.explain(task_id, queue)

    async def doctor(self) -> list[Check]:
        """Look for what is wrong or will be: with the server, this user's access, the queues and their workers.

        What the Redis user may not ask is ``UNKNOWN``; nothing fails because of it. It takes a fraction of a second and
        looks at no more than 2,000 keys.

        Raises:
            ServerError: the server can't be reached.
        """
        return await examine(self.backend, self.queues, self.workers, self.schedules)

    async def server_info(self) -> ServerInfo:
        """Who and how the server is."""
        return await read_server_info(self.backend, self.access)

    async def ping(self) -> None:
        """Make sure that the server can be used. Raises ``ServerError`` if not."""
        await self.backend.ask("PING")

    async def close(self) -> None:
        """Close the connections of this event loop."""
        await self.events.close()
        await self.producer.close()
        await self.backend.close()

    async def __aenter__(self) -> Self:
        self.events.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _history_of(name: str) -> TaskHistoryService:
    return Cleo.get_instance(name).history


TaskHistoryService.find_instances_by(_history_of)
