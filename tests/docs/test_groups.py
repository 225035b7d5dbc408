"""What ``docs/groups.md`` says in tables and sentences is so, and the benchmark that it shows runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.groups_chart import fairness_chart
from benchmarks.groups_fairness import Waits
from benchmarks.groups_load import QUEUE, Load
from benchmarks.groups_switch import every_pair
from cleo_core import Cleo, GroupOrder, GroupStrategy
from cleo_core.models import GroupOptions
from tests.docs.documents import ROOT, codes_in, document

PAGE = document("docs/groups.md")
PICTURE = ROOT / "docs/groups-fairness.svg"


def _column(head: str) -> list[str]:
    return [code for table in PAGE.tables for row in table.rows for code in codes_in(row.get(head, ""))]


def test_all_strategies_and_orders_are_told_of() -> None:
    assert _column("Strategy") == [f"GroupStrategy.{strategy.name}" for strategy in _in_the_order_of_the_page()]
    assert _column("Order") == [f"GroupOrder.{order.name}" for order in GroupOrder]


def _in_the_order_of_the_page() -> Sequence[GroupStrategy]:
    heads = re.findall(r"^### (\w+)$", PAGE.prose, re.MULTILINE)
    named = [GroupStrategy[head] for head in heads if head in GroupStrategy.__members__]
    assert set(named) == set(GroupStrategy)
    return named


def test_all_options_of_a_group_are_told_of() -> None:
    (sentence,) = re.findall(r"^The options are (.+?)\. Who", PAGE.prose, re.MULTILINE | re.DOTALL)
    assert codes_in(sentence) == list(GroupOptions.model_fields)


@pytest.mark.usefixtures("no_key_leaks")
@pytest.mark.parametrize(("low", "high", "others"), [(0, 1, 1), (0, 3, 4), (-2, 1, 2)])
async def test_a_ready_group_waits_no_longer_than_its_priority_says(
    cleo: Cleo, low: int, high: int, others: int
) -> None:
    load = Load(cleo, await cleo.backend.scripts())
    bound = 100 * (high - low) + others + 1
    await cleo.groups.set_strategy(QUEUE, GroupStrategy.PRIORITY)
    await cleo.groups.set_priority(QUEUE, "low", low)
    for number in range(others):
        await cleo.groups.set_priority(QUEUE, f"high{number}", high)
        await load.fill([f"high{number}"] * bound)
    await load.fill(["low"])
    served = await load.drain(room=7, at_most=bound)
    assert served["low"] == 1
    await load.drain(room=100, at_most=10**6)


def test_the_picture_of_the_waits_can_be_read_in_the_light_and_in_the_dark() -> None:
    _check_picture(PICTURE.read_text(encoding="utf-8"))


def test_a_picture_is_drawn_of_any_waits() -> None:
    waits = [Waits(strategy.name, [0, 1, 2], [0.0, 0.1, 0.2]) for strategy in GroupStrategy]
    _check_picture(fairness_chart(waits, 3, 1))


def _check_picture(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    texts = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"FIFO", "ROUND_ROBIN", "DYNAMIC"} <= set(texts)
    assert "wait (tasks served before it)" in texts
    assert "prefers-color-scheme: dark" in picture
    assert picture.count('class="bar accent"') == 1


def test_every_pair_is_changed_once() -> None:
    for kinds in ("ab", "abc", "abcde"):
        pairs = list(every_pair(kinds))
        assert len(set(pairs)) == len(pairs) == len(kinds) * (len(kinds) - 1)
        assert all(old != new for old, new in pairs)


def test_the_benchmark_of_groups_runs(tmp_path: Path) -> None:
    command = ["--tasks", "1000", "--groups", "100", "--claims", "500", "--only", "switching,fairness,shares"]
    files = ["--json", str(tmp_path / "figures.json"), "--svg", str(tmp_path / "waits.svg")]
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.groups", *command, *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert len(figures["switching"]["strategies"]) == 20
    assert [row["strategy"] for row in figures["fairness"]] == ["FIFO", "ROUND_ROBIN", "DYNAMIC"]
    assert sum(share["served"] for share in figures["shares"]) == 500
    _check_picture((tmp_path / "waits.svg").read_text(encoding="utf-8"))
