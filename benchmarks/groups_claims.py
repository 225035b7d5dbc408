"""What a claim costs the server beside 10 or 100,000 groups, and whether claims keep to the weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.groups_load import QUEUE, Load, Work, each, names_of, open_load
from benchmarks.peers.server import ServerKind
from cleo_core.models import GroupStrategy
from cleo_core.rate_limit import RateLimit

OPEN = 10
TASKS_EACH = 3
WEIGHTS = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 0.5, "f": 8.5}
_ROOM = 100
_ROUNDS = 12
_CALLS = 5
_SINGLE_CALLS = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ClaimCost:
    """What one claimed task took of the server, in calls for 100 tasks and, one by one, for a single one."""

    groups: int
    blocked: int
    strategy: str
    us: float
    commands: float
    us_one_by_one: float | None


async def claim_costs(
    kind: ServerKind, sizes: Sequence[int], strategies: Sequence[GroupStrategy], say: Say
) -> list[ClaimCost]:
    """The cost with each number of groups, all of them ready and all but ten kept from running.

    All sizes are measured in turn, a few calls each, so that a change of the machine's load meets each of them.
    """
    costs: list[ClaimCost] = []
    for blocked in (False, True):
        async with AsyncExitStack() as stack:
            loads: list[Load] = []
            for size in sizes:
                say(f"claims: {size:,} groups{', all but ten blocked' if blocked else ''} ...")
                load = await stack.enter_async_context(open_load(kind))
                await (_fill_blocked if blocked else _fill_ready)(load, size, _tasks_needed(len(strategies)))
                loads.append(load)
            for strategy in strategies:
                works = await _works(loads, strategy)
                costs += [
                    ClaimCost(size, size - OPEN if blocked else 0, strategy.name, *work)
                    for size, work in zip(sizes, works, strict=True)
                ]
    return costs


async def _fill_ready(load: Load, size: int, tasks: int) -> None:
    each_group = max(TASKS_EACH, -(-tasks // size))
    await load.fill(name for _ in range(each_group) for name in names_of(size))


def _tasks_needed(strategies: int) -> int:
    return strategies * _ROOM * (_CALLS * _ROUNDS + 1) + _SINGLE_CALLS * _ROUNDS + OPEN * 100


async def _fill_blocked(load: Load, size: int, tasks: int) -> None:
    """A third of the groups paused, a third at a limit, a third rate limited, but for ten that have many tasks."""
    names = names_of(size)
    free = names[:: size // OPEN][:OPEN]
    kept = [name for name in names if name not in set(free)]
    limit = RateLimit.fields(RateLimit.parse("1/d"))
    settings: tuple[dict[str, str], ...] = ({"paused": "1"}, {"concurrency": "1"}, limit)
    actor = load.cleo.backend.actor
    await each(
        load.scripts.configure(QUEUE, actor, "bench", name, settings[number % 3]) for number, name in enumerate(kept)
    )
    await load.fill(name for _ in range(TASKS_EACH) for name in kept)
    while await load.claim(_ROOM):
        pass
    await load.fill(name for _ in range(-(-tasks // OPEN)) for name in free)


async def _works(loads: Sequence[Load], strategy: GroupStrategy) -> list[tuple[float, float, float | None]]:
    """For each queue: microseconds and commands a task of a large call, and microseconds of a call for one task."""
    for load in loads:
        await load.cleo.groups.set_strategy(QUEUE, strategy)
        await load.claim(_ROOM)
    large = await _measure(loads, _ROOM, _CALLS)
    if strategy is not GroupStrategy.ROUND_ROBIN:
        return [(us, commands, None) for us, commands in large]
    single = await _measure(loads, 1, _SINGLE_CALLS)
    return [(us, commands, us_of_one) for (us, commands), (us_of_one, _) in zip(large, single, strict=True)]


async def _measure(loads: Sequence[Load], room: int, calls: int) -> list[tuple[float, float]]:
    works: list[list[Work]] = [[] for _ in loads]
    for _ in range(_ROUNDS):
        for load, own in zip(loads, works, strict=True):
            before = await load.work()
            claimed = [len(await load.claim(room)) for _ in range(calls)]
            own.append(await load.work() - before)
            assert claimed == [room] * calls, "the queue ran empty"
    tasks = room * calls
    return [
        (median(work.cpu_us for work in own) / tasks, median(work.commands for work in own) / tasks) for own in works
    ]


@dataclass(frozen=True, slots=True)
class Share:
    """What a group had of the claims, and what its weight promised it."""

    group: str
    weight: float
    promised: float
    served: int

    @property
    def off_percent(self) -> float:
        """How far apart they are."""
        return 100 * abs(self.served / self.promised - 1)


async def weighted_shares(kind: ServerKind, claims: int, say: Say) -> list[Share]:
    """The claims of each group while all have tasks waiting."""
    say(f"shares: {claims:,} claims ...")
    total = sum(WEIGHTS.values())
    async with open_load(kind) as load:
        for name, weight in WEIGHTS.items():
            await load.cleo.groups.configure(QUEUE, name, weight=weight)
            await load.fill([name] * (round(1.2 * claims * weight / total) + 10))
        served = await load.drain(_ROOM, claims)
    return [Share(name, weight, claims * weight / total, served[name]) for name, weight in WEIGHTS.items()]


async def command_us(kind: ServerKind) -> float:
    """What one command in a script takes on this machine now, in microseconds: a yardstick for the others."""
    text = "for i = 1, 2000 do redis.call('ZADD', KEYS[1], i, i) end"
    async with open_load(kind) as load:
        taken: list[float] = []
        for _ in range(21):
            before = await load.work()
            await load.cleo.backend.ask("EVAL", text, "1", "bench:yardstick")
            taken.append((await load.work() - before).cpu_us)
    return median(taken) / 2_000
