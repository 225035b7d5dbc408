"""Cron expressions against an independent library, through changes of the clock, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cleo_core import Cron, Every, InvalidOption, Misfire
from cleo_core.when import MAX_LIMIT, Ticks, read_when, write_when

# What is found is told as it is: to make it smaller takes minutes.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
LEAD = 3 * 3_600
ZONES = (
    "UTC", "Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago",
    "Pacific/Chatham", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia",
)  # fmt: skip
# Days on which clocks of these zones change, and one on which none does.
DAYS = (
    datetime(2026, 3, 29), datetime(2026, 10, 25), datetime(2026, 3, 8), datetime(2026, 11, 1), datetime(2026, 4, 5),
    datetime(2026, 10, 4), datetime(2026, 4, 24), datetime(2026, 10, 30), datetime(2026, 9, 6), datetime(2026, 9, 27),
    datetime(2026, 2, 15), datetime(2026, 3, 22), datetime(2011, 12, 30), datetime(2026, 6, 10),
)  # fmt: skip


@st.composite
def field(draw: st.DrawFn, low: int, high: int) -> str:
    """A field of an expression: any, a step, a range, or a list."""
    kind = draw(st.sampled_from("*/-,1"))
    if kind == "*":
        return "*"
    if kind == "/":
        return f"*/{draw(st.integers(2, max(2, (high - low) // 2)))}"
    first = draw(st.integers(low, high - 1))
    if kind == "-":
        # Not of one value: croniter takes that for any.
        return f"{first}-{draw(st.integers(first + 1, high))}"
    if kind == ",":
        return ",".join(str(n) for n in sorted(draw(st.sets(st.integers(low, high), min_size=1, max_size=3)) | {first}))
    return str(first)


@st.composite
def expressions(draw: st.DrawFn, *, seconds: bool = False) -> str:
    """An expression that comes every month. Of the days one field at most is restricted: rules for both differ."""
    day = draw(st.one_of(st.just("*"), field(1, 28).filter(lambda text: not text.startswith("*/"))))
    weekday = "*" if day != "*" else draw(field(0, 6).filter(lambda text: not text.startswith("*/")))
    parts = [draw(field(0, 59)), draw(field(0, 23)), day, draw(field(1, 12)), weekday]
    return " ".join([draw(field(0, 59)), *parts] if seconds else parts)


def _check_next(expression: str, start: datetime, *, seconds: bool) -> None:
    (found,) = Cron(expression).upcoming(1, after=start.replace(tzinfo=UTC).timestamp())
    other = croniter(expression, start, second_at_beginning=seconds).get_next(datetime)
    assert datetime.fromtimestamp(found, UTC).replace(tzinfo=None) == other


@given(expression=expressions(), start=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)))
@settings(max_examples=200, deadline=None, phases=NO_SHRINKING)
def test_the_next_time_is_that_of_an_independent_library(expression: str, start: datetime) -> None:
    _check_next(expression, start, seconds=False)


@given(expression=expressions(seconds=True), start=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)))
@settings(max_examples=200, deadline=None, phases=NO_SHRINKING)
def test_so_it_is_with_seconds(expression: str, start: datetime) -> None:
    _check_next(expression, start, seconds=True)


def _expected(expression: str, zone: ZoneInfo, start: datetime, end: datetime) -> list[int]:
    """By the rules as they are documented, minute by minute, with the other library to say what matches."""
    minute, hour = expression.split()[:2]
    first, last = (int(each.replace(tzinfo=UTC).timestamp()) for each in (start, end))
    from_wall, until = _shown(first - LEAD, zone) - timedelta(days=1, seconds=1), _shown(last, zone)
    matching = set(takewhile(lambda wall: wall <= until, croniter(expression, from_wall, ret_type=datetime)))
    due: set[int] = set()
    shown: set[datetime] = set()
    before = _shown(first - 60 - LEAD, zone)
    for moment in range(first - LEAD, last, 60):
        now = _shown(moment, zone)
        if minute.startswith("*") or hour.startswith("*"):
            due |= {moment} if now in matching else set()
        else:
            skipped = {before + timedelta(minutes=n) for n in range(1, int((now - before).total_seconds()) // 60)}
            if (now in matching and now not in shown) or skipped & matching:
                due.add(moment)
            shown |= {now, *skipped}
        before = now
    return sorted(moment for moment in due if moment >= first)


def _shown(moment: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(moment, zone).replace(tzinfo=None)


@given(expression=expressions(), zone=st.sampled_from(ZONES), day=st.sampled_from(DAYS))
@settings(max_examples=40, deadline=None, phases=NO_SHRINKING)
def test_all_times_of_the_days_on_which_clocks_change_are_those_of_the_rules(
    expression: str, zone: str, day: datetime
) -> None:
    start, end = day - timedelta(hours=14), day + timedelta(hours=14)
    expected = _expected(expression, ZoneInfo(zone), start, end)
    begin, stop = (each.replace(tzinfo=UTC).timestamp() for each in (start, end))
    cron, found, at = Cron(expression, tz=zone), [], int(begin) * 1000 - 1
    while (at := cron.next_ms(at, 0) or 0) and at < stop * 1000:
        found.append(at // 1000)
    assert found == expected


@given(expression=expressions(seconds=True), zone=st.sampled_from(ZONES), day=st.sampled_from(DAYS))
@settings(max_examples=60, deadline=None, phases=NO_SHRINKING)
def test_times_only_go_forward_and_the_clock_shows_what_was_asked_for_or_has_just_changed(
    expression: str, zone: str, day: datetime
) -> None:
    start = day.replace(tzinfo=UTC).timestamp() - 86_400
    found = Cron(expression, tz=zone).upcoming(30, after=start)
    assert found == sorted(set(found))
    for moment in found:
        shown = _shown(int(moment), ZoneInfo(zone))
        before = _shown(int(moment) - 1, ZoneInfo(zone))
        changed = shown - before != timedelta(seconds=1)
        assert changed or croniter.match(expression, shown, second_at_beginning=True)


def _local(zone: str, *moments: float) -> list[str]:
    return [datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%d %H:%M:%S %z") for moment in moments]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        ("30 2 * * *", "Europe/Oslo", "2026-03-28T12", ["29 03:00:00 +0200", "30 02:30:00 +0200"]),
        ("15 30 2 * * *", "Europe/Oslo", "2026-03-28T12", ["29 03:00:00 +0200", "30 02:30:15 +0200"]),
        ("0,30 2 * * *", "Europe/Oslo", "2026-03-28T12", ["29 03:00:00 +0200", "30 02:00:00 +0200"]),
        ("30 2 * * *", "Europe/Oslo", "2026-10-24T12", ["25 02:30:00 +0200", "26 02:30:00 +0100"]),
        ("30 * * * *", "Europe/Oslo", "2026-10-25T01:45", ["25 02:30:00 +0200", "25 02:30:00 +0100"]),
        ("*/20 2 29 3 *", "Europe/Oslo", "2026-03-01T12", ["29 02:00:00 +0200", "29 02:20:00 +0200"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12", ["04 02:30:00 +1100", "05 02:15:00 +1100"]),
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T12", ["24 01:00:00 +0300", "25 00:00:00 +0300"]),
        ("0 12 30 12 *", "Pacific/Apia", "2011-12-29T12", ["31 00:00:00 +1400", "30 12:00:00 +1400"]),
        ("0 0 L * *", "UTC", "2026-02-01T00", ["28 00:00:00 +0000", "31 00:00:00 +0000"]),
        ("0 0 29 2 *", "UTC", "2026-02-01T00", ["29 00:00:00 +0000", "29 00:00:00 +0000"]),
        ("0 9 * * MON#1", "UTC", "2026-11-01T00", ["02 09:00:00 +0000", "07 09:00:00 +0000"]),
        ("0 9 LW * *", "UTC", "2026-10-01T00", ["30 09:00:00 +0000", "30 09:00:00 +0000"]),
    ],
)
def test_known_times(expression: str, zone: str, after: str, expected: list[str]) -> None:
    start = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).timestamp()
    assert _local(zone, *Cron(expression, tz=zone).upcoming(2, after=start)) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("0 0 * * * * *", "has 7 fields"),
        ("60 * * * *", "minute may be 0-59"),
        ("* 24 * * *", "hour may be 0-23"),
        ("* * 0 * *", "day-of-month may be 1-31"),
        ("* * * 13 *", "month may be 1-12"),
        ("* * * * 8", "day-of-week may be 0-7"),
        ("60 * * * * *", "second may be 0-59"),
        ("0 0 30 2 *", "day-of-month may be"),
        ("0 0 31 4,6,9,11 *", "day-of-month may be"),
        ("*/0 * * * *", "minute"),
        ("5-1 * * * *", "minute"),
        ("@daily", "write '0 0 * * *'"),
        ("every day", "has 2 fields"),
        ("a b c d e", "minute"),
        ("\x00 * * * *", "minute"),
        ("1.5 * * * *", "minute"),
        ("\u0663 * * * *", "minute"),
    ],
)
def test_an_expression_that_can_not_be_is_refused_with_what_to_write(expression: str, said: str) -> None:
    with pytest.raises(InvalidOption) as refused:
        Cron(expression)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Osl", "Did you mean Europe/Oslo"),
        ("europe/oslo", "Did you mean Europe/Oslo"),
        ("", "IANA"),
        ("../../etc/passwd", "IANA"),
        ("/etc/localtime", "no time zone"),
        ("\x00", "IANA"),
    ],
)
def test_a_zone_that_is_none_is_refused_with_one_that_is(zone: str, said: str) -> None:
    with pytest.raises(InvalidOption, match="no time zone") as refused:
        Cron("* * * * *", tz=zone)
    assert said in str(refused.value)


@given(text=st.text(max_size=30))
def test_any_text_is_either_an_expression_or_refused(text: str) -> None:
    try:
        Cron(text)
    except InvalidOption:
        return
    assert len(text.split()) in {5, 6}


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": 0}, {"seconds": -1}, {"seconds": 0.05}, {"seconds": float("nan")}, {"seconds": float("inf")},
        {"seconds": 1e12}, {"seconds": "5"}, {"seconds": True}, {"seconds": 1, "limit": 0},
        {"seconds": 1, "limit": 1.5},
        {"seconds": 1, "limit": MAX_LIMIT + 1}, {"seconds": 1, "grace": -1}, {"seconds": 1, "grace": float("nan")},
        {"seconds": 1, "misfire": "sometimes"},
    ],
)  # fmt: skip
def test_an_interval_or_policy_that_can_not_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidOption):
        Every(**wrong)  # pyright: ignore[reportArgumentType]


# --- what was missed ---------------------------------------------------------------------------------


def test_of_very_many_missed_times_the_last_are_run_and_no_call_takes_long() -> None:
    whens = (Every(1.0, Misfire.RUN_ALL, limit=3), Cron("* * * * * *", misfire=Misfire.RUN_ALL, limit=3))
    for when in whens:
        ticks = when.ticks(5_000, 1_795_671_092_123, 5_000)
        assert ticks == Ticks((1_795_671_090_000, 1_795_671_091_000, 1_795_671_092_000), 997, 1_795_671_093_000)


@given(
    misfire=st.sampled_from(Misfire), limit=st.integers(1, MAX_LIMIT), grace=st.floats(0, 1e6),
    seconds=st.floats(0.1, 1e5), late=st.integers(0, 10**8), anchor=st.integers(0, 10**12),
)  # fmt: skip
@settings(deadline=None)
def test_no_time_is_run_twice_or_before_it_comes_and_the_next_is_in_the_future(
    misfire: Misfire, limit: int, grace: float, seconds: float, late: int, anchor: int
) -> None:
    when = Every(seconds, misfire, limit, grace)
    due = when.next_ms(anchor, anchor)
    assert due is not None
    ticks = when.ticks(due, due + late, anchor)
    assert list(ticks.run) == sorted(set(ticks.run))
    assert all(due <= tick <= due + late for tick in ticks.run)
    assert ticks.next is not None
    assert ticks.next > due + late
    assert ticks.next - due - late <= round(seconds * 1000)
    assert len(ticks.run) <= (limit if misfire is Misfire.RUN_ALL else 1)
    if misfire is not Misfire.SKIP:
        assert ticks.run[-1] == ticks.next - round(seconds * 1000)


@pytest.mark.parametrize(
    "when", [Cron("0 3 * * *", "Europe/Oslo", Misfire.SKIP, 7, 5), Every(30, Misfire.RUN_ALL), Every(0.5)]
)
def test_what_is_stored_is_read_back(when: Cron | Every) -> None:
    assert read_when(write_when(when)) == when
    assert write_when(read_when(write_when(when))) == write_when(when)
