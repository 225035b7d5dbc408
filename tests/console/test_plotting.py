"""How a chart is drawn: gaps stay gaps, lines are told apart without colours, and rulers tell the truth."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import pytest

from cleo_core.models import Figures, Spread, WorkerLoad
from cleo_tui.data.past import thinned
from cleo_tui.screens.history_tiles import change, points
from cleo_tui.widgets.plotting import FIRST_LINE, Drawing, Point, Stroke, plotted
from cleo_tui.widgets.rulers import BYTES, PERCENT, RATE, SECONDS, SHARE, Scale, time_ticks

SINCE = 1_789_549_200.0


def drawing(values: Sequence[float | None], stroke: Stroke = Stroke.SOLID) -> Drawing:
    span = len(values) * 60.0
    line = [Point(SINCE + place * 60, SINCE + place * 60 + 60, value) for place, value in enumerate(values)]
    ticks = RATE.ticks(0.0, 10.0, 8)
    return Drawing([(line, stroke)], SINCE, SINCE + span, time_ticks(SINCE, SINCE + span, 70), ticks)


def columns_of(values: Sequence[float | None], stroke: Stroke = Stroke.SOLID) -> list[bool]:
    """Which columns of the chart have something of the line in them."""
    rows = plotted(drawing(values, stroke), 70, 10)
    drawn = [False] * 70
    for row in rows:
        column = 0
        for text, part in row:
            for character in text:
                drawn[column] |= part == FIRST_LINE and character != " "
                column += 1
    return drawn


def test_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    drawn = columns_of([5.0] * 20 + [None] * 20 + [5.0] * 20)
    assert all(drawn[8:24])
    assert not any(drawn[28:46])
    assert all(drawn[52:66])


def test_a_value_between_two_gaps_is_seen() -> None:
    assert sum(columns_of([None] * 10 + [5.0] + [None] * 10)) >= 2
    assert sum(columns_of([None] * 60)) == 0


@pytest.mark.parametrize("stroke", [Stroke.DASHED, Stroke.DOTTED])
def test_lines_differ_without_colours(stroke: Stroke) -> None:
    values = [5.0 + math.sin(place / 9) for place in range(60)]
    assert plotted(drawing(values, stroke), 70, 10) != plotted(drawing(values), 70, 10)
    assert 10 < sum(columns_of(values, stroke)) < sum(columns_of(values))


def test_two_charts_share_no_state() -> None:
    one, other = drawing([1.0, 2.0, 3.0] * 9), drawing([9.0, None, 4.0] * 30, Stroke.DASHED)
    alone = plotted(one, 60, 12)
    plotted(other, 100, 20)
    assert plotted(one, 60, 12) == alone
    assert all(sum(len(piece.text) for piece in row) == 60 for row in alone)
    assert len(alone) == 12


@pytest.mark.parametrize("size", [(24, 4), (30, 5), (200, 40)])
def test_it_is_as_large_as_it_may_be(size: tuple[int, int]) -> None:
    rows = plotted(drawing([1.0, 2.0, 3.0]), *size)
    assert [sum(len(piece.text) for piece in row) for row in rows] == [size[0]] * size[1]


@pytest.mark.parametrize(
    ("scale", "highest", "said"),
    [
        (RATE, 9.3, ["0", "5/s", "10/s"]),
        (RATE, 2_300.0, ["0", "1.5k/s", "3k/s"]),
        (RATE, 0.4, ["0", "0.25/s", "0.5/s"]),
        (RATE, 0.004, ["0", "7.5/h", "15/h"]),
        (RATE, 0.003, ["0", "6/h", "12/h"]),
        (SECONDS, 0.0026, ["0", "1.5 ms", "3 ms"]),
        (SECONDS, 0.9, ["0", "500 ms", "1 s"]),
        (SECONDS, 2.2, ["0", "2.5 s", "5 s"]),
        (SECONDS, 700.0, ["0", "7 min 30 s", "15 min"]),
        (PERCENT, 41.0, ["0%", "25%", "50%"]),
        (BYTES, 90_000_000.0, ["0 B", "64.0 MiB", "128.0 MiB"]),
    ],
)
def test_a_ruler_ends_at_a_round_value(scale: Scale, highest: float, said: list[str]) -> None:
    ticks = scale.ticks(0.0, highest, 8)
    assert [text for _, text in ticks] == said
    assert ticks[-1][0] >= highest * 0.999


@pytest.mark.parametrize(("lowest", "begin"), [(0.2, "0%"), (0.6, "50%"), (0.93, "90%"), (0.995, "98%"), (1.0, "98%")])
def test_shares_near_all_are_looked_at_closely(lowest: float, begin: str) -> None:
    assert SHARE.ticks(lowest, 1.0, 8)[0][1] == begin


@pytest.mark.parametrize("columns", [20, 70, 180])
@pytest.mark.parametrize("minutes", [15, 60, 360, 1_440, 10_080, 43_200])
def test_times_are_round_and_find_room(utc: None, minutes: int, columns: int) -> None:
    ticks = time_ticks(SINCE - minutes * 60 + 30, SINCE + 30, columns)
    assert 1 <= len(ticks) <= columns // 10 + 1
    assert all(place % 60 == 0 for place, _ in ticks)
    assert all(SINCE - minutes * 60 + 30 <= place <= SINCE + 30 for place, _ in ticks)


def test_days_begin_at_midnight_when_the_clock_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        until = 1_793_275_200.0  # 2026-10-29, four days after the end of summer time
        days = time_ticks(until - 7 * 86_400, until, 80)
        assert [time.localtime(day).tm_hour for day, _ in days] == [0] * len(days)
        assert "Oct 25" in [text for _, text in days]
    finally:
        monkeypatch.undo()
        time.tzset()


def point(minute: int, completed: int, p95: float | None, *, long: float = 60.0) -> Figures:
    since = SINCE + minute * 60
    return Figures(
        since=since, until=since + long, completed=completed, failed=1, run=Spread(p95=p95), enqueued=completed
    )


def test_points_are_put_together_in_steps() -> None:
    fine = [point(minute, minute, None if minute % 2 else minute / 10) for minute in range(10)]
    steps = thinned(fine, 300.0)
    assert [step.completed for step in steps] == [0 + 1 + 2 + 3 + 4, 5 + 6 + 7 + 8 + 9]
    assert [step.failed for step in steps] == [5, 5]
    assert [step.run.p95 for step in steps] == [0.4, 0.8]
    assert steps[0].success_rate == pytest.approx(10 / 15)  # pyright: ignore[reportUnknownMemberType]
    assert steps[1].throughput == pytest.approx(35 / 300)  # pyright: ignore[reportUnknownMemberType]


def load(cpu: float, samples: int) -> WorkerLoad:
    return WorkerLoad(
        worker="w", samples=samples, cpu=cpu, cpu_peak=cpu + 5, memory=cpu * 100, memory_peak=cpu * 200,
        utilisation=cpu / 100, loop_lag=cpu / 1_000,
    )  # fmt: skip


def test_loads_are_put_together_by_their_samples() -> None:
    loads = [load(10.0, 1), None, load(40.0, 2), None, None, None]
    fine = [point(minute, 1, None).model_copy(update={"load": each}) for minute, each in enumerate(loads)]
    together, nothing = thinned(fine, 180.0)
    assert together.load is not None
    assert (together.load.samples, together.load.cpu, together.load.cpu_peak) == (3, 30.0, 45.0)
    assert (together.load.memory, together.load.memory_peak, together.load.loop_lag) == (3_000.0, 8_000.0, 0.04)
    assert nothing.load is None


def test_a_step_that_has_hardly_begun_is_left_out() -> None:
    assert len(thinned([point(0, 5, 0.1), point(1, 1, 0.1, long=3.0)], 60.0)) == 1
    assert len(thinned([point(0, 5, 0.1), point(1, 1, 0.1, long=30.0)], 60.0)) == 2
    assert len(thinned([point(0, 5, 0.1, long=3.0)], 60.0)) == 1


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, ""), (0.25, "▲ 25%"), (-0.5, "▼ 50%"), (0.001, "= same"), (14.0, "▲ 15x"), (4.2, "▲ 420%")],
)
def test_a_change_is_an_arrow_and_percent(share: float | None, said: str) -> None:
    assert change(share) == said


def test_a_change_of_a_rate_is_in_points() -> None:
    assert [points(value) for value in (None, 0.021, -0.3, 0.0)] == ["", "▲ 2.1 pt", "▼ 30.0 pt", "= same"]
