"""The waits between attempts, and the helper that retries a call with them."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cleo_core import Backoff, retry_with_backoff


def test_a_fixed_wait_is_the_same_after_every_failure() -> None:
    backoff = Backoff.fixed(7.5)
    assert [backoff.delay(failures) for failures in (1, 2, 10, 1000)] == [7.5] * 4


def test_an_exponential_wait_doubles_up_to_its_maximum() -> None:
    backoff = Backoff.exponential(0.5, maximum=5, jitter=False)
    assert [backoff.delay(failures) for failures in range(1, 7)] == [0.5, 1, 2, 4, 5, 5]


def test_a_base_above_the_maximum_is_cut_to_it() -> None:
    assert Backoff.exponential(10, maximum=3, jitter=False).delay(1) == 3


def test_a_wait_of_zero_stays_zero() -> None:
    assert Backoff.fixed(0).delay(5) == 0
    assert Backoff.exponential(0, jitter=False).delay(5) == 0


@given(
    base=st.floats(0, 86_400),
    maximum=st.floats(0, 86_400),
    failures=st.integers(1, 10_000),
    jitter=st.booleans(),
)
def test_no_wait_is_negative_or_longer_than_the_maximum(
    base: float, maximum: float, failures: int, jitter: bool
) -> None:
    backoff = Backoff.exponential(base, maximum=maximum, jitter=jitter)
    assert 0 <= backoff.delay(failures) <= maximum


def test_full_jitter_is_even_from_zero_to_the_full_wait() -> None:
    random.seed(5)
    backoff = Backoff.exponential(1, maximum=1000)
    waits = [backoff.delay(4) for _ in range(4000)]
    assert max(waits) <= 8
    assert sum(waits) / len(waits) == pytest.approx(4, abs=0.25)
    quarters = [sum(1 for wait in waits if low <= wait < low + 2) for low in (0, 2, 4, 6)]
    assert all(850 < quarter < 1150 for quarter in quarters)


def test_waits_are_compared_and_hashed_by_value() -> None:
    assert Backoff.fixed(3) == Backoff.fixed(3)
    assert hash(Backoff.fixed(3)) == hash(Backoff.fixed(3))
    assert Backoff.fixed(3) != Backoff.fixed(4)
    assert Backoff.model_validate_json(Backoff.exponential(2).model_dump_json()) == Backoff.exponential(2)


@pytest.mark.parametrize("base", [-1, float("nan"), float("inf"), 86_400 * 31])
def test_a_wait_out_of_range_is_refused(base: float) -> None:
    with pytest.raises(ValidationError):
        Backoff.fixed(base)
    with pytest.raises(ValidationError):
        Backoff.exponential(base)


class _Flaky:
    def __init__(self, failures: int, error: type[Exception] = ConnectionError) -> None:
        self.calls = 0
        self._failures = failures
        self._error = error

    async def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self._failures:
            raise self._error(f"call {self.calls}")
        return self.calls


async def test_a_call_that_works_at_once_is_called_once() -> None:
    flaky = _Flaky(0)
    assert await retry_with_backoff(flaky) == 1


async def test_a_call_is_tried_again_until_it_works() -> None:
    assert await retry_with_backoff(_Flaky(3), retries=3, backoff=Backoff.fixed(0)) == 4


async def test_the_last_error_is_raised_when_the_retries_are_used_up() -> None:
    flaky = _Flaky(9)
    with pytest.raises(ConnectionError, match="call 3"):
        await retry_with_backoff(flaky, retries=2, base=0)
    assert flaky.calls == 3


async def test_an_error_of_another_type_is_raised_at_once() -> None:
    flaky = _Flaky(9, ValueError)
    with pytest.raises(ValueError, match="call 1"):
        await retry_with_backoff(flaky, retries=5, base=0, retry_on=(ConnectionError,))
    assert flaky.calls == 1


async def test_the_waits_are_those_of_the_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("cleo_core.tasks.backoff.asyncio.sleep", note)
    assert await retry_with_backoff(_Flaky(4), retries=4, backoff=Backoff.exponential(1, jitter=False)) == 5
    assert waited == list(itertools.accumulate([1, 2, 2, 2], lambda wait, factor: wait * factor))
