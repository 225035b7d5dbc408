"""What it takes to retry, discard and bring back many dead letters, and how long the longest script call is.

    python -m benchmarks.dead_letters [--letters 100000] [--json FILE]

The longest call is by SLOWLOG, which goes by the clock: on a machine that is busy it tells of the machine as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from pydantic_core import to_json

from benchmarks.peers.server import fresh_server
from cleo_core import Cleo
from cleo_core.fingerprints import kind_of
from cleo_core.scripts import NewTask, Settled

QUEUE = "dead"
RETENTIONS = (2_592_000, 3_600)
KINDS = 20


async def bury(cleo: Cleo, count: int) -> list[str]:
    """Store, claim and fail so many tasks for good, of twenty kinds of errors; their ids."""
    await cleo.backend.know_queue(QUEUE)
    scripts = await cleo.backend.scripts()
    ids = [f"{number:07}" for number in range(count)]
    errors = [to_json(["ValueError", f"kind {chr(97 + kind)}", "", "failed", *kind_of("ValueError", chr(97 + kind))])
              for kind in range(KINDS)]  # fmt: skip
    for first in range(0, count, 1_000):
        some = ids[first : first + 1_000]
        await scripts.enqueue(QUEUE, [NewTask(task_id, "work", b"{}", b'{"v":1}', "", 1, 0) for task_id in some])
        claimed = (await scripts.cycle(QUEUE, "bench", 1_000, 600_000, RETENTIONS, [])).claimed
        settled = [
            Settled(task.id, task.receipt, task.group, "dead", 1_000, errors[number % KINDS], 0)
            for number, task in enumerate(claimed)
        ]
        await scripts.cycle(QUEUE, "bench", 0, 600_000, RETENTIONS, settled)
    return ids


async def measured(cleo: Cleo, what: str, act: Callable[[], Awaitable[object]]) -> dict[str, float | str]:
    """How long an action took, and its longest script call."""
    await cleo.backend.ask("SLOWLOG", "RESET")
    began = time.perf_counter()
    await act()
    seconds = time.perf_counter() - began
    entries = await cleo.backend.ask("SLOWLOG", "GET", "-1")
    longest = max((int(entry[2]) for entry in entries), default=0) / 1000
    print(f"{what:<40} {seconds:8.2f} s   longest script call {longest:6.1f} ms")
    return {"what": what, "seconds": seconds, "longest_ms": longest}


async def run(count: int) -> list[dict[str, float | str]]:
    """All steps on a server of their own."""
    with fresh_server() as url:
        return await _run_on(url, count)


async def _run_on(url: str, count: int) -> list[dict[str, float | str]]:
    async with Cleo(url, namespace="bench") as cleo:
        for name, value in (("slowlog-max-len", "10000"), ("slowlog-log-slower-than", "500")):
            await cleo.backend.ask("CONFIG", "SET", name, value)
        ids: list[str] = []

        async def make() -> None:
            ids.extend(await bury(cleo, count))

        discards: list[str] = []

        async def discard() -> None:
            discards.append((await cleo.dead_letters.discard(QUEUE, ids)).discard)

        async def undo() -> None:
            await cleo.dead_letters.undo(QUEUE, discards[0])

        async def kinds() -> None:
            await cleo.dead_letters.kinds(QUEUE)

        async def find() -> None:
            await cleo.dead_letters.list(QUEUE, text="nowhere", look=count)

        async def retry() -> None:
            done = await cleo.dead_letters.retry_all(QUEUE)
            assert done.retried == count

        return [
            await measured(cleo, f"{count:,} tasks stored, run and buried", make),
            await measured(cleo, "their kinds", kinds),
            await measured(cleo, "a filter that looks at each", find),
            await measured(cleo, "all discarded", discard),
            await measured(cleo, "all brought back", undo),
            await measured(cleo, "all retried", retry),
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(run(options.letters))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
