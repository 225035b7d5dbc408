"""What a status line says of the server."""

from __future__ import annotations

from cleo_core.backend import Backend
from cleo_core.connection import read_info, user_of
from cleo_core.errors import PermissionDenied, ServerRefused
from cleo_core.models import ServerInfo


async def read_server_info(backend: Backend) -> ServerInfo:
    """Ask the server who and how it is. Raises ``ServerError`` when it can't be used as it is."""
    info = read_info(await backend.ask("INFO"))
    try:
        user = (await backend.ask("ACL", "WHOAMI")).decode()
    except (PermissionDenied, ServerRefused):
        user = user_of(backend.resolved)
    valkey = info.get("valkey_version")
    role = info.get("role", "?")

    def number(field: str) -> int:
        return int(float(info.get(field, "0")))

    return ServerInfo(
        address=backend.server_name,
        product="Valkey" if valkey else "Redis",
        version=valkey or info.get("redis_version", "?"),
        role=role,
        used_memory=number("used_memory"),
        max_memory=number("maxmemory"),
        eviction_policy=info.get("maxmemory_policy", "?"),
        append_only=number("aof_enabled") == 1,
        clients=number("connected_clients"),
        uptime=float(number("uptime_in_seconds")),
        commands_per_second=float(number("instantaneous_ops_per_sec")),
        user=user,
        writable=role != "slave" and await _may_write(backend, user),
    )


async def _may_write(backend: Backend, user: str) -> bool:
    """Whether the user's ACL lets it change a queue; taken as yes where the server won't tell, as it will refuse
    itself.
    """
    key = backend.keys.of_queue("any").queue
    try:
        answer = await backend.ask("ACL", "DRYRUN", user, "HSET", key, "paused", "0")
    except (PermissionDenied, ServerRefused):
        return True
    return answer == b"OK"
