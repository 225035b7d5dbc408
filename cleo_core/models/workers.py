"""A worker process, what it can run, and the server behind it all."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict, Field, JsonValue

from cleo_core.models.base import Model
from cleo_core.models.states import TaskPriority


class WorkerState(StrEnum):
    """What a worker does about new tasks.

    ``RUNNING`` claims them, ``PAUSED`` claims none for now. ``DRAINING`` claims none any more and ends when all that it
    runs has ended, ``STOPPING`` too, but what doesn't end within its grace period is handed back.
    """

    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPING = "stopping"

    @classmethod
    def of(cls, stored: bytes | None) -> WorkerState | None:
        """The state that was stored, or None if that is none."""
        return next((state for state in cls if state.encode() == stored), None)

    @property
    def is_last(self) -> bool:
        """Whether the worker will end."""
        return self in {WorkerState.DRAINING, WorkerState.STOPPING}


class WorkerInfo(Model):
    """A worker process as its last heartbeat described it.

    ``reason`` says why it is not running, if there is something to say. ``cpu`` is in percent of one core, ``memory``
    and ``max_memory`` (None: no limit) in bytes, ``loop_lag`` in seconds; ``started_at`` and ``beat_at`` are by the
    server's clock. ``signatures`` names the set of task signatures that it published, the same for all workers of the
    same code.
    """

    # Workers of other versions may say more of themselves, or less.
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    host: str
    pid: int
    version: str
    queues: list[str]
    tasks: list[str]
    concurrency: int
    active: int
    processed: int
    failed: int
    cpu: float
    memory: int
    loop_lag: float
    started_at: float
    beat_at: float
    state: WorkerState = WorkerState.RUNNING
    reason: str = ""
    max_memory: int | None = None
    signatures: str = ""

    @property
    def stopping(self) -> bool:
        """Whether it claims no more tasks and will end."""
        return self.state.is_last


class TaskSignature(Model):
    """How a task is called, as a worker that has its code published it.

    ``json_schema`` is the JSON schema of the arguments, an object by name; ``defaults`` are the arguments that may be
    left out, as JSON. ``options`` are the run options that were declared, ``doc`` is the first line of the docstring.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    queue: str
    group: str = ""
    priority: TaskPriority = TaskPriority.NORMAL
    doc: str = ""
    json_schema: dict[str, JsonValue]
    defaults: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    options: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class ServerInfo(Model):
    """The server behind a ``Cleo``: what a status line says of it. ``max_memory`` is 0 when there is no limit.

    ``writable`` says whether the Redis user may change something as an operator, and ``writable_queues`` in which
    queues only (of the first 500), or None for all.
    """

    address: str
    product: str
    version: str
    role: str
    used_memory: int
    max_memory: int
    eviction_policy: str
    append_only: bool
    clients: int
    uptime: float
    commands_per_second: float
    user: str
    writable: bool
    writable_queues: list[str] | None = None

    def may_change(self, queue: str | None) -> bool:
        """Whether the Redis user may change something in the queue, or in any (None)."""
        return self.writable and (queue is None or self.writable_queues is None or queue in self.writable_queues)
