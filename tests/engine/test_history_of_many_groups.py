"""Queues with more groups than lists of attempts are kept for."""

from __future__ import annotations

from cleo_core import Cleo
from cleo_core.history_limits import write_history_limits
from cleo_core.settings import HistoryLimits
from tests.pasts import run
from tests.raw import ask, keys_of

LISTS = 10_000


async def _pretend(cleo: Cleo, count: int) -> None:
    """Let there be so many lists of groups ``old-0`` ..., the first one touched the longest ago."""
    keys = keys_of(cleo, "q")
    for first in range(0, count, 1_000):
        names = [(n + 1, f"g:old-{n}") for n in range(first, min(first + 1_000, count))]
        await ask(cleo, "ZADD", keys.histories, *(part for name in names for part in name))
    await ask(cleo, "EXPIRE", keys.histories, 60)
    for n in range(3):
        await ask(cleo, "RPUSH", keys.group_history(f"old-{n}"), "[]")
        await ask(cleo, "EXPIRE", keys.group_history(f"old-{n}"), 60)


async def _there(cleo: Cleo, *groups: str) -> list[int]:
    keys = keys_of(cleo, "q")
    return [await ask(cleo, "EXISTS", keys.group_history(group)) for group in groups]


async def test_the_lists_that_were_added_to_last_are_kept_and_the_others_dropped(cleo: Cleo) -> None:
    await _pretend(cleo, LISTS - 1)
    await run(cleo, [1.0], group="old-1")
    assert await _there(cleo, "old-0", "old-1", "old-2") == [1, 1, 1]
    await run(cleo, [1.0], group="new")
    assert await _there(cleo, "old-0", "old-1", "old-2", "new") == [0, 1, 1, 1]
    assert await ask(cleo, "ZCARD", keys_of(cleo, "q").histories) == LISTS
    assert len(await cleo.history.group("q", "new")) == 1


async def test_many_lists_too_many_are_dropped_step_by_step(cleo: Cleo) -> None:
    await _pretend(cleo, LISTS + 300)
    sizes: list[int] = []
    for _ in range(4):
        await run(cleo, [1.0], group="new")
        sizes.append(await ask(cleo, "ZCARD", keys_of(cleo, "q").histories))
    # The lists of the group and of its worker were added to, so 102 go at a time.
    assert sizes == [LISTS + 200, LISTS + 98, LISTS, LISTS]
    assert await _there(cleo, "old-0", "old-1", "old-2", "new") == [0, 0, 0, 1]


async def test_without_entries_of_groups_and_workers_the_queue_has_its_list_alone(cleo: Cleo) -> None:
    limits = HistoryLimits(group_entries=0, worker_entries=0)
    await write_history_limits(await cleo.backend.scripts(), "q", limits)
    await run(cleo, [1.0, 1.0], group="a", worker="w")
    assert await cleo.history.group("q", "a") == []
    assert await cleo.history.worker("w") == []
    assert len(await cleo.history.queue("q")) == 2
    assert await ask(cleo, "EXISTS", keys_of(cleo, "q").histories) == 0
