"""The workload of the benchmark of the history: a stamped task in one of many groups, with the counters on or off.

``CLEO_BENCH_GROUPS`` says how many groups, ``CLEO_BENCH_COUNTERS=off`` switches the counters by group, worker and task
name off.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.history import COUNTERS_VARIABLE, GROUPS_VARIABLE
from benchmarks.peers.common import BULK_CALL_SIZE, QUEUE, Peer, in_chunks, main, mark, redis_url
from cleo_core import Cleo, Limits
from cleo_core.history_limits import write_history_limits
from cleo_core.settings import HistoryLimits

_groups = int(os.environ.get(GROUPS_VARIABLE, "1"))
_off = os.environ.get(COUNTERS_VARIABLE) == "off"
_history = HistoryLimits(groups=0, workers=0, names=0) if _off else HistoryLimits()

cleo = Cleo(redis_url(), limits=Limits(history=_history))


@cleo.task(queue=QUEUE)
async def stamp(slot: int) -> None:
    mark(slot)


@asynccontextmanager
async def session() -> AsyncGenerator[None]:
    async with cleo:
        # A worker writes them too, but the first tasks would be run before that.
        await write_history_limits(await cleo.backend.scripts(), QUEUE, _history)
        yield


async def bulk(slots: range) -> None:
    for chunk in in_chunks(slots, BULK_CALL_SIZE):
        by_group: dict[int, list[tuple[int]]] = {}
        for slot in chunk:
            by_group.setdefault(slot % _groups, []).append((slot,))
        for group, arguments in by_group.items():
            await stamp.options(group=f"group-{group}").enqueue_many(arguments)


if __name__ == "__main__":
    main(
        Peer(
            distribution="cleo-tasks",
            session=session,
            enqueue=stamp.enqueue,
            bulk=bulk,
            bulk_how=f"enqueue_many, {BULK_CALL_SIZE} a call",
            worker=("cleo_core.cli.main", "worker", "benchmarks.history_tasks:cleo"),
            settings="as it is by default",
        )
    )
