"""When something becomes an alert, by the thresholds of a profile, and since when it is one."""

from __future__ import annotations

import pytest

from cleo_core.models import ServerInfo
from cleo_tui.data.health import Alert, AlertBook, Health, health_of, queue_alerts, server_alerts
from cleo_tui.data.rates import Drain, Rates
from cleo_tui.data.tally import Counts
from cleo_tui.settings import Thresholds

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


def test_the_memory_of_the_server_is_an_alert() -> None:
    server = ServerInfo(
        address="h:1", product="Valkey", version="9", role="master", used_memory=80, max_memory=100,
        eviction_policy="noeviction", append_only=True, clients=1, uptime=1, commands_per_second=1, user="u",
        writable=True,
    )  # fmt: skip
    assert server_alerts(server) == []
    (alert,) = server_alerts(server, Thresholds(memory=0.7))
    assert (alert.said, "80%" in alert.text) == ("memory", True)


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
