"""Finding keys that nobody owns: each key of a namespace has a lifetime, or an owner by the table in
``cleo_core.keys``.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, cast

from cleo_core import Cleo
from cleo_core.keys import ENDURING
from tests.raw import ask


async def find_leaks(cleo: Cleo) -> list[str]:
    """A sentence for each key without an owner and each count that has drifted."""
    found = await _scan(cleo, f"{cleo.namespace}:*")
    # Garbage has no owner, so it must have a lifetime.
    garbage = {key for key in found if "\ufffd" in key.decode(errors="replace")}
    names = {key.decode() for key in found - garbage}
    keys = cleo.backend.keys
    registries = {keys.queues, keys.workers, keys.signature_sets}
    leaks = [f"{key!r} has no lifetime" for key in garbage if await ask(cleo, "PTTL", key) < 0]
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


async def _ask_all(cleo: Cleo, command: str, keys: list[str], *arguments: object) -> dict[str, Any]:
    """The answers to one command for many keys, by key, asked in batches: a queue may have a hundred thousand."""
    answers: dict[str, Any] = {}
    for first in range(0, len(keys), 500):
        batch = keys[first : first + 500]
        asked = await cleo.backend.ask_all(*(cast("tuple[str, ...]", (command, key, *arguments)) for key in batch))
        answers.update(zip(batch, asked, strict=True))
    return answers


async def _scores(cleo: Cleo, key: str) -> dict[str, float]:
    flat = await ask(cleo, "ZRANGE", key, 0, -1, "WITHSCORES")
    return {name.decode(): float(score) for name, score in _pairs(flat)}


async def _leaks_of_queue(cleo: Cleo, prefix: str, parts: list[str]) -> list[str]:
    lane_keys = [prefix + part for part in parts if part.startswith("lane:")]
    lanes = {key.removeprefix(prefix): lane for key, lane in (await _ask_all(cleo, "ZRANGE", lane_keys, 0, -1)).items()}
    waiting = {task.decode() for lane in lanes.values() for task in lane}
    delayed = {task.decode() for task in await ask(cleo, "ZRANGE", prefix + "delayed", 0, -1)}
    active = {task.decode() for task in await ask(cleo, "HKEYS", prefix + "active")}
    leased = {task.decode() for task in await ask(cleo, "ZRANGE", prefix + "leases", 0, -1)}
    owned = waiting | delayed | active
    known = set(parts)
    leaks = [f"{prefix}task:{task} is owned, but gone" for task in owned if f"task:{task}" not in known]
    if active != leased:
        leaks.append(f"{prefix}: receipts {active - leased} and leases {leased - active} have no counterpart")
    counted = int(await ask(cleo, "HGET", prefix + "queue", "waiting") or 0)
    if counted != len(waiting):
        leaks.append(f"{prefix}: {counted} tasks are counted as waiting, {len(waiting)} wait")
    leaks += await _drift_of_schedules(cleo, prefix, known)
    leaks += await _drift_of_groups(cleo, prefix, parts, lanes)
    leaks += await _drift_of_kinds(cleo, prefix, parts)
    groups = await _scores(cleo, prefix + "groups")
    schedules = await _scores(cleo, prefix + "schedules")
    lifetimes = await _ask_all(cleo, "PTTL", [prefix + part for part in parts])
    for part in parts:
        if part in ENDURING or part.startswith(("lane:", "running:")):
            continue
        if lifetimes[prefix + part] >= 0:
            if part.startswith("task:") and part[5:] in owned:
                leaks.append(f"{prefix}{part} will expire, but it has not ended")
            if part.startswith("group:") and part[6:] in groups:
                leaks.append(f"{prefix}{part} will expire, but the group is in use")
            continue
        if part.startswith("task:") and part[5:] in owned:
            continue
        if part.startswith("group:") and part[6:] in groups:
            continue
        if part.startswith("schedule:") and part[9:] in schedules:
            continue
        if await ask(cleo, "EXISTS", prefix + part):
            leaks.append(f"{prefix}{part} has neither an owner nor a lifetime")
    return leaks


async def _drift_of_schedules(cleo: Cleo, prefix: str, known: set[str]) -> list[str]:
    """Schedules that stand in one place only, and a next time that is not that of the first."""
    scores = await _scores(cleo, prefix + "schedules")
    declared = {name.decode() for name in await ask(cleo, "SMEMBERS", prefix + "schedules:declared")}
    drift = [f"{prefix}schedule:{name} is known, but gone" for name in scores if f"schedule:{name}" not in known]
    drift += [f"{prefix}: schedule {name!r} is declared, but gone" for name in declared - set(scores)]
    first = min(scores.values(), default=float("inf"))
    told = float(await ask(cleo, "HGET", prefix + "queue", "tick") or "inf")
    return drift if told == first else [*drift, f"{prefix}: the first schedule is due at {first}, told is {told}"]


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
    running_keys = [prefix + part for part in parts if part.startswith("running:")]
    for key, found in (await _ask_all(cleo, "SMEMBERS", running_keys)).items():
        group = key.removeprefix(f"{prefix}running:")
        if set(found) != running.get(group, set()):
            drift.append(f"{key} has {set(found)}, but {running.get(group)} run")
    known = await _scores(cleo, prefix + "groups")
    places = {place: await _scores(cleo, prefix + place) for place in ("ring", "ring:before", "throttled")}
    default_limit = await ask(cleo, "HGET", prefix + "queue", "each_concurrency")
    all_groups = sorted({*known, *waiting, *(group for members in places.values() for group in members)})
    settings = await _ask_all(cleo, "HGETALL", [f"{prefix}group:{group}" for group in all_groups])
    for group in all_groups:
        own = dict(_pairs(settings[f"{prefix}group:{group}"]))
        if known.get(group, 0) != waiting[group]:
            drift.append(f"{prefix}: group {group!r} counts {known.get(group)} tasks, {waiting[group]} wait")
        if group in known and not (waiting[group] or group in running or b"kept" in own):
            drift.append(f"{prefix}: group {group!r} is known, but idle and without settings")
        stands = [place for place, members in places.items() if group in members]
        limit = own.get(b"concurrency") or default_limit
        blocked = own.get(b"paused") == b"1" or (limit and len(running.get(group, ())) >= int(limit))
        if len(stands) > 1 or (waiting[group] and not stands and not blocked) or (stands and not waiting[group]):
            drift.append(f"{prefix}: group {group!r} with {waiting[group]} tasks stands in {stands}")
    return drift


async def _drift_of_kinds(cleo: Cleo, prefix: str, parts: list[str]) -> list[str]:
    """Dead letters that no kind has, kinds that have what is not dead, and ranks that are not what they rank."""
    now = float(1000 * int((await ask(cleo, "TIME"))[0]))
    dead = {letter for letter, expiry in (await _scores(cleo, prefix + "dead")).items() if expiry > now + 5_000}
    drift: list[str] = []
    sizes: dict[str, int] = {}
    found: set[str] = set()
    for part in parts:
        if part.startswith("dead:fp:"):
            letters = await _scores(cleo, prefix + part)
            if letters:
                sizes[part[8:]] = len(letters)
            found |= {letter for letter, expiry in letters.items() if expiry > now + 5_000}
    if found != dead:
        drift.append(f"{prefix}: dead letters {sorted(dead ^ found)[:5]} are in one of the two indexes alone")
    ranks = await _scores(cleo, prefix + "dead:kinds")
    if {kind: rank for kind, rank in ranks.items() if kind in sizes} != sizes:
        drift.append(f"{prefix}: kinds are ranked {ranks}, their sizes are {sizes}")
    kinds = {part[10:] for part in parts if part.startswith("dead:kind:")}
    if not set(sizes) <= kinds:
        drift.append(f"{prefix}: kinds {set(sizes) - kinds} have letters, but no pattern")
    return drift


def _pairs(flat: list[bytes]) -> zip[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)
