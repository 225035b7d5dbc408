"""Looking behind the public face: one command to the server of a Cleo, and the keys it uses there."""

from __future__ import annotations

import json
from typing import Any, cast

from redis.asyncio import Redis

from cleo_core import Cleo
from cleo_core.keys import QueueKeys


async def ask(cleo: Cleo, *command: object) -> Any:
    """The server's answer to a command."""
    return await cleo.backend.ask(*cast("tuple[str, ...]", command))


async def ask_at(url: str, *command: object) -> Any:
    """The answer of the server at an address, over a connection of its own."""
    # It says neither hello nor who it is: that would be four more answers, and a look at redis-py's own metadata.
    client = cast("Any", Redis).from_url(url, driver_info=None, protocol=2)
    try:
        return await client.execute_command(*command)
    finally:
        await client.aclose()


def keys_of(cleo: Cleo, queue: str) -> QueueKeys:
    """The keys of a queue."""
    return cleo.backend.keys.of_queue(queue)


async def lines_of(cleo: Cleo, key: str) -> list[list[Any]]:
    """The entries of a history list, the latest first."""
    return [json.loads(line) for line in await ask(cleo, "LRANGE", key, 0, -1)]


async def audit_of(cleo: Cleo, queue: str) -> list[tuple[str, str, int]]:
    """What the audit of a queue holds: action, target and count, oldest first."""
    entries = await ask(cleo, "XRANGE", keys_of(cleo, queue).audit, "-", "+")
    told = [dict(zip(flat[::2], flat[1::2], strict=True)) for _, flat in entries]
    return [(fields[b"action"].decode(), fields[b"target"].decode(), int(fields[b"count"])) for fields in told]


async def kill_connections(cleo: Cleo, kind: str) -> int:
    """Cut all connections of a kind ("normal" or "pubsub") but the one that asks; how many."""
    return int(await ask(cleo, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"))
