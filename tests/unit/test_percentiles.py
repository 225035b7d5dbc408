"""Percentiles from the histograms of a minute."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_core.histograms import STEP, buckets, percentile


def _histogram(seconds: list[float]) -> dict[int, int]:
    """As ``lua/lib/counters.lua`` fills it."""
    return dict(Counter(math.floor(math.log(max(s * 1e6, 1)) / math.log(STEP)) for s in seconds))


def _exact(seconds: list[float], fraction: float) -> float:
    return sorted(seconds)[max(0, math.ceil(fraction * len(seconds)) - 1)]


def test_nothing_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None


def test_one_value_is_every_percentile() -> None:
    histogram = _histogram([0.25])
    for fraction in (0.01, 0.5, 0.95, 1.0):
        assert percentile(histogram, fraction) == pytest.approx(0.25, rel=0.05)


@given(st.lists(st.floats(1e-5, 1e5), min_size=1, max_size=200), st.sampled_from([0.01, 0.5, 0.9, 0.95, 0.99, 1.0]))
def test_every_percentile_is_within_five_percent_of_the_exact_one(seconds: list[float], fraction: float) -> None:
    assert percentile(_histogram(seconds), fraction) == pytest.approx(_exact(seconds, fraction), rel=0.05)


@pytest.mark.parametrize("fraction", [0.5, 0.95, 0.99])
def test_percentiles_of_two_minutes_are_those_of_their_sum(fraction: float) -> None:
    draw = random.Random(1)
    one = [draw.expovariate(10) + 1e-5 for _ in range(5_000)]
    two = [draw.expovariate(1) + 1e-5 for _ in range(5_000)]
    summed = dict(Counter(_histogram(one)) + Counter(_histogram(two)))
    assert percentile(summed, fraction) == pytest.approx(_exact(one + two, fraction), rel=0.05)


def test_buckets_are_told_from_the_other_fields_of_a_minute() -> None:
    row = {b"r0": b"2", b"r145": b"3", b"w7": b"1", b"retried": b"9", b"enqueued": b"5"}
    assert buckets(row, b"r") == {0: 2, 145: 3}
    assert buckets(row, b"w") == {7: 1}
