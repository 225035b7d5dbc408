"""Figures of ranges: of a queue, a group, a worker, a task name and everything, before and after they are folded."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from cleo_core import Cleo, InvalidName, InvalidOption
from cleo_core.history_limits import write_history_limits
from cleo_core.models import Figures, Resolution
from cleo_core.settings import HistoryLimits, Limits
from tests.ghosts import claim_and_die
from tests.pasts import end_of, fold, run, settle, shift
from tests.raw import ask, keys_of

DRAW = random.Random(5)
SPREADS = {
    "lognormal": [DRAW.lognormvariate(-3, 1.2) for _ in range(900)],
    "two peaks": [0.002] * 450 + [3.0 + 0.001 * n for n in range(450)],
    "constant": [0.25] * 300,
    "tiny": [n * 1e-6 for n in range(2, 302)],
    "one": [0.7],
}


def _exact(times: list[float], fraction: float) -> float:
    return sorted(times)[math.ceil(fraction * len(times)) - 1]


def _counts(figures: Figures) -> tuple[int, int, int]:
    return figures.completed, figures.failed, figures.died


@pytest.mark.parametrize("times", SPREADS.values(), ids=SPREADS.keys())
async def test_percentiles_are_within_five_percent_of_the_exact_ones(cleo: Cleo, times: list[float]) -> None:
    half = len(times) // 2
    shuffled = DRAW.sample(times, len(times))
    await run(cleo, shuffled[:half], group="g", worker="w", name="n")
    await shift(cleo, 3)
    await fold(cleo)
    await run(cleo, shuffled[half:], group="g", worker="w", name="n")
    exact = [pytest.approx(_exact(times, fraction), rel=0.0501) for fraction in (0.5, 0.95, 0.99)]
    scopes: list[dict[str, Any]] = [{}, {"group": "g"}, {"worker": "w"}, {"name": "n"}]
    for scope in scopes:
        figures = (await cleo.history.stats("q", **scope)).figures
        assert figures.completed == len(times)
        assert [figures.run.p50, figures.run.p95, figures.run.p99] == exact
        assert figures.run_average == pytest.approx(sum(times) / len(times), rel=0.01, abs=1e-6)
        assert figures.run_total == pytest.approx(sum(times), rel=0.01, abs=1e-3)


@pytest.mark.parametrize("folded", [False, True], ids=["unfolded", "folded"])
async def test_each_scope_has_its_own_share(cleo: Cleo, folded: bool) -> None:
    await run(cleo, [1.0] * 3, group="a", worker="one", name="send")
    await run(cleo, [2.0] * 2, group="b", worker="one", name="draw", error=("ValueError", "no"))
    await run(cleo, [3.0] * 4, group="b", worker="two", name="draw")
    await run(cleo, [1.0] * 5, queue="other", group="a", worker="two", name="send")
    if folded:
        for queue in ("q", "other"):
            await shift(cleo, 2, queue)
            await fold(cleo, queue)
    stats = cleo.history.stats
    assert _counts((await stats("q")).figures) == (7, 2, 2)
    assert _counts((await stats()).figures) == (12, 2, 2)
    assert _counts((await stats("q", group="a")).figures) == (3, 0, 0)
    assert _counts((await stats("q", group="b")).figures) == (4, 2, 2)
    assert _counts((await stats("q", group="never")).figures) == (0, 0, 0)
    assert _counts((await stats("q", worker="two")).figures) == (4, 0, 0)
    assert _counts((await stats(worker="two")).figures) == (9, 0, 0)
    assert _counts((await stats(name="send")).figures) == (8, 0, 0)
    assert _counts((await stats("q", name="draw")).figures) == (4, 2, 2)
    figures = (await stats("q", group="b")).figures
    assert (figures.success_rate, figures.failure_rate) == (pytest.approx(4 / 6), pytest.approx(2 / 6))
    assert figures.throughput == pytest.approx(4 / (figures.until - figures.since))
    assert figures.enqueued is None
    assert (await stats()).figures.enqueued == 14


async def test_every_way_to_end_is_counted_for_groups_too(cleo: Cleo) -> None:
    await cleo.queues.add("q", "work", {}, group="g", max_deliveries=1)
    await claim_and_die(cleo, "q", lease=0.001, begin=True)
    scripts = await cleo.backend.scripts()
    while not (await scripts.sweep("q", 10, (60, 60)))[0]:
        pass
    for how in ("retry", "cancelled", "returned"):
        await cleo.queues.add("q", "work", {}, group="g")
        (task,) = await claim_and_die(cleo, "q", lease=60)
        await settle(cleo, [end_of(task, 1.0, ("ValueError", "x") if how == "retry" else None, how)])
        await cleo.queues.cancel("q", [task.id.decode()])
    for figures in ((await cleo.history.stats("q", group="g")).figures, (await cleo.history.stats("q")).figures):
        assert (figures.completed, figures.failed, figures.retried, figures.lost, figures.died) == (0, 1, 1, 1, 1)
    assert (await cleo.history.stats("q", group="g")).figures.cancelled == 1
    assert (await cleo.history.stats("q", group="g")).figures.attempts == 3


async def test_of_what_never_ran_there_are_no_rates(cleo: Cleo) -> None:
    stats = await cleo.history.stats("never")
    figures = stats.figures
    assert (figures.success_rate, figures.failure_rate, figures.run_average) == (None, None, None)
    assert (figures.run.p50, figures.wait.p99) == (None, None)
    assert stats.slowest == []
    assert stats.errors == []
    assert stats.trend.throughput is None
    assert (await cleo.history.stats()).figures.attempts == 0


# --- ranges ------------------------------------------------------------------------------------------


async def _spread_out(cleo: Cleo, ages: list[int]) -> None:
    """A task that ended so many minutes ago, for each age."""
    for age in ages:
        await run(cleo, [1.0], group="g")
        await shift(cleo, age)
        await fold(cleo)


async def test_a_range_sums_what_lies_in_it_across_hours_and_days(cleo: Cleo) -> None:
    ages = [1, 5, 61, 130, 1_500, 2_800, 5_000, 20_000]
    await _spread_out(cleo, ages)
    for minutes, expected in ((3, 1), (10, 2), (90, 3), (200, 4), (1_600, 5)):
        figures = (await cleo.history.stats("q", group="g", seconds=60 * minutes)).figures
        assert figures.completed == expected, minutes
    for days, expected in ((3, 6), (4, 7), (30, 8), (300, 8)):
        stats = await cleo.history.stats("q", seconds=86_400 * days)
        assert stats.figures.completed == expected, days
        assert stats.figures.until - stats.figures.since >= 86_400 * days


async def test_any_decomposition_gives_the_same_sum(cleo: Cleo) -> None:
    await _spread_out(cleo, [2, 30, 59, 60, 61, 119, 600, 1_439, 1_440, 1_441, 2_500])
    now = (await cleo.history.stats("q")).figures.until
    for _ in range(25):
        since, between, until = sorted(DRAW.uniform(now - 2_600 * 60, now) // 60 * 60 for _ in range(3))
        if not since < between < until:
            continue
        whole = (await cleo.history.stats("q", since=since, until=until)).figures
        parts = [
            (await cleo.history.stats("q", since=start, until=end)).figures
            for start, end in ((since, between), (between, until))
        ]
        assert whole.completed == sum(part.completed for part in parts)
        assert sum(point.completed for point in await cleo.history.series("q", since=since, until=until)) == (
            whole.completed
        )


async def test_a_range_is_widened_to_whole_minutes_hours_or_days(cleo: Cleo) -> None:
    seconds, _ = await ask(cleo, "TIME")
    now = int(seconds)
    for age, whole in ((600, 60), (10 * 86_400, 3_600), (60 * 86_400, 86_400)):
        figures = (await cleo.history.stats("q", since=now - age + 1, until=now - age + 2)).figures
        assert figures.since % whole == 0
        assert figures.until % whole == 0
        assert figures.since <= now - age + 1 < now - age + 2 <= figures.until
        assert figures.until - figures.since in {whole, 2 * whole}


@pytest.mark.parametrize(
    "given",
    [
        {"seconds": 0},
        {"seconds": -5},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": 60, "since": 5},
        {"since": 100, "until": 100},
        {"since": 100, "until": 50},
        {"since": -1, "until": 50},
        {"since": 5e12},
        {"until": float("inf")},
        {"group": "a", "worker": "b"},
        {"name": "a", "worker": "b", "group": "c"},
    ],
    ids=str,
)
async def test_a_range_or_combination_that_can_not_be_is_refused(cleo: Cleo, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption):
        await cleo.history.stats("q", **given)
    with pytest.raises(InvalidOption):
        await cleo.history.series("q", **given)


async def test_a_group_needs_its_queue_and_names_are_checked(cleo: Cleo) -> None:
    with pytest.raises(InvalidOption, match="queue"):
        await cleo.history.stats(group="g")
    bad: list[dict[str, Any]] = [{"worker": ""}, {"name": "a{b"}, {"group": "x" * 201}]
    for given in bad:
        with pytest.raises(InvalidName):
            await cleo.history.stats("q", **given)


async def test_a_trend_compares_with_the_range_before(cleo: Cleo) -> None:
    await run(cleo, [1.0] * 8)
    await run(cleo, [1.0] * 2, error=("ValueError", "x"))
    await shift(cleo, 15)
    await fold(cleo)
    await run(cleo, [2.0] * 4)
    await run(cleo, [2.0] * 4, error=("ValueError", "x"))
    stats = await cleo.history.stats("q", seconds=600)
    assert (stats.before.completed, stats.figures.completed) == (8, 4)
    assert stats.before.until == stats.figures.since
    assert stats.trend.throughput == pytest.approx(-0.5, abs=0.1)
    assert stats.trend.failure_rate == pytest.approx(0.3)
    assert stats.trend.run_average == pytest.approx(1.0)
    assert stats.trend.run_p95 == pytest.approx(1.0, abs=0.22)


# --- series ------------------------------------------------------------------------------------------


async def test_a_series_has_a_point_for_each_minute_hour_or_day(cleo: Cleo) -> None:
    await _spread_out(cleo, [1, 70, 3_000])
    for seconds, resolution, length in (
        (3_600, None, 60), (172_800, None, 2_880), (30 * 86_400, None, 720), (200 * 86_400, None, 200),
        (7_200, Resolution.HOUR, 2), (86_400, Resolution.DAY, 1), (86_400, Resolution.MINUTE, 1_440),
    ):  # fmt: skip
        points = await cleo.history.series("q", seconds=seconds, resolution=resolution)
        assert length <= len(points) <= length + 2
        gaps = {round(later.since - earlier.until) for earlier, later in itertools.pairwise(points)}
        assert gaps <= {0}
        expected = sum(age * 60 < seconds for age in (1, 70, 3_000))
        assert expected <= sum(point.completed for point in points) <= 3
    by_group = await cleo.history.series("q", group="g", seconds=7_200)
    assert sum(point.completed for point in by_group) == 2
    assert await cleo.history.series("never", seconds=60)
    assert sum(point.completed for point in await cleo.history.series(seconds=30 * 86_400)) == 3


async def test_a_series_of_too_many_points_is_refused(cleo: Cleo) -> None:
    with pytest.raises(InvalidOption, match="3,000"):
        await cleo.history.series("q", seconds=100 * 86_400, resolution=Resolution.MINUTE)


# --- names and errors --------------------------------------------------------------------------------


async def test_the_slowest_names_come_first(cleo: Cleo) -> None:
    for name, seconds in (("quick", 0.01), ("slow", 9.0), ("middling", 1.0)):
        await run(cleo, [seconds] * 3, name=name)
        if name == "slow":
            await shift(cleo, 5)
            await fold(cleo)
    stats = await cleo.history.stats("q")
    assert [row.name for row in stats.slowest] == ["slow", "middling", "quick"]
    assert stats.slowest[0].figures.run.p95 == pytest.approx(9, rel=0.05)
    assert [row.name for row in (await cleo.history.stats(top=1)).slowest] == ["slow"]
    assert (await cleo.history.stats("q", name="slow")).slowest == []


async def test_errors_are_told_by_kind_with_counts_and_when_they_were_seen(cleo: Cleo) -> None:
    await run(cleo, [0.1] * 3, group="g", name="a", error=("ValueError", "no user 7"))
    await shift(cleo, 100)
    await fold(cleo)
    await run(cleo, [0.1] * 2, group="g", name="a", error=("ValueError", "no user 9"))
    (last,) = await run(cleo, [0.1], group="h", name="b", error=("KeyError", "cup"))
    first, second = (await cleo.history.stats("q", seconds=7_200)).errors
    assert (first.pattern, first.count, first.total) == ("ValueError: no user <n>", 5, 5)
    assert (second.pattern, second.count, second.last_task_id) == ("KeyError: cup", 1, last)
    assert (second.last_name, second.last_group) == ("b", "h")
    assert first.first_seen is not None
    assert first.last_seen is not None
    assert first.first_seen <= first.last_seen
    assert [error.count for error in (await cleo.history.stats("q")).errors] == [2, 1]
    assert [error.pattern for error in (await cleo.history.stats("q", group="h")).errors] == ["KeyError: cup"]
    assert [error.pattern for error in (await cleo.history.stats(name="a")).errors] == ["ValueError: no user <n>"]
    entries = await cleo.history.queue("q", error=first.fingerprint)
    assert len(entries) == 5


async def test_a_flood_of_kinds_of_errors_is_bounded(cleo: Cleo, server: Any, namespace: str) -> None:
    words = [f"{chr(97 + n // 26 % 26)}{chr(97 + n % 26)}{chr(97 + n // 676)}x" for n in range(1_100)]
    for _ in words:
        await cleo.queues.add("q", "work")
    for first in (0, 550):
        claimed = await claim_and_die(cleo, "q", 550, lease=60)
        some = words[first : first + 550]
        await settle(cleo, [end_of(task, 1.0, ("E", word)) for task, word in zip(claimed, some, strict=True)])
    prefix = keys_of(cleo, "q").prefix
    assert await ask(cleo, "ZCARD", f"{prefix}errors") == 1_000
    assert len(await ask(cleo, "KEYS", f"{prefix}error:*")) == 1_000
    await shift(cleo, 5)
    await fold(cleo)
    stats = await cleo.history.stats("q", top=20)
    assert stats.figures.failed == 1_100
    assert len(stats.errors) == 20
    assert all(error.count == 1 for error in stats.errors)


async def test_a_limit_of_kinds_of_errors_that_was_lowered_is_reached_in_steps(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    index = f"{keys_of(cleo, 'q').prefix}errors"
    kinds = [part for n in range(1_000) for part in (1, f"old{n}")]
    await ask(cleo, "ZADD", index, *kinds)
    await write_history_limits(scripts, "q", HistoryLimits(errors=10))
    await run(cleo, [1.0], error=("ValueError", "no"))
    assert await ask(cleo, "ZCARD", index) == 1_000 + 1 - 101
    for _ in range(10):
        await run(cleo, [1.0], error=("ValueError", "no"))
    assert await ask(cleo, "ZCARD", index) == 10


async def test_many_groups_share_counters_past_the_limit_and_none_is_lost(server: Any, namespace: str) -> None:
    limits = Limits(history=HistoryLimits(groups=5))
    async with Cleo(server.url, namespace=namespace, limits=limits) as cleo:
        await ask(cleo, "HSET", keys_of(cleo, "q").queue, "keep", limits.history.spec)
        for number in range(30):
            await cleo.queues.add("q", "work", {}, group=f"g{number}")
        for _ in range(2):
            claimed = await claim_and_die(cleo, "q", 15, lease=60)
            await settle(cleo, [end_of(task, 1.0) for task in claimed])
        prefix = keys_of(cleo, "q").prefix
        for _ in range(2):
            own = [(await cleo.history.stats("q", group=f"g{number}")).figures.completed for number in range(30)]
            assert sum(own) == 5
            assert (await cleo.history.stats("q")).figures.completed == 30
            await shift(cleo, 5)
            await fold(cleo)
        assert len(await ask(cleo, "KEYS", f"{prefix}hours:*:g:*")) == 5
        assert len(await ask(cleo, "KEYS", f"{prefix}hours:*:g+")) == 1


async def test_dimensions_can_be_switched_off(server: Any, namespace: str) -> None:
    limits = Limits(history=HistoryLimits(groups=0, workers=0, names=0))
    async with Cleo(server.url, namespace=namespace, limits=limits) as cleo:
        await ask(cleo, "HSET", keys_of(cleo, "q").queue, "keep", limits.history.spec)
        await run(cleo, [1.0] * 5, group="g")
        assert await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}minute:*:*") == []
        assert (await cleo.history.stats("q")).figures.completed == 5
        assert (await cleo.history.stats("q", group="g")).figures.completed == 0
