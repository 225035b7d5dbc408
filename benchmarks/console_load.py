"""Work for the console to look at, made in a process: ``python -m benchmarks.console_load URL NAMESPACE RATE S``."""

from __future__ import annotations

import asyncio
import sys
import time

from cleo_core import Cleo

SLICES = 20


async def load(url: str, namespace: str, rate: int, seconds: float, queue: str = "load") -> int:
    """Enqueue at a rate for some seconds, or as fast as it goes if the rate is 0; how many there were."""
    async with Cleo(url, namespace=namespace) as cleo:

        @cleo.task(queue=queue, name="noop")
        async def noop(number: int) -> None: ...

        began, done = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            due = int((passed + 1 / SLICES) * rate) - done
            if due > 0:
                await noop.enqueue_many([(number,) for number in range(due)])
                done += due
            await asyncio.sleep(1 / SLICES)
        return done


async def fill(url: str, namespace: str, queue: str, total: int) -> None:
    """Have so many tasks wait in a queue."""
    async with Cleo(url, namespace=namespace) as cleo:

        @cleo.task(queue=queue, name="noop")
        async def noop(number: int) -> None: ...

        for first in range(0, total, 20_000):
            await noop.enqueue_many([(number,) for number in range(first, min(total, first + 20_000))])


if __name__ == "__main__":
    print(asyncio.run(load(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
