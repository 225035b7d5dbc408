"""What is written into a file of the history that is on the screen, and what is said where nothing can be."""

from __future__ import annotations

import asyncio
import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cleo_core import Cleo
from tests.console.driving import console
from tests.console.worked import look, work
from tests.servers import Server
from tests.waiting import until

SMALL = (80, 24)


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_the_points_are_written_into_a_file_that_is_asked_for(
    cleo: Cleo, connect: Callable[[], Cleo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3", "e export")
        await running.press("e")
        await running.see("export points points-all-queues-1h.csv")
        await running.press("enter")
        await running.see("61 rows written to")
        with (tmp_path / "points-all-queues-1h.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert sum(int(row["completed"]) for row in rows) == 3
        assert {"since", "until", "throughput", "success_rate", "run_p95", "wait_p99"} <= set(rows[0])
        await running.press("e", "enter")
        await running.see("Overwrite points-all-queues-1h.csv?")
        await running.press("n")
        await running.command("export slowest slowest.json")
        await running.see("2 rows written to")
        slowest = json.loads((tmp_path / "slowest.json").read_text())
        assert [row["name"] for row in slowest] == ["resize", "send"]
        assert slowest[0]["completed"] == 1
        await running.press("h", "h", "e")
        await running.see("export errors errors-all-queues-1h.csv")
        await running.press("escape")
        await running.command("export nothing.txt")
        await running.see("tells no format by its ending")
    assert sorted(os.listdir(tmp_path)) == ["points-all-queues-1h.csv", "slowest.json"]


async def test_the_load_of_a_worker_is_charted_and_written_with_its_points(
    cleo: Cleo, connect: Callable[[], Cleo], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await work(cleo)
    async with console(connect, size=SMALL) as running:
        await look(running, "completed 3")
        await running.command("history worker w1")
        await running.see("worker w1 · esc", "1 of 8")
        await running.press("l", "l", "l", "l")
        await running.see("CPU  of one core", "5 of 8", "mean", "peak", "%")
        await running.press("l")
        await running.see("Memory  of the process", "6 of 8", "MiB")
        await running.command("export points points.csv")
        await running.see("61 rows written to")
        await running.command("history @emails")
        await running.see("History / emails", "1 of 7")
        await running.command("export points emails.csv")
        await running.see("61 rows written to emails.csv")
    with (tmp_path / "points.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["load_memory"] == ""
    assert max(float(row["load_memory"] or 0) for row in rows) > 10_000_000
    assert not any(
        column.startswith("load") for column in (tmp_path / "emails.csv").read_text().split("\n")[0].split(",")
    )


async def test_where_nothing_was_read_nothing_is_written(connect: Callable[[], Cleo]) -> None:
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.has_data)
        await running.press("9", "e")
        await running.see("There is no queue yet, so there is nothing to write.")


async def test_while_it_is_read_what_can_not_be_written_yet_is_said(cleo: Cleo, server: Server) -> None:
    await work(cleo)
    may_answer = asyncio.Event()

    class Slow(Cleo):
        def __init__(self) -> None:
            super().__init__(server.url, namespace=cleo.namespace)
            stats = self.history.stats

            async def slowly(*args: Any, **kwargs: Any) -> Any:
                await may_answer.wait()
                return await stats(*args, **kwargs)

            self.history.stats = slowly

    async with console(Slow) as running:
        await look(running, "Reading the last 1 h of all queues")
        await running.press("e")
        await running.see("The history is still being read.")
        may_answer.set()
        await running.see("completed 3")
        await running.press("e")
        await running.see("export points points-all-queues-1h.csv")


async def test_of_a_range_in_which_nothing_happened_nothing_is_written(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await cleo.queues.add("emails", "send", {}, delay=3_600)
    async with console(connect) as running:
        await look(running)
        await running.command("history task nothing @emails")
        await running.see("Nothing happened in the last 1 h")
        await running.press("e")
        await running.see("so there is nothing to")
