"""The Lua scripts as typed functions: each atomic transition is one call here and one file in ``lua/``.

A method's arguments are what the script takes after its key; what it returns is decoded here and nowhere else. The
text of a script is put together once from its file and the pieces of ``lua/lib`` that it includes, and is then known
by its hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Any, NamedTuple

from redis.exceptions import NoScriptError

from cleo_core.complaints import acting_on
from cleo_core.keys import Keys
from cleo_core.wire import Wire

# How many workers a task may take down when its options don't say (RunOptions.max_deliveries).
MAX_DELIVERIES = 3


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script and its hash; ``read_only`` if its first line says that it writes nothing."""

    name: str
    text: str
    sha: str
    read_only: bool


@cache
def load(name: str) -> Script:
    """Put a script together from ``lua/<name>.lua`` and what its ``-- include:`` line names."""
    folder = files("cleo_core") / "lua"
    text = (folder / f"{name}.lua").read_text(encoding="utf-8")

    def expand(match: re.Match[str]) -> str:
        return "".join((folder / "lib" / f"{piece}.lua").read_text(encoding="utf-8") for piece in match[1].split())

    text = re.sub(r"^-- include: (.+)\n", expand, text, flags=re.MULTILINE)
    return Script(name, text, hashlib.sha1(text.encode()).hexdigest(), text.startswith("#!lua flags=no-writes"))


class NewTask(NamedTuple):
    """A task to store; ``delay_ms`` is 0 for a task that may run at once. ``head`` is JSON: its version and options."""

    id: str
    name: str
    arguments: bytes
    head: bytes
    group: str
    priority: int
    delay_ms: int


class Settled(NamedTuple):
    """What became of a claimed task, as ``cycle.lua`` takes it."""

    id: bytes
    receipt: bytes
    group: bytes
    outcome: str
    run_us: int
    value: bytes
    number: int


class Claimed(NamedTuple):
    """A task that this worker now holds, as ``cycle.lua`` gives it: bytes, because most are never shown."""

    id: bytes
    name: bytes
    arguments: bytes
    head: bytes
    receipt: bytes
    group: bytes
    tries: int
    losses: int


class Cycle(NamedTuple):
    """The answer to one settle-and-claim. ``next_due`` is in seconds, or None. ``options`` are what groups of claimed
    tasks have for those that don't say themselves, as JSON.
    """

    stale: list[bytes]
    claimed: list[Claimed]
    next_due: float | None
    waiting: int
    paused: bool
    options: dict[bytes, bytes]


class Report(NamedTuple):
    """Progress (``fraction`` below 0: none) and log texts (a JSON array, or nothing) of a running task."""

    id: bytes
    receipt: bytes
    fraction: float
    text: str
    logs: bytes


def _seconds(milliseconds: int) -> float | None:
    return None if milliseconds < 0 else milliseconds / 1000


class Scripts:
    """The scripts on one connection. Raises the errors of ``cleo_core.errors.ServerError`` when the server can't."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire = wire
        self._keys = keys
        self.calls = 0

    async def _run(self, name: str, queue: str, *arguments: Any) -> Any:
        return await self._run_on(self._keys.of_queue(queue).queue, name, *arguments)

    async def _run_on(self, key: str, name: str, *arguments: Any) -> Any:
        script = load(name)
        self.calls += 1
        # A user that may only read is let run a script that only reads, by the commands that say so.
        suffix = "_RO" if script.read_only else ""
        with acting_on(self._wire.settings):
            try:
                return await self._wire.call(f"EVALSHA{suffix}", script.sha, 1, key, *arguments)
            except NoScriptError:
                return await self._wire.call(f"EVAL{suffix}", script.text, 1, key, *arguments)

    async def write_anyway(self, command: str, key: str, *arguments: Any) -> Any:
        """One command on a key of a registry, also when memory is full."""
        return await self._run_on(key, "write_anyway", command, *arguments)

    async def close(self) -> None:
        """Close the connection; the next call makes another."""
        await self._wire.close()

    async def enqueue(self, queue: str, tasks: Sequence[NewTask]) -> dict[int, str]:
        """Store tasks, all or none; returns the states of those that existed already, by position."""
        known = await self._run("enqueue", queue, *chain.from_iterable(tasks))
        return {int(known[i]): known[i + 1].decode() for i in range(0, len(known), 2)}

    async def cycle(
        self, queue: str, worker: str, room: int, lease_ms: int, retentions: tuple[int, int], settled: Iterable[Settled]
    ) -> Cycle:
        """Settle what has finished and claim up to ``room`` tasks."""
        stale, claimed, due, waiting, paused, options = await self._run(
            "cycle", queue, worker, room, lease_ms, *retentions, *chain.from_iterable(settled)
        )
        tasks = list(map(Claimed._make, zip(*[iter(claimed)] * len(Claimed._fields), strict=True)))
        by_group = dict(zip(options[::2], options[1::2], strict=True))
        return Cycle(stale, tasks, _seconds(due), waiting, paused == 1, by_group)

    async def sweep(
        self, queue: str, slice_size: int, retentions: tuple[int, int], gap_ms: int = 0
    ) -> tuple[int, int, float | None]:
        """Take back what lost its lease and promote what is due: how many of each, and seconds to the next due.

        Nothing is done when the last sweep of the queue, by whomever, is less than ``gap_ms`` ago.
        """
        taken, promoted, due = await self._run("sweep", queue, slice_size, MAX_DELIVERIES, *retentions, gap_ms)
        return taken, promoted, _seconds(due)

    async def release(self, queue: str, worker: str, retentions: tuple[int, int], why: str) -> int:
        """Take back all tasks of a worker that is gone, in slices; returns how many."""
        total = offset = 0
        while offset >= 0:
            taken, offset = await self._run("release", queue, worker, offset, 500, MAX_DELIVERIES, *retentions, why)
            total += taken
        return total

    async def hand_back(self, queue: str, worker: str, held: Iterable[bytes]) -> int:
        """Put back, uncharged, what is leased to the worker but not in ``held``; returns how many."""
        total = offset = 0
        known = list(held)
        while offset >= 0:
            taken, offset = await self._run("hand_back", queue, worker, offset, 500, *known)
            total += taken
        return total

    async def renew(self, queue: str, lease_ms: int, held: Sequence[tuple[bytes, bytes]]) -> list[int]:
        """Extend leases; for each task 1, or 2 if a cancel is asked for, or 0 if the lease is lost."""
        return await self._run("renew", queue, lease_ms, *chain.from_iterable(held))

    async def begin(self, queue: str, task: Claimed) -> bool:
        """Note that a task under suspicion runs now; False if its lease is lost."""
        return await self._run("begin", queue, task.id, task.receipt) == 1

    async def report(self, queue: str, reports: Sequence[Report]) -> list[int]:
        """Store progress and log lines; for each 1, or 0 if the lease is lost."""
        flat: list[Any] = []
        for report in reports:
            fraction = "" if report.fraction < 0 else f"{report.fraction:.4g}"
            flat += (report.id, report.receipt, fraction, report.text, report.logs)
        return await self._run("report", queue, *flat)

    async def await_end(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state, result and error of a task; if it has not ended, its end will be told on its channel."""
        state, result, reason = await self._run("await", queue, task_id)
        return state.decode(), result, reason.decode(errors="replace")

    async def peek(self, queue: str, task_id: str) -> tuple[str, bytes, str]:
        """The state, result and error of a task now."""
        state, result, reason = await self._run("peek", queue, task_id)
        return state.decode(), result, reason.decode(errors="replace")

    async def record(self, queue: str, task_id: str) -> list[Any]:
        """The raw record of a task, as ``record.lua`` returns it."""
        return await self._run("record", queue, task_id)

    async def cancel(self, queue: str, actor: str, retention: int, ids: Sequence[str]) -> list[str]:
        """Cancel tasks; for each 'done', 'requested', or the state that forbids it."""
        prefix = self._keys.control_channel("")
        return [answer.decode() for answer in await self._run("cancel", queue, actor, prefix, retention, *ids)]

    async def retry(self, queue: str, actor: str, ids: Sequence[str]) -> list[str]:
        """Put dead letters back; for each 'waiting', or the state that forbids it."""
        return [answer.decode() for answer in await self._run("retry", queue, actor, *ids)]

    async def remove(self, queue: str, actor: str, action: str, state: str, ids: Sequence[str]) -> list[str]:
        """Forget tasks; for each 'removed', or the state that forbids it."""
        return [answer.decode() for answer in await self._run("remove", queue, actor, action, state, *ids)]

    async def pause(self, queue: str, actor: str, flag: str) -> bool:
        """Pause ('1') or resume ('0') a queue; whether that changed anything."""
        return await self._run("pause", queue, actor, flag) == 1

    async def stats(self, queue: str) -> list[Any]:
        """The raw counts of a queue, as ``stats.lua`` returns them."""
        return await self._run("stats", queue)

    async def page(
        self, queue: str, state: str, offset: int, size: int, around: str, reverse: str, group: str | None = None
    ) -> list[Any]:
        """A raw window onto the tasks of a state, as ``page.lua`` returns it."""
        one = ("1", group) if group is not None else ("", "")
        return await self._run("page", queue, state, offset, size, around, reverse, *one)

    # --- groups --------------------------------------------------------------------------------------

    async def govern(
        self, queue: str, actor: str, action: str, slice_size: int, number: int, moves: str, fields: Mapping[str, str]
    ) -> tuple[int, int]:
        """Begin (``number`` 0) or carry on a change of the rules: its number and how many groups are still to be
        moved.
        """
        flat = chain.from_iterable(fields.items())
        number, left = await self._run("govern", queue, actor, action, slice_size, number, moves, *flat)
        return number, left

    async def configure(self, queue: str, actor: str, action: str, group: str, fields: Mapping[str, str]) -> bool:
        """Change a group's settings ('' removes one); whether that changed anything."""
        return await self._run("configure", queue, actor, action, group, *chain.from_iterable(fields.items())) == 1

    async def groups(self, queue: str, offset: int, size: int, around: str, names: Sequence[str] = ()) -> list[Any]:
        """A raw window onto the groups, as ``groups.lua`` returns it."""
        return await self._run("groups", queue, offset, size, around, *names)

    async def find_groups(self, queue: str, cursor: bytes, pattern: str, slice_size: int) -> tuple[bytes, list[bytes]]:
        """The groups of a slice whose names match, and the cursor of the next slice (``b"0"`` at the end)."""
        cursor, names = await self._run("find_groups", queue, cursor, pattern, slice_size)
        return cursor, names

    async def survey(
        self, queue: str, strategy: str, order: str, cursor: bytes, slice_size: int, wanted: int
    ) -> tuple[bytes, list[tuple[float, bytes]]]:
        """The groups of a slice that would come first under other rules, with their scores, and the next cursor."""
        cursor, flat = await self._run("survey", queue, strategy, order, cursor, slice_size, wanted)
        return cursor, [(float(score), group) for group, score in zip(flat[::2], flat[1::2], strict=True)]

    async def preview(
        self, queue: str, strategy: str, order: str, limit: int, groups: Sequence[bytes] = ()
    ) -> tuple[int, list[Any]]:
        """When (ms), and the raw tasks that would be taken next."""
        now, tasks = await self._run("preview", queue, strategy, order, limit, *groups)
        return now, tasks

    async def explain(self, queue: str, task_id: str) -> list[Any]:
        """The raw state of what decides on a task, as ``explain.lua`` returns it."""
        return await self._run("explain", queue, task_id)

    # --- locks ---------------------------------------------------------------------------------------

    async def lock(
        self, queue: str, group: str, token: str, owner: str, ttl_ms: int, patience_ms: int, drain: bool, own_task: str
    ) -> tuple[int, float, str, int]:
        """Try to take a lock: its fence (0: not granted), seconds until the next try, who holds it, tasks waited
        for.
        """
        fence, retry, holder, busy = await self._run(
            "lock", queue, group, token, owner, ttl_ms, patience_ms, "1" if drain else "", own_task
        )
        return fence, retry / 1000, holder.decode(errors="replace"), busy

    async def relock(self, queue: str, group: str, token: str, ttl_ms: int) -> bool:
        """Extend a lock, or release it (``ttl_ms`` 0); False if it is not held under that token."""
        return await self._run("relock", queue, group, token, ttl_ms) == 1

    async def unlock(self, queue: str, actor: str, group: str, waiter: str = "") -> bool:
        """Break a lock, or take a waiter out of its line; False if there was nothing to do."""
        return await self._run("unlock", queue, actor, group, waiter) == 1

    async def locks(self, queue: str, group: str | None, offset: int, size: int) -> tuple[int, int, list[Any]]:
        """When (ms), how many there are, and the raw locks (7 values each): of one group, or of all."""
        now, total, flat = await self._run("locks", queue, group or "", offset, size, "all" if group is None else "")
        return now, total, flat
