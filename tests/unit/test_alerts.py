"""When something becomes an alert, by the thresholds of a profile, and since when it is one."""

from __future__ import annotations

import pytest

from cleo_core.models import MinuteStats, ServerInfo
from cleo_tui.data.assemble import assemble
from cleo_tui.data.health import (
    Alert,
    AlertBook,
    Health,
    answer_alerts,
    failing_since,
    health_of,
    queue_alerts,
    server_alerts,
)
from cleo_tui.data.link import Link, LinkState
from cleo_tui.data.rates import Drain, Rates
from cleo_tui.data.tally import Counts
from cleo_tui.settings import Thresholds
from tests.console.canned import NOW, WORKERS

BUSY = Rates(enqueued=5.0, completed=5.0)
OK = Drain("")


@pytest.mark.parametrize(
    ("counts", "rates", "oldest", "drain", "bounds", "health"),
    [
        (Counts(waiting=1), BUSY, 59, OK, Thresholds(), Health.OK),
        (Counts(waiting=1), BUSY, 61, OK, Thresholds(), Health.LATE),
        (Counts(waiting=1), BUSY, 61, OK, Thresholds(oldest=300), Health.OK),
        (Counts(waiting=1), BUSY, 1e6, OK, Thresholds(oldest=None), Health.OK),
        (Counts(waiting=1), Rates(), 11, OK, Thresholds(), Health.STALLED),
        (Counts(waiting=1), Rates(), 11, OK, Thresholds(no_worker=30), Health.OK),
        (Counts(), Rates(completed=9, failed=1), 0, OK, Thresholds(), Health.FAILING),
        (Counts(), Rates(completed=9, failed=1), 0, OK, Thresholds(failures=0.2), Health.OK),
        (Counts(waiting=1), Rates(8, 5), 61, Drain("growing"), Thresholds(), Health.GROWING),
        (Counts(waiting=1), Rates(8, 5), 61, Drain("growing"), Thresholds(growth=5), Health.LATE),
    ],
)
def test_the_thresholds_say_from_when_on_a_queue_is_not_well(
    counts: Counts, rates: Rates, oldest: float, drain: Drain, bounds: Thresholds, health: Health
) -> None:
    assert health_of(counts, rates, oldest, drain, paused=False, bounds=bounds) is health


def alerts(counts: Counts, bounds: Thresholds, health: Health = Health.OK, oldest: float = 0.0) -> list[Alert]:
    return queue_alerts(
        "emails", health, counts=counts, rates=BUSY, oldest=oldest, workers=1, now=1_000.0, bounds=bounds
    )


def test_dead_letters_are_an_alert_where_the_profile_says_so() -> None:
    assert alerts(Counts(dead=11), Thresholds()) == []
    (alert,) = alerts(Counts(dead=11), Thresholds(dead=10))
    assert (alert.said, alert.text) == ("dead", "11 dead letters")


def test_a_late_queue_is_late_since_its_oldest_task_was() -> None:
    (alert,) = alerts(Counts(waiting=3), Thresholds(oldest=60), Health.LATE, oldest=160.0)
    assert alert.since == 900.0


def minutes(*ended: tuple[int, int], until: float = 960.0) -> list[MinuteStats]:
    """Minutes in a row up to the one that begins at ``until``: how many attempts completed and failed in each."""
    first = until - 60.0 * (len(ended) - 1)
    return [
        MinuteStats(at=first + 60.0 * place, completed=completed, failed=failed)
        for place, (completed, failed) in enumerate(ended)
    ]


@pytest.mark.parametrize(
    ("told", "since"),
    [
        (minutes((90, 0), (70, 30), (60, 40), (10, 9)), 840.0),
        (minutes((70, 30), (90, 0), (60, 40)), 960.0),
        (minutes((60, 40), (0, 0), (60, 40)), 840.0),
        (minutes((70, 30), (99, 1)), None),
        (minutes((70, 30), (70, 30), until=600.0), None),
        ([], None),
    ],
)
def test_a_queue_fails_since_the_first_minute_in_a_row_that_did(told: list[MinuteStats], since: float | None) -> None:
    assert failing_since(told, 1_000.0, 0.05) == since


def test_a_queue_that_is_not_served_is_stalled_since_its_oldest_task_waits_or_the_last_one_left() -> None:
    def since(told: list[MinuteStats]) -> float | None:
        (alert,) = queue_alerts(
            "emails", Health.STALLED, counts=Counts(waiting=3), rates=Rates(), oldest=400.0, workers=0, now=1_000.0,
            minutes=told, bounds=Thresholds(no_worker=10),
        )  # fmt: skip
        return alert.since

    assert since([]) == 610.0
    assert since(minutes((5, 0), (0, 0), (0, 0))) == 840.0
    assert since(minutes((5, 0), (0, 0), until=500.0)) == 610.0


def test_a_queue_between_two_tasks_of_its_rate_is_not_stalled_unless_nobody_serves_it() -> None:
    def health(workers: int | None) -> Health:
        return health_of(Counts(waiting=1), Rates(), 30, OK, paused=False, workers=workers, limited=True)

    assert [health(1), health(None), health(0)] == [Health.OK, Health.OK, Health.STALLED]


def test_tasks_that_no_worker_is_left_for_are_told_once_that_has_lasted() -> None:
    def left(now: float, workers: int | None) -> list[str]:
        found = queue_alerts(
            "emails", Health.OK, counts=Counts(active=8), rates=Rates(), oldest=0.0, workers=workers, now=now
        )
        return [f"{alert.said} {alert.text}" for alert in book.note(found, now)]

    book = AlertBook()
    assert left(100.0, 1) == left(101.0, 0) == left(115.0, 0) == []
    assert left(116.0, 0) == ["no worker 8 active, left by workers that are gone"]
    assert left(118.0, 1) == left(140.0, None) == []


def test_the_memory_of_the_server_is_an_alert() -> None:
    server = ServerInfo(
        address="h:1", product="Valkey", version="9", role="master", used_memory=80, max_memory=100,
        eviction_policy="noeviction", append_only=True, clients=1, uptime=1, commands_per_second=1, user="u",
        writable=True,
    )  # fmt: skip
    assert server_alerts(server) == []
    (alert,) = server_alerts(server, Thresholds(memory=0.7))
    assert (alert.said, alert.text) == ("memory", "80% of its memory is used; when it is full, new tasks are refused")
    (full,) = server_alerts(server.model_copy(update={"used_memory": 104}))
    assert full.text == "its memory is full (104%), so new tasks are refused"
    told = server_alerts(server.model_copy(update={"used_memory": 104, "eviction_policy": "allkeys-lru"}))
    assert [alert.said for alert in told] == ["memory", "eviction"]
    assert told[0].text == "its memory is full (104%), so tasks are evicted"


def test_a_server_that_answers_at_once_is_none() -> None:
    assert answer_alerts("h:1", 0.02) == []
    (alert,) = answer_alerts("h:1", 0.8)
    assert (alert.said, alert.text) == ("slow", "it takes 800 ms to answer")


def test_an_alert_holds_since_it_was_first_seen_though_it_blinked() -> None:
    book, stalled = AlertBook(), Alert(Health.STALLED, "emails", "12 waiting")
    assert book.note([stalled], 100.0)[0].since == 100.0
    assert book.note([], 105.0) == ()
    assert book.note([stalled], 110.0)[0].since == 100.0
    assert book.note([], 200.0) == ()
    assert book.note([stalled], 201.0)[0].since == 201.0


def test_the_worst_comes_first() -> None:
    late, stalled = Alert(Health.LATE, "a", ""), Alert(Health.STALLED, "b", "")
    assert [alert.subject for alert in AlertBook().note([late, stalled], 1.0)] == ["b", "a"]


def test_a_worker_is_silent_by_what_was_read_of_it_not_by_how_long_ago_that_was() -> None:
    link = Link(LinkState.CONNECTED, "h:1", "shop", NOW, None, None)
    snapshot = assemble(
        link=link, now=NOW + 60, taken_at=NOW + 60, known={}, names=frozenset(), queue_total=0, workers=tuple(WORKERS),
        heard_at=NOW, server=None, denied={},
    )  # fmt: skip
    assert [(alert.said, alert.subject) for alert in snapshot.alerts] == [("silent", "worker-5-4f1c")]
