"""What a status line says of the server."""

from __future__ import annotations

from cleo_core.access import Access
from cleo_core.backend import Backend
from cleo_core.connection import read_info
from cleo_core.models import Role, ServerInfo


async def read_server_info(backend: Backend, access: Access) -> ServerInfo:
    """Ask the server who and how it is. Raises ``ServerError`` when it can't be used as it is."""
    info = read_info(await backend.ask("INFO"))
    identity = await access.permissions()
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
        user=identity.user,
        writable=role != "slave" and identity.may(Role.OPERATOR),
        writable_queues=identity.queues_for(Role.OPERATOR),
    )
