"""``cleo.doctor()``: what is wrong or will be, how it was found, what it means and the command that mends it."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from shlex import quote

from cleo_core.access import identity_of
from cleo_core.backend import Backend
from cleo_core.connection import MIN_REDIS, MIN_VALKEY, read_info
from cleo_core.errors import CleoError, PermissionDenied
from cleo_core.keys import may_endure
from cleo_core.models import Check, CheckStatus, ScheduleInfo
from cleo_core.queues import QueueManager
from cleo_core.schedules import Schedules
from cleo_core.version import __version__
from cleo_core.workers import Workers

OK, WARN, BAD, UNKNOWN = CheckStatus.OK, CheckStatus.WARN, CheckStatus.BAD, CheckStatus.UNKNOWN
PINGS = 50
MAX_QUEUES = 200
SAMPLE = 2_000


async def examine(backend: Backend, queues: QueueManager, workers: Workers, schedules: Schedules) -> list[Check]:
    """Look at everything, one after the other. What the Redis user may not ask is told as unknown.

    Raises:
        ServerError: the server can't be reached at all.
    """
    info = read_info(await backend.ask("INFO"))
    checks: list[Check] = []
    examinations: list[tuple[str, Callable[[], Awaitable[list[Check]]]]] = [
        ("server version", lambda: _done(_version(info))),
        ("persistence", lambda: _done(*_persistence(info))),
        ("eviction", lambda: _done(_eviction(info))),
        ("memory", lambda: _done(_memory(info))),
        ("latency", lambda: _latency(backend)),
        ("clock", lambda: _clock(backend)),
        ("access", lambda: _access(backend)),
        ("clients", lambda: _clients(backend, info)),
        ("key leaks", lambda: _leaks(backend)),
        ("queues", lambda: _queues(queues, workers)),
        ("schedules", lambda: _schedules(queues, schedules)),
    ]
    for name, look in examinations:
        try:
            checks += await look()
        except PermissionDenied:
            checks.append(_unknown(name, f"cleo acl admin --user NAME --namespace {backend.keys.namespace}"))
        except CleoError as error:
            checks.append(Check(name=name, status=UNKNOWN, measured="", means=str(error), mend=""))
    return checks


async def _done(*checks: Check) -> list[Check]:
    return list(checks)


def _unknown(name: str, mend: str) -> Check:
    return Check(
        name=name,
        status=UNKNOWN,
        measured="not permitted",
        mend=mend,
        means="The Redis user may not ask this, so it is not known whether all is well.",
    )


def _number(info: dict[str, str], field: str) -> float:
    return float(info.get(field) or 0)


def _version(info: dict[str, str]) -> Check:
    valkey = info.get("valkey_version")
    version = valkey or info.get("redis_version", "?")
    needed = MIN_VALKEY if valkey else MIN_REDIS
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    name = "Valkey" if valkey else "Redis"
    if numbers < needed:
        least = ".".join(map(str, needed))
        return Check(
            name="server version",
            status=BAD,
            measured=f"{name} {version}",
            means="The scripts of Cleo don't run on it.",
            mend=f"Upgrade to {name} {least} or later.",
        )
    return Check(name="server version", status=OK, measured=f"{name} {version}", means="It has all that Cleo needs.")


def _persistence(info: dict[str, str]) -> list[Check]:
    append_only = info.get("aof_enabled") == "1"
    saves = info.get("rdb_last_bgsave_status", "ok") == "ok"
    writes = not append_only or info.get("aof_last_write_status", "ok") == "ok"
    if append_only:
        kept = Check(
            name="persistence",
            status=OK,
            measured="append-only file",
            means="What was stored survives a crash of the server, by appendfsync up to about a second.",
        )
    else:
        kept = Check(
            name="persistence",
            status=WARN,
            measured="no append-only file",
            means="If the server dies, tasks since its last snapshot are lost (all, if it makes none).",
            mend="redis-cli CONFIG SET appendonly yes",
        )
    if saves and writes:
        last = Check(name="last save", status=OK, measured="succeeded", means="The server can write to its disk.")
    else:
        last = Check(
            name="last save",
            status=BAD,
            measured="failed",
            means="The server could not write to its disk; it may refuse all writes.",
            mend="Free space in its directory (redis-cli CONFIG GET dir), then redis-cli BGSAVE",
        )
    return [kept, last]


def _eviction(info: dict[str, str]) -> Check:
    policy = info.get("maxmemory_policy", "?")
    if policy == "noeviction":
        return Check(name="eviction", status=OK, measured=policy, means="The server throws nothing away by itself.")
    limited = _number(info, "maxmemory") > 0
    return Check(
        name="eviction",
        status=BAD if limited else WARN,
        measured=policy,
        means="When memory is full the server throws keys away, and tasks with them"
        + ("." if limited else "; so far it has no limit of memory."),
        mend="redis-cli CONFIG SET maxmemory-policy noeviction",
    )


def _memory(info: dict[str, str]) -> Check:
    used, most = _number(info, "used_memory"), _number(info, "maxmemory")
    if not most:
        return Check(
            name="memory",
            status=WARN,
            measured=f"{used / 2**20:,.0f} MiB used, no limit",
            means="The server grows until the machine has no memory, and is then killed.",
            mend="redis-cli CONFIG SET maxmemory 2gb",
        )
    share = used / most
    status = BAD if share >= 0.95 else WARN if share >= 0.8 else OK
    return Check(
        name="memory",
        status=status,
        measured=f"{share:.0%} of {most / 2**20:,.0f} MiB used",
        means="There is room." if status is OK else "When it is full, no task can be added.",
        mend="" if status is OK else "redis-cli CONFIG SET maxmemory to more, or let the workers drain the queues",
    )


async def _latency(backend: Backend) -> list[Check]:
    times: list[float] = []
    for _ in range(PINGS):
        begun = time.perf_counter()
        await backend.ask("PING")
        times.append(time.perf_counter() - begun)
    p95 = sorted(times)[int(PINGS * 0.95)]
    status = BAD if p95 > 0.1 else WARN if p95 > 0.02 else OK
    return [
        Check(
            name="latency",
            status=status,
            measured=f"p95 {p95 * 1000:.1f} ms of {PINGS} pings",
            means="Answers come quickly."
            if status is OK
            else "Each claim waits so long; workers with short tasks idle.",
            mend=""
            if status is OK
            else "redis-cli --latency-history from this machine and from the server's; redis-cli SLOWLOG GET 10",
        )
    ]


async def _clock(backend: Backend) -> list[Check]:
    before = time.time()
    seconds, microseconds = await backend.ask("TIME")
    after = time.time()
    theirs = int(seconds) + int(microseconds) / 1e6
    apart = max(0.0, before - theirs, theirs - after)
    status = OK if apart < 1 else WARN
    return [
        Check(
            name="clock",
            status=status,
            measured=f"{apart:.2f} s apart",
            means="The server's clock agrees with this machine's."
            if status is OK
            else "Cleo goes by the server's clock; times that this machine shows beside it will look wrong.",
            mend="" if status is OK else "timedatectl set-ntp true, on both machines",
        )
    ]


async def _access(backend: Backend) -> list[Check]:
    identity = await identity_of(backend)
    if not identity.known:
        return [_unknown("access", f"cleo acl viewer --user {identity.user} --namespace {backend.keys.namespace}")]
    roles = ", ".join(identity.roles) or ", ".join(sorted({r for held in identity.by_queue.values() for r in held}))
    if identity.unrestricted:
        return [
            Check(
                name="access",
                status=WARN,
                measured=f"user {identity.user!r}, unrestricted",
                means="Whoever has this password can do anything to the server.",
                mend=f"cleo acl operator --user NAME --namespace {backend.keys.namespace} | redis-cli",
            )
        ]
    return [
        Check(
            name="access",
            status=OK if roles else WARN,
            measured=f"user {identity.user!r}: {roles or 'no role'}",
            means="The server allows what the roles may do, and no more.",
        )
    ]


async def _clients(backend: Backend, info: dict[str, str]) -> list[Check]:
    connected, most = _number(info, "connected_clients"), _number(info, "maxclients")
    if not most:
        answer = await backend.ask("CONFIG", "GET", "maxclients")
        most = float(answer[1]) if answer else 0
    share = connected / most if most else 0
    status = BAD if share > 0.95 else WARN if share > 0.8 else OK
    return [
        Check(
            name="clients",
            status=status,
            measured=f"{connected:,.0f} of {most:,.0f} connections",
            means="There is room." if status is OK else "Past the limit the server refuses workers and producers.",
            mend="" if status is OK else f"redis-cli CONFIG SET maxclients {int(most * 2)}",
        )
    ]


async def _leaks(backend: Backend) -> list[Check]:
    """Keys of a sample that have no lifetime and are not among those that need none."""
    namespace = backend.keys.namespace
    registries = {backend.keys.queues, backend.keys.workers, backend.keys.signature_sets}
    cursor, seen, leaks = b"0", 0, list[str]()
    for _ in range(SAMPLE // 100):
        cursor, batch = await backend.ask("SCAN", cursor, "COUNT", 100)
        keys = [key.decode(errors="replace") for key in batch if key.startswith(f"{namespace}:".encode())]
        seen += len(batch)
        doubtful = [key for key in keys if key not in registries and not may_endure(key.partition("}:")[2])]
        lives = await backend.ask_all(*(("PTTL", key) for key in doubtful)) if doubtful else []
        leaks += [key for key, left in zip(doubtful, lives, strict=True) if left == -1]
        if cursor == b"0":
            break
    looked = f"{len(leaks)} among {seen:,} keys looked at" + ("" if cursor == b"0" else ", a sample")
    if not leaks:
        return [Check(name="key leaks", status=OK, measured=looked, means="Whatever has ended will expire.")]
    return [
        Check(
            name="key leaks",
            status=WARN,
            measured=looked,
            means=f"They will never expire by themselves, for example {leaks[0]}. Cleo {__version__} "
            "leaves no such keys.",
            mend=f"redis-cli EXPIRE '{leaks[0]}' 86400, unless a newer version or a program of yours needs it",
        )
    ]


async def _queues(queues: QueueManager, workers: Workers) -> list[Check]:
    names = await queues.names(limit=MAX_QUEUES)
    counts = await asyncio.gather(*(queues.stats(name) for name in names))
    alive = await workers.list()
    served = {queue for worker in alive for queue in worker.queues}
    paused = [stats.queue for stats in counts if stats.paused]
    alone = [stats.queue for stats in counts if stats.waiting and stats.queue not in served]
    checks = [Check(name="paused queues", status=OK, measured=f"none of {len(names)}", means="All queues may run.")]
    if paused:
        checks = [
            Check(
                name="paused queues",
                status=WARN,
                measured=_few(paused),
                means="No worker claims from them.",
                mend=f"cleo queues resume {paused[0]}",
            )
        ]
    if alone:
        return [
            *checks,
            Check(
                name="workers",
                status=BAD,
                measured=f"none for {_few(alone)}",
                means="Tasks wait there and nobody runs them.",
                mend=f"cleo worker MODULE:NAME --queues {alone[0]}",
            ),
        ]
    return [
        *checks,
        Check(
            name="workers",
            status=OK,
            measured=f"{len(alive)} alive",
            means="Every queue with tasks that wait has a worker.",
        ),
    ]


async def _schedules(queues: QueueManager, schedules: Schedules) -> list[Check]:
    """Schedules that a task declared and no live worker declares any more."""
    looked, abandoned = 0, list[ScheduleInfo]()
    for queue in await queues.names(limit=MAX_QUEUES):
        if looked >= SAMPLE:
            break
        items = (await schedules.list(queue, limit=min(1_000, SAMPLE - looked))).items
        looked += len(items)
        abandoned += [schedule for schedule in items if schedule.abandoned]
    if not abandoned:
        means = "Each is made by hand, or a live worker declares it."
        return [Check(name="schedules", status=OK, measured=f"{looked:,} looked at", means=means)]
    first = abandoned[0]
    return [
        Check(
            name="schedules",
            status=WARN,
            measured=f"{_few([schedule.id for schedule in abandoned])} of {looked:,} looked at",
            means="No live worker declares them any more: their code is gone, or its workers are stopped. They stay, "
            "and tasks of them that no worker knows become dead letters.",
            mend=f"cleo schedules remove {first.queue} {quote(first.id)}, or start the worker that declares it",
        )
    ]


def _few(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
