"""A namespace of more queues than a round reads: none of them is denied, and no screen asks for all of them at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cleo_core import Cleo
from cleo_core.models import AuditEntry, HistoryEntry, TaskPage
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console, console
from tests.console.test_following import following
from tests.servers import Server, free_port
from tests.waiting import until

ONCE = ConsoleSettings(refresh=3_600)


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


@pytest.fixture
async def queues(cleo: Cleo) -> list[str]:
    names = [f"q{number:02}" for number in range(12)]
    for queue in names:
        await cleo.queues.add(queue, "send", {}, task_id=f"of-{queue}")
    return names


async def test_a_queue_that_was_not_read_yet_is_looked_into(
    queues: list[str], connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.data.live.QUEUES_A_ROUND", 1)
    async with console(connect, settings=ONCE) as shop:
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        snapshot = shop.app.snapshot
        assert snapshot is not None
        unread = queues[-1]
        assert unread not in snapshot.by_name, "each round reads one"
        await shop.command(f"strategy {unread} fifo")
        await shop.see(f"How the groups of {unread} take turns")
        await shop.press("escape")
        for screen in ("groups", "history", "stuck"):
            await shop.command(f"{screen} @nowhere")
            await shop.see("There is no queue 'nowhere'")
        await shop.command(f"tasks @{unread}")
        await shop.see(f"of-{unread}")


async def test_no_queue_is_denied_before_the_server_has_answered() -> None:
    nobody = f"redis://127.0.0.1:{free_port()}"
    async with console(lambda: Cleo(nobody), settings=ONCE) as shop:
        await shop.see("does not answer")
        await shop.command("tasks @emails")
        await shop.see("Tasks / emails")
        assert "There is no queue" not in shop.text()


async def test_more_queues_than_are_listed_are_counted(
    queues: list[str], cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.data.live.MOST_NAMES", 2)
    names = cleo.queues.names

    async def two() -> list[str]:
        return await names(limit=2)

    monkeypatch.setattr(cleo.queues, "names", two)
    async with following(cleo, 3_600) as live:
        snapshot = live.snapshot()
        assert snapshot.names == set(queues[:2])
        assert snapshot.queue_total == len(queues)
        assert snapshot.may_have(queues[-1])


async def rounds(shop: Console, count: int) -> None:
    """Wait for rounds of reading."""
    wanted = shop.app.live.rounds + count
    await until(lambda: shop.app.live.rounds >= wanted)


async def test_the_audit_of_many_queues_is_not_put_together_each_round(
    queues: list[str], connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.screens.audit.AT_ONCE", len(queues) - 1)
    asked: list[str | None] = []
    async with console(connect) as shop:
        audit = shop.app.cleo.audit
        listed = audit.list

        async def count(queue: str | None, **options: Any) -> list[AuditEntry]:
            asked.append(queue)
            return await listed(queue, **options)

        monkeypatch.setattr(audit, "list", count)
        await shop.see("connected")
        await shop.command("audit")
        await shop.see("Nothing was done yet")
        await rounds(shop, 3)
        assert asked == [None]
        await shop.command("audit @q00")
        await until(lambda: asked.count("q00") >= 3)


async def test_the_page_of_a_worker_looks_at_its_queues_in_turns(
    queues: list[str], cleo: Cleo, connect: Callable[[], Cleo], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cleo_tui.screens.worker.QUEUES_A_ROUND", 1)
    asked: list[str] = []
    async with cleo.worker(queues=queues, worker_id="w1", heartbeat=0.2), console(connect) as shop:
        service, history = shop.app.cleo.queues, shop.app.cleo.history
        tasks, ended = service.tasks, history.worker

        async def look(queue: str, *args: Any, **options: Any) -> TaskPage:
            asked.append(queue)
            return await tasks(queue, *args, **options)

        async def end(worker_id: str, limit: int) -> list[HistoryEntry]:
            asked.append("")
            return await ended(worker_id, limit)

        monkeypatch.setattr(service, "tasks", look)
        monkeypatch.setattr(history, "worker", end)
        await shop.see("connected")
        await shop.command("worker w1")
        await shop.see("It runs no task")
        await until(lambda: set(queues) <= set(asked))
        assert "".join(queue or " " for queue in asked).split() == [queue for queue in asked if queue], "one a round"
