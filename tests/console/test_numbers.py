"""How numbers are said, and how rates and counts are made of what the server and the stream tell."""

from __future__ import annotations

import pytest

from cleo_core.models import Event, EventGap, MinuteStats, ObserverEvent, TaskState
from cleo_tui import say
from cleo_tui.data.rates import Counters, Meter, Rates, drain_of
from cleo_tui.data.stream import KEPT, EventLog
from cleo_tui.data.tally import Tally
from tests.console.canned import QUEUES


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"), (0, "0"), (0.00005, "50 us"), (0.42, "420 ms"), (0.9999, "1.0 s"), (3.24, "3.2 s"), (9.97, "10 s"),
        (42, "42 s"), (59.7, "1 min"), (65, "1 min 5 s"), (600, "10 min"), (3_720, "1 h 2 min"), (273_600, "3 d 4 h"),
    ],
)  # fmt: skip
def test_durations_are_said_as_people_say_them(seconds: float | None, said: str) -> None:
    assert say.duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "0.5 s"), (30, "30 s"), (90, "1 min 30 s"), (300, "5 min"), (3_601, "3601 s"), (5_400, "1 h 30 min"),
     (86_400, "1 d"), (86_460, "86460 s")],
)  # fmt: skip
def test_how_often_something_is_done_is_said_exactly(seconds: float, said: str) -> None:
    assert say.period(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (0.5, "0.5"), (950, "950"), (1_000, "1k"), (12_340, "12.3k"), (4_500_000, "4.5M")]
)
def test_counts_are_short_on_an_axis(number: float, said: str) -> None:
    assert say.short_count(number) == said


@pytest.mark.parametrize(("share", "said"), [(None, "-"), (0, "0%"), (0.0004, "<0.1%"), (0.034, "3.4%"), (0.5, "50%")])
def test_no_share_above_zero_is_said_to_be_nothing(share: float | None, said: str) -> None:
    assert say.percent(share) == said


def test_what_others_wrote_moves_no_cursor() -> None:
    assert say.printable("a\x1b[31mb\r\n\tc\x9b") == "a [31mb \n    c "


def test_rates_are_differences_over_the_last_seconds() -> None:
    meter = Meter()
    for second in range(30):
        meter.add(Counters(100.0 + second, 20 * second, 10 * second, second, 0))
    assert meter.rates(()) == Rates(20, 10, 1, 0)


def test_what_was_watched_for_a_moment_says_less_than_the_last_minutes() -> None:
    minutes = (MinuteStats(at=60.0, completed=540, failed=60), MinuteStats(at=120.0, completed=270, failed=30))
    meter = Meter()
    meter.add(Counters(150.0, 900, 810, 90, 0))
    meter.add(Counters(152.0, 900, 810, 90, 0))
    assert meter.rates(minutes).failures == pytest.approx(0.1)
    assert meter.rates(()) == Rates(), "there is nothing else to go by"
    meter.add(Counters(155.0, 910, 815, 90, 0))
    assert meter.rates(minutes) == Rates(enqueued=2, completed=1)


def test_counters_that_were_reset_start_the_watch_anew() -> None:
    meter = Meter()
    meter.add(Counters(1.0, 50, 50, 0, 0))
    meter.add(Counters(2.0, 1, 0, 0, 0))
    meter.add(Counters(3.0, 5, 2, 0, 0))
    assert meter.rates(()).completed == 2


def test_a_clock_of_the_server_that_is_set_back_starts_the_watch_anew() -> None:
    meter = Meter()
    meter.add(Counters(100.0, 50, 50, 0, 0))
    meter.add(Counters(102.0, 60, 60, 0, 0))
    meter.add(Counters(42.0, 70, 70, 0, 0))
    assert meter.rates(()) == Rates(), "one sample tells no rate"
    meter.add(Counters(44.0, 80, 76, 0, 0))
    assert meter.rates(()) == Rates(enqueued=5, completed=3)


@pytest.mark.parametrize(
    ("waiting", "rates", "word", "seconds"),
    [
        (0, Rates(completed=5), "empty", None),
        (10, Rates(), "stalled", None),
        (10, Rates(enqueued=9, completed=5), "growing", None),
        (10, Rates(enqueued=5, completed=5), "steady", None),
        (10, Rates(enqueued=1, completed=5, died=1), "", 2.0),
    ],
)
def test_the_drain_time_is_net_of_what_comes_in(waiting: int, rates: Rates, word: str, seconds: float | None) -> None:
    drain = drain_of(waiting, rates)
    assert (drain.word, drain.seconds) == (word, seconds)


def event(kind: ObserverEvent, state: TaskState | None, at: float, detail: str = "") -> Event:
    return Event(kind=kind, queue="billing", at=at, state=state, detail=detail)


def test_counts_move_with_events_until_the_next_reading_tells_the_truth() -> None:
    reading = QUEUES[0]
    tally = Tally(reading)
    tally.hear(reading.at - 1, [(event(ObserverEvent.TASK_ADDED, TaskState.WAITING, reading.at - 1), 1)])
    assert tally.counts.waiting == reading.waiting, "the reading had counted that already"

    at = reading.at + 1
    tally.hear(at, [(event(ObserverEvent.STATUS_CHANGE, TaskState.ACTIVE, at), 1)])
    tally.hear(at + 1, [(event(ObserverEvent.TASK_COMPLETED, TaskState.COMPLETED, at + 1), 1)])
    tally.hear(at + 2, [(event(ObserverEvent.TASK_FAILED, TaskState.DEAD, at + 2), 1)])
    counts = tally.counts
    assert (counts.waiting, counts.active, counts.dead) == (reading.waiting - 1, reading.active - 1, reading.dead + 1)
    assert (counts.completed, counts.failed, counts.died) == (
        reading.completed + 1,
        reading.failed + 1,
        reading.died + 1,
    )

    tally.read(reading.model_copy(update={"at": at + 1.5, "active": 40}))
    assert (tally.counts.active, tally.counts.dead) == (39, reading.dead + 1), "only the last event is later than that"


def test_every_event_is_counted_although_only_the_last_are_kept() -> None:
    log = EventLog()
    one = event(ObserverEvent.TASK_ADDED, TaskState.WAITING, 100.0)
    for _ in range(30):
        log.take([one] * 1_000, now=100.5)
    log.take([EventGap(queue="billing", missed=7)], now=101.0)
    log.take([one], now=200.0)
    assert (log.heard, log.kept, log.dropped, log.recovered) == (30_001, KEPT, 7, 1)
    assert [heard.number for heard in log.since(29_999)] == [29_999, 30_000]
    assert log.rate(102.0) == 6_000


def test_the_rows_of_what_was_heard_stay_as_they_were_while_more_is_heard() -> None:
    log = EventLog()
    for number in range(KEPT + 30):
        log.take([event(ObserverEvent.TASK_ADDED, TaskState.WAITING, 100.0, f"{number}")], now=100.0)
    rows = log.kept_now()
    log.take([event(ObserverEvent.TASK_ADDED, TaskState.WAITING, 100.0, "later")] * 3 * KEPT, now=100.0)
    assert (rows.total, rows.at(-1), rows.at(KEPT)) == (KEPT, None, None)
    first, last = rows.at(0), rows.at(KEPT - 1)
    assert first is not None
    assert last is not None
    assert (first.number, first.event.detail, last.event.detail) == (30, "30", f"{KEPT + 29}")
    assert (rows.find("30"), rows.find("29"), rows.find(rows.key(last))) == (0, None, KEPT - 1)
    assert [heard.number for heard in rows.loaded()] == list(range(30, KEPT + 30))
    assert log.kept_now().find("30") is None
