"""A console on a queue whose tasks are in groups."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from cleo_core import Cleo
from tests.console.driving import Console, console
from tests.waiting import until


async def fill(cleo: Cleo, **sizes: int) -> None:
    """Give groups of ``emails`` so many waiting tasks, one group after the other."""
    for group, size in sizes.items():
        for number in range(size):
            await cleo.queues.add("emails", "send", {}, group=group, task_id=f"{group}-{number}")


@asynccontextmanager
async def groups_console(cleo: Cleo, connect: Callable[[], Cleo]) -> AsyncGenerator[Console]:
    """On the groups of ``emails``: acme has five waiting tasks, globex three, hooli one."""
    await fill(cleo, acme=5, globex=3, hooli=1)
    async with console(connect) as running:
        await running.see("emails", "waiting")
        await until(lambda: running.app.snapshot and running.app.snapshot.server)
        await running.press("4")
        await running.see("emails · groups", "acme", "hooli", "1 of 3")
        yield running
