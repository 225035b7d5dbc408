"""A worker process, and the server behind it all."""

from __future__ import annotations

from cleo_core.models.base import Model


class WorkerInfo(Model):
    """A worker process as its last heartbeat described it."""

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
    stopping: bool


class ServerInfo(Model):
    """The server behind a ``Cleo``: what a status line says of it. ``max_memory`` is 0 when there is no limit."""

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
