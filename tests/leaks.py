"""Finding keys that nobody owns: each key of a namespace has a lifetime, or an owner by the table in
``cleo_core.keys``.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from cleo_core import Cleo
from tests.raw import ask

LIVES_WITH_ITS_MEMBERS = ("ring", "ring:before", "throttled", "groups", "active", "leases", "delayed")


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
    leaks += await _drift_of_groups(cleo, prefix, parts, lanes)
    for part in parts:
        if part == "queue" or part.startswith(("lane:", "running:")) or part in LIVES_WITH_ITS_MEMBERS:
            continue
        if await ask(cleo, "PTTL", prefix + part) >= 0:
            if part.startswith("task:") and part[5:] in owned:
                leaks.append(f"{prefix}{part} will expire, but it has not ended")
            continue
        if part.startswith("task:") and part[5:] in owned:
            continue
        if part.startswith("group:") and await ask(cleo, "ZSCORE", prefix + "groups", part[6:]) is not None:
            continue
        if await ask(cleo, "EXISTS", prefix + part):
            leaks.append(f"{prefix}{part} has neither an owner nor a lifetime")
    return leaks


async def _drift_of_groups(cleo: Cleo, prefix: str, parts: list[str], lanes: dict[str, list[bytes]]) -> list[str]:
    """Counts of groups that differ from what they count, and groups that wait where nobody will ever look."""
    drift: list[str] = []
    waiting: Counter[str] = Counter()
    for lane, members in lanes.items():
        waiting[lane.split(":", 2)[2]] += len(members)
    running: dict[str, set[bytes]] = {}
    receipts = await ask(cleo, "HGETALL", prefix + "active")
    for task, receipt in zip(receipts[::2], receipts[1::2], strict=True):
        running.setdefault(json.loads(receipt + b"]")[2], set()).add(task)
    for part in parts:
        if part.startswith("running:"):
            members = set(await ask(cleo, "SMEMBERS", prefix + part))
            if members != running.get(part[8:], set()):
                drift.append(f"{prefix}{part} has {members}, but {running.get(part[8:])} run")
    flat = await ask(cleo, "ZRANGE", prefix + "groups", 0, -1, "WITHSCORES")
    known = {name.decode(): int(score) for name, score in zip(flat[::2], flat[1::2], strict=True)}
    for group in known.keys() | waiting.keys():
        settings = dict(_pairs(await ask(cleo, "HGETALL", f"{prefix}group:{group}")))
        if known.get(group, 0) != waiting[group]:
            drift.append(f"{prefix}: group {group!r} counts {known.get(group)} tasks, {waiting[group]} wait")
        if not (waiting[group] or group in running or b"kept" in settings):
            drift.append(f"{prefix}: group {group!r} is known, but idle and without settings")
        places = [
            place
            for place in ("ring", "ring:before", "throttled")
            if await ask(cleo, "ZSCORE", prefix + place, group) is not None
        ]
        own_limit = settings.get(b"concurrency") or await ask(cleo, "HGET", prefix + "queue", "each_concurrency")
        blocked = settings.get(b"paused") == b"1" or (own_limit and len(running.get(group, ())) >= int(own_limit))
        if len(places) > 1 or (waiting[group] and not places and not blocked) or (places and not waiting[group]):
            drift.append(f"{prefix}: group {group!r} with {waiting[group]} tasks stands in {places}")
    return drift


def _pairs(flat: list[bytes]) -> zip[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)
