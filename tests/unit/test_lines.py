"""Queues as a worker sees them: how they are named, whose turn it is, and how far ahead to claim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cleo_core import InvalidName, InvalidOption
from cleo_core.scripts import Settled
from cleo_core.worker.line import MAX_SETTLED, Line, Pace, Rota


@pytest.mark.parametrize(
    ("text", "queue", "weight"),
    [
        ("emails", "emails", 1),
        ("emails:3", "emails", 3),
        ("emails:1000", "emails", 1000),
        ("a:b", "a:b", 1),
        ("a:b:7", "a:b", 7),
        ("emails:", "emails:", 1),
        ("emails:²", "emails:²", 1),
        ("emails:-1", "emails:-1", 1),
    ],
)
def test_a_queue_may_be_named_with_a_weight(text: str, queue: str, weight: int) -> None:
    line = Line.parse(text)
    assert (line.queue, line.weight) == (queue, weight)


@pytest.mark.parametrize("text", ["emails:0", "emails:1001", "emails:00000"])
def test_a_weight_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="from 1 to 1000"):
        Line.parse(text)


@pytest.mark.parametrize("text", ["", ":5", "a{b:2", "a\n"])
def test_a_name_that_can_not_be_a_queues_is_refused(text: str) -> None:
    with pytest.raises(InvalidName):
        Line.parse(text)


def test_one_call_carries_a_bounded_number_of_results_and_keeps_the_rest_in_order() -> None:
    line = Line("q")
    results = [Settled(b"%d" % n, b"", b"", "completed", 1, b"null", 0) for n in range(MAX_SETTLED + 5)]
    line.finished = list(results)
    assert line.take_finished() == results[:MAX_SETTLED]
    assert line.take_finished() == results[MAX_SETTLED:]
    assert line.take_finished() == []


def _shares(rota: Rota, turns: int, size: int = 1) -> list[str]:
    """The queue that claims at each of so many turns, each time ``size`` tasks."""
    order: list[str] = []
    for _ in range(turns):
        line = rota.in_turn()[0]
        order.append(line.queue)
        rota.claimed(line, size)
    return order


@pytest.mark.parametrize("size", [1, 7, 100])
def test_turns_are_shared_by_weight_whatever_the_size_of_a_claim(size: int) -> None:
    order = _shares(Rota([Line("a", 3), Line("b", 1)], strict=False), 4_000, size)
    assert order.count("a") == pytest.approx(3_000, rel=0.01)


def test_three_weights_share_too() -> None:
    order = _shares(Rota([Line("a", 4), Line("b", 2), Line("c")], strict=False), 7_000)
    assert [order.count(queue) for queue in "abc"] == [pytest.approx(n, rel=0.01) for n in (4_000, 2_000, 1_000)]


def test_turns_alternate_rather_than_come_in_blocks() -> None:
    order = _shares(Rota([Line("a"), Line("b")], strict=False), 100)
    assert all(set(order[at : at + 2]) == {"a", "b"} for at in range(0, 100, 2))


def test_a_claim_that_found_nothing_changes_no_shares() -> None:
    one, other = Line("a", 3), Line("b", 1)
    rota = Rota([one, other], strict=False)
    order: list[str] = []
    for turn in range(4_000):
        line = rota.in_turn()[0]
        order.append(line.queue)
        rota.claimed(line, 1)
        rota.claimed((one, other)[turn % 2], 0)
    assert order.count("a") == pytest.approx(3_000, rel=0.02)


def test_a_queue_that_had_nothing_for_a_while_has_saved_up_no_turns() -> None:
    busy, idle = Line("busy"), Line("idle")
    rota = Rota([busy, idle], strict=False)
    for _ in range(1_000):
        rota.claimed(busy, 1)
    order = _shares(rota, 100)
    assert order.count("idle") <= 51


def test_strictly_the_order_is_always_the_given_one() -> None:
    lines = [Line("a"), Line("b", 1000), Line("c")]
    rota = Rota(lines, strict=True)
    for line in reversed(lines):
        rota.claimed(line, 5)
        assert [line.queue for line in rota.in_turn()] == ["a", "b", "c"]


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr("cleo_core.worker.line.time", SimpleNamespace(perf_counter=made.perf_counter))
    return made


def _work(pace: Pace, clock: _Clock, *, finished: int, period: float, flight: float, calls: int = 50) -> None:
    for _ in range(calls):
        clock.now += period
        pace.called(finished, flight)


def test_at_first_nothing_is_claimed_ahead(clock: _Clock) -> None:
    assert Pace(100).ahead == 0


def test_short_tasks_are_claimed_ahead_as_many_as_finish_during_a_call(clock: _Clock) -> None:
    pace = Pace(10_000)
    _work(pace, clock, finished=100, period=0.01, flight=0.005)
    assert 45 <= pace.ahead <= 80


def test_of_long_tasks_none_is_claimed_ahead(clock: _Clock) -> None:
    pace = Pace(100)
    _work(pace, clock, finished=1, period=5, flight=0.002)
    assert pace.ahead == 0


def test_never_more_are_claimed_ahead_than_was_allowed(clock: _Clock) -> None:
    pace = Pace(10)
    _work(pace, clock, finished=10_000, period=0.001, flight=0.1)
    assert pace.ahead == 10
    none = Pace(0)
    _work(none, clock, finished=10_000, period=0.001, flight=0.1)
    assert none.ahead == 0


def test_the_pace_follows_when_tasks_become_long(clock: _Clock) -> None:
    pace = Pace(10_000)
    _work(pace, clock, finished=1_000, period=0.01, flight=0.01)
    assert pace.ahead > 500
    _work(pace, clock, finished=1, period=1, flight=0.01)
    assert pace.ahead == 0


def test_two_calls_at_the_same_instant_do_no_harm(clock: _Clock) -> None:
    pace = Pace(50)
    pace.called(5, 0.0)
    pace.called(5, 0.0)
    assert 0 <= pace.ahead <= 50
