"""Lists that are written into files: whole, in pages, and never over a file that nobody asked about."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cleo_core import Cleo
from cleo_tui.app import CleoApp
from cleo_tui.data.export import ExportError, checked_path
from tests.console.canned import CannedCleo, clock
from tests.console.driving import console
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_a_list_of_tasks_is_written_whole(cleo: Cleo, connect: Callable[[], Cleo], tmp_path: Path) -> None:
    for number in range(2_100):
        await cleo.queues.add("emails", "send", {}, task_id=f"mail-{number}")
    async with console(connect) as shop:
        await shop.see("connected")
        await shop.command("tasks waiting @emails")
        await shop.see("of 2,100")
        await shop.command(f"export {tmp_path / 'tasks.json'}")
        await shop.see("2,100 rows written")
    rows = json.loads((tmp_path / "tasks.json").read_bytes())
    assert {row["id"] for row in rows} == {f"mail-{number}" for number in range(2_100)}
    assert rows[0]["state"] == "waiting"
    assert os.listdir(tmp_path) == ["tasks.json"]
    assert stat.S_IMODE((tmp_path / "tasks.json").stat().st_mode) == 0o600, "what tasks are given is nobody else's"


async def test_only_what_matches_the_filter_is_written(cleo: Cleo, connect: Callable[[], Cleo], tmp_path: Path) -> None:
    for number in range(30):
        await cleo.queues.add("emails", "send" if number % 3 else "=cmd", {})
    async with console(connect) as shop:
        await shop.see("connected")
        await shop.command("tasks waiting @emails =cmd")
        await shop.see("filter '=cmd': 10 of the 30")
        await shop.command(f"export {tmp_path / 'tasks.csv'}")
        await shop.see("10 rows written")
    rows = list(csv.DictReader((tmp_path / "tasks.csv").read_bytes().decode().splitlines()))
    assert {row["name"] for row in rows} == {"'=cmd"}, "a spreadsheet must not take it for a formula"


async def test_a_file_is_overwritten_only_after_yes(tmp_path: Path) -> None:
    file = tmp_path / "queues.csv"
    file.touch()
    async with console(CannedCleo, clock=clock) as shop:
        await shop.press("2")
        await shop.see("6 queues")
        await shop.command(f"export {file}")
        await shop.see("Overwrite queues.csv?")
        await shop.press("enter")
        await shop.see_no_more("Overwrite queues.csv?")
        assert file.stat().st_size == 0
        await shop.command(f"export {file}")
        await shop.see("Overwrite queues.csv?")
        await shop.press("y")
        await shop.see("6 rows written")
    assert file.stat().st_size > 0


async def test_what_can_not_be_written_is_said(tmp_path: Path) -> None:
    async with console(CannedCleo, clock=clock) as shop:
        await shop.see("emails")
        await shop.press("2")
        await shop.command("export queues.txt")
        await shop.see("tells no format by its ending")
        await shop.command("export /proc/queues.csv")
        await shop.see("can't be written")
        await shop.command("export ~nosuch/queues.csv")
        await shop.see("~nosuch/queues.csv can't be written")
        # So long that the file may be there, but not the one beside it that is written first.
        await shop.command(f"export {tmp_path / ('q' * 245)}.csv")
        await until(lambda: any("File name too long" in told.message for told in shop.app._notifications))  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ExportError, match="There is no folder"):
        checked_path(str(tmp_path / "none" / "queues.csv"))
    with pytest.raises(ExportError, match="File name too long"):
        checked_path(str(tmp_path / ("q" * 300 + ".csv")))


async def test_who_has_not_connected_yet_can_press_r() -> None:
    app = CleoApp(CannedCleo)
    app.do_refresh()
