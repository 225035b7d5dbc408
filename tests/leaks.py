"""Finding keys that nobody owns: each key of a namespace has a lifetime, or an owner by the table in
``cleo_core.keys``.
"""

from __future__ import annotations

from typing import Any

from cleo_core import Cleo
from tests.raw import ask

LIVES_WITH_ITS_MEMBERS = ("ring", "active", "leases", "delayed")


async def find_leaks(cleo: Cleo) -> list[str]:
    """A sentence for each key without an owner and each count that has drifted."""
    names = {key.decode() for key in await _scan(cleo, f"{cleo.namespace}:*")}
    registries = {cleo.backend.keys.queues, cleo.backend.keys.workers}
    leaks: list[str] = []
    queues: dict[str, list[str]] = {}
    for name in sorted(names - registries):
        tag = name.find("}:")
        if tag < 0:
            if await ask(cleo, "PTTL", name) < 0:
                leaks.append(f"{name} belongs to no queue and has no lifetime")
        else:
            queues.setdefault(name[: tag + 2], []).append(name[tag + 2 :])
    for prefix, parts in queues.items():
        leaks += await _leaks_of_queue(cleo, prefix, parts)
    return leaks


async def _scan(cleo: Cleo, pattern: str) -> set[bytes]:
    found: set[bytes] = set()
    cursor: Any = 0
    while True:
        cursor, batch = await ask(cleo, "SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
        found.update(batch)
        if int(cursor) == 0:
            return found


async def _leaks_of_queue(cleo: Cleo, prefix: str, parts: list[str]) -> list[str]:
    lanes = {part: await ask(cleo, "ZRANGE", prefix + part, 0, -1) for part in parts if part.startswith("lane:")}
    waiting = {task.decode() for lane in lanes.values() for task in lane}
    delayed = {task.decode() for task in await ask(cleo, "ZRANGE", prefix + "delayed", 0, -1)}
    active = {task.decode() for task in await ask(cleo, "HKEYS", prefix + "active")}
    leased = {task.decode() for task in await ask(cleo, "ZRANGE", prefix + "leases", 0, -1)}
    owned = waiting | delayed | active
    leaks = [f"{prefix}task:{task} is owned, but gone" for task in owned if f"task:{task}" not in parts]
    if active != leased:
        leaks.append(f"{prefix}: receipts {active - leased} and leases {leased - active} have no counterpart")
    counted = int(await ask(cleo, "HGET", prefix + "queue", "waiting") or 0)
    if counted != len(waiting):
        leaks.append(f"{prefix}: {counted} tasks are counted as waiting, {len(waiting)} wait")
    for part in parts:
        if part == "queue" or part.startswith("lane:") or part in LIVES_WITH_ITS_MEMBERS:
            continue
        if await ask(cleo, "PTTL", prefix + part) >= 0:
            if part.startswith("task:") and part[5:] in owned:
                leaks.append(f"{prefix}{part} will expire, but it has not ended")
            continue
        if part.startswith("task:") and part[5:] in owned:
            continue
        if part.startswith("group:"):
            mine = sum(len(lane) for name, lane in lanes.items() if name.split(":", 2)[2] == part[6:])
            if int(await ask(cleo, "HGET", prefix + part, "waiting")) == mine > 0:
                continue
        if await ask(cleo, "EXISTS", prefix + part):
            leaks.append(f"{prefix}{part} has neither an owner nor a lifetime")
    return leaks
