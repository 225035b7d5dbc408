"""Workers that are killed at random: no group ever runs more tasks at once than its limit, and no slot leaks."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from cleo_core import Cleo, TaskState
from cleo_core.models import Attempt, Outcome
from tests.chaos.scenes import SHORT_LEASES, Stage, all_ended, assert_sound, kill
from tests.processes import WorkerProcess
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

# Each task notes its begin and its end in the server's list, with the server's own time.
TASKS = """
cleo.configure(worker=WorkerSettings(lease=4, heartbeat=0.5, sweep=0.2))
NOTE = notes.register_script(\"\"\"
local clock = redis.call('TIME')
return redis.call('RPUSH', KEYS[1], table.concat({ARGV[1], ARGV[2], ARGV[3], clock[1] .. '.' ..
  string.format('%06d', clock[2])}, ' '))
\"\"\")
def tell(what, ctx):
    NOTE(keys=["notes:" + os.environ["TEST_NAMESPACE"]], args=[what, ctx.task_id, ctx.worker])

@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    tell("began", ctx)
    await asyncio.sleep(random.uniform(0, 0.06))
    tell("ended", ctx)
    return n
"""
# Being killed often is not the task's fault here.
BLAMELESS: dict[str, Any] = {"max_retries": 0, "max_deliveries": 1_000}
LIMITS = {"one": 1, "three": 3, "default": 2, "": 2}


@dataclass(frozen=True)
class Held:
    """A stretch of time in which a task held a slot of its group."""

    task_id: str
    group: str
    begin: float
    end: float


async def _notes(cleo: Cleo) -> Iterator[list[str]]:
    return (line.decode().split(" ") for line in await ask(cleo, "LRANGE", f"notes:{cleo.namespace}", 0, -1))


async def _attempts(cleo: Cleo, task_id: str) -> list[Attempt]:
    record = await cleo.queues.get_task("q", task_id)
    assert record.state is TaskState.COMPLETED, record.reason
    return record.attempts


async def _stretches(cleo: Cleo, groups: dict[str, str]) -> tuple[list[Held], int]:
    """From its begin a task holds its slot until it ended, or until the server took it back from its dead worker.

    Both are told by the server's clock. Also returned: how many were taken back.
    """
    began: dict[str, list[tuple[str, float]]] = {}
    ended: dict[tuple[str, str], float] = {}
    for what, task_id, worker, at in await _notes(cleo):
        if what == "began":
            began.setdefault(task_id, []).append((worker, float(at)))
        else:
            ended[task_id, worker] = float(at)
    stretches: list[Held] = []
    lost = 0
    for task_id, group in groups.items():
        assert task_id in began, f"{task_id} never ran"
        taken_back = {
            attempt.worker: attempt.at for attempt in await _attempts(cleo, task_id) if attempt.outcome is Outcome.LOST
        }
        lost += len(taken_back)
        for worker, begin in began[task_id]:
            end = taken_back.get(worker, ended.get((task_id, worker)))
            assert end is not None, f"{task_id} began on {worker}, and neither ended nor was taken back"
            stretches.append(Held(task_id, group, begin, max(begin, end)))
    return stretches, lost


def _most_at_once(stretches: list[Held]) -> Counter[str]:
    """The most that each group ever held. The record of a loss has whole milliseconds, rounded down."""
    changes = [(held.begin, 1, held.group) for held in stretches] + [(held.end, -1, held.group) for held in stretches]
    held_now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, change, group in sorted(changes):
        held_now[group] += change
        most[group] = max(most[group], held_now[group])
    return most


class Killer:
    """Two supervisors of two processes each, and what becomes of them."""

    def __init__(self, stage: Stage, server: Server) -> None:
        self._stage = stage
        self._server = server
        self._workers: list[WorkerProcess] = []
        self.kills = 0

    async def start(self) -> None:
        """Four processes at work."""
        for tasks in (TASKS, None):
            await self._add(tasks)

    async def _add(self, tasks: str | None) -> None:
        self._workers.append(await self._stage.start(self._server.url, tasks, "--concurrency", "8", processes=2))

    async def strike(self) -> None:
        """Kill a process, whose supervisor sees it die, or all of a machine, whose leases have to run out."""
        worker = random.choice(self._workers)
        children = worker.children
        self.kills += 1
        if children and random.random() < 0.7:
            kill(random.choice(children).pid)
            return
        self._workers.remove(worker)
        worker.kill_all()
        await self._add(None)


async def _under_kill(stage: Stage, server: Server, cleo: Cleo, total: int, kills: int, seconds: float) -> None:
    """``total`` tasks, and as many more as it takes to be at work until there were enough kills, and one that hit."""
    await cleo.groups.set_defaults("q", concurrency=LIMITS["default"])
    for group in ("one", "three"):
        await cleo.groups.configure("q", group, concurrency=LIMITS[group])
    await cleo.queues.pause("q")
    groups: dict[str, str] = {}
    await _add_tasks(cleo, groups, total)
    killer = Killer(stage, server)
    await killer.start()
    await cleo.queues.resume("q")
    until_then = time.monotonic() + seconds
    while True:
        stats = await cleo.queues.stats("q")
        has_struck = killer.kills >= kills and stats.lost > 0
        if has_struck and (time.monotonic() >= until_then or await all_ended(cleo)):
            break
        await asyncio.sleep(random.uniform(0.1, 1.0))
        for group, limit in LIMITS.items():
            info = await cleo.groups.get("q", group)
            assert info.active <= limit
        if not has_struck and stats.waiting < 100:
            await _add_tasks(cleo, groups, 200)
        await killer.strike()
    await until(lambda: all_ended(cleo), within=120)
    stretches, lost = await _stretches(cleo, groups)
    assert lost > 0
    most = _most_at_once(stretches)
    # Never more than the limit, and as many as that.
    assert most == Counter(LIMITS)
    for group in LIMITS:
        info = await cleo.groups.get("q", group)
        assert (info.active, info.waiting) == (0, 0)
    await ask(cleo, "DEL", f"notes:{cleo.namespace}")
    total = len(groups)
    await assert_sound(cleo, enqueued=total, completed=total, waiting=0, active=0, delayed=0, dead=0, failed=0)


async def _add_tasks(cleo: Cleo, groups: dict[str, str], count: int) -> None:
    """Add tasks of all groups in turn; ``groups`` is told whose each is."""
    for n in range(len(groups), len(groups) + count):
        group = list(LIMITS)[n % len(LIMITS)]
        handle = await cleo.queues.add("q", "work", {"n": n}, group=group, task_id=f"task-{n}", **BLAMELESS)
        groups[handle.id] = group


async def test_limits_hold_while_workers_are_killed(stage: Stage, server: Server, cleo: Cleo) -> None:
    await _under_kill(stage, server, cleo, total=400, kills=4, seconds=12)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_limits_hold_in_two_minutes_of_kills(stage: Stage, server: Server, cleo: Cleo) -> None:
    await _under_kill(stage, server, cleo, total=4_000, kills=30, seconds=120)


LOCKERS = """
@cleo.task(queue="q")
async def work(ctx: TaskContext, n: int) -> int:
    async with cleo.locks.group("shared", "g", ttl=4, wait=60) as lock:
        write("fences", lock.fence, n)
        write("inside", "in", n)
        await asyncio.sleep(random.uniform(0, 0.02))
        write("inside", "out", n)
    return n
"""


async def test_a_lock_is_held_by_one_at_a_time_while_its_holders_are_killed(
    stage: Stage, server: Server, cleo: Cleo
) -> None:
    workers = [
        await stage.start(server.url, tasks, "--concurrency", "5", processes=2)
        for tasks in (SHORT_LEASES + LOCKERS, None)
    ]
    handles = [await cleo.queues.add("q", "work", {"n": n}, **BLAMELESS) for n in range(60)]
    for kills in range(1, 4):
        await until(lambda: len(stage.lines("fences")) >= 10 * kills, within=60)  # noqa: B023
        worker = random.choice(workers)
        # Both may have been killed a moment ago, and their successors be about to start.
        await until(lambda: worker.children)  # noqa: B023
        kill(random.choice(worker.children).pid)
    assert [await handle.result(timeout=60) for handle in handles] == list(range(60))
    fences = [int(line.split()[0]) for line in stage.lines("fences")]
    assert fences == sorted(set(fences))
    # Whoever went in came out before the next went in, unless it was killed inside, which at most three were.
    inside = [line.split()[0] for line in stage.lines("inside")]
    killed_inside = sum(a == b == "in" for a, b in pairwise(inside))
    assert killed_inside <= 3
    assert inside.count("in") == inside.count("out") + killed_inside
    assert not await cleo.locks.is_locked("shared", "g")
    await assert_sound(cleo, completed=60, active=0, waiting=0, failed=0, dead=0)
