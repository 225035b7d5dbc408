"""What a status line says of the server."""

from __future__ import annotations

from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from cleo_core.backend import Backend
from cleo_core.connection import acting_on
from cleo_core.models import ServerInfo


async def read_server_info(backend: Backend) -> ServerInfo:
    """Ask the server who and how it is. Raises ``ServerError`` when it can't be used as it is."""
    client = await backend.client()
    with acting_on(backend.resolved):
        info: dict[str, Any] = await client.info()
        try:
            user = (await client.execute_command("ACL", "WHOAMI")).decode()
        except (NoPermissionError, ResponseError):
            user = backend.redis.username or "default"
        writable = info.get("role") != "slave" and await _may_write(backend, user)
    valkey = info.get("valkey_version")
    return ServerInfo(
        address=backend.server_name,
        product="Valkey" if valkey else "Redis",
        version=str(valkey or info.get("redis_version", "?")),
        role=str(info.get("role", "?")),
        used_memory=int(info.get("used_memory", 0)),
        max_memory=int(info.get("maxmemory", 0)),
        eviction_policy=str(info.get("maxmemory_policy", "?")),
        append_only=bool(info.get("aof_enabled", 0)),
        clients=int(info.get("connected_clients", 0)),
        uptime=float(info.get("uptime_in_seconds", 0)),
        commands_per_second=float(info.get("instantaneous_ops_per_sec", 0)),
        user=user,
        writable=writable,
    )


async def _may_write(backend: Backend, user: str) -> bool:
    """Whether the user's ACL lets it change a queue; taken as yes where the server won't tell, as it will refuse itself."""
    client = await backend.client()
    key = backend.keys.of_queue("any").queue
    try:
        answer = await client.execute_command("ACL", "DRYRUN", user, "HSET", key, "paused", "0")
    except (NoPermissionError, ResponseError):
        return True
    return answer == b"OK"
