"""Events that were told in one message: made when they are looked at, counted without."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core.event_batch import EventBatch, readable
from cleo_core.records import event_of
from cleo_tui.data.tally import changes_of


def line(task: str, kind: str, state: str, *, worker: str = "", error: str = "", text: str = "") -> list[Any]:
    return [task, "send", "", 1, 1, worker, 0, kind, state, 1_000, 0, "", error, text]


LINES = [
    line("a", "task_added", "waiting"),
    line("b", "task_added", "waiting"),
    line("c", "task_added", "delayed"),
    line("d", "status_change", "active", worker="w"),
    line("e", "status_change", "waiting", text="handed back"),
    line("f", "status_change", "waiting", text="retried"),
    line("g", "status_change", "cancelled", worker="w"),
    line("h", "status_change", "cancelled"),
    line("i", "task_failed", "dead", worker="w", error="ValueError", text="one"),
    line("j", "task_failed", "dead", worker="w", error="KeyError", text="another"),
    line("k", "task_completed", "completed", worker="w"),
    line("l", "task_progress", "active", worker="w", text="0.5: half"),
]


def test_its_events_are_those_of_its_lines_wherever_they_are_asked_for() -> None:
    batch = EventBatch("q", "7-0", LINES)
    events = [event_of("q", "7-0", each) for each in LINES]
    assert list(batch) == events
    assert (len(batch), batch[3], batch[-1], batch[2:5]) == (len(LINES), events[3], events[-1], events[2:5])
    assert not EventBatch("q", "7-0", [])


def test_its_sorts_count_as_all_of_its_events_do() -> None:
    batch = EventBatch("q", "7-0", [each for each in LINES for _ in range(3)])
    sorts = batch.sorts()
    assert sum(number for _, number in sorts) == len(batch)
    assert len(sorts) < len(LINES), "those that count alike are counted together"
    assert changes_of(sorts) == changes_of((event, 1) for event in batch)


def test_lines_that_can_all_be_read_are_taken_as_they_are() -> None:
    assert readable("q", "7-0", LINES) is LINES


@pytest.mark.parametrize(
    "odd",
    [
        line("n", "task_teleported", "waiting"),
        line("n", "task_added", "entangled"),
        [*LINES[0][:9], "noon", *LINES[0][10:]],
        [*LINES[0][:10], "long", *LINES[0][11:]],
        [7, *LINES[0][1:]],
        [["n"], *LINES[0][1:]],
        [*LINES[0][:7], ["task_added"], *LINES[0][8:]],
        LINES[0][:5],
        "task_added",
        None,
    ],
)
def test_a_line_that_can_not_be_read_is_left_out_and_the_others_are_not(odd: Any) -> None:
    assert readable("q", "7-0", [LINES[0], odd, LINES[1]]) == LINES[:2]
    assert readable("q", "7-0", [odd]) == []
