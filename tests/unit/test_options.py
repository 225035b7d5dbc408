"""Options: what is declared, what a call changes, and the form in which they travel."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cleo_core import Backoff, InvalidName, InvalidOption, TaskPriority
from cleo_core.tasks.options import CallOptions, RunOptions, checked_run_options, read_head

SECONDS = st.floats(0, 86_400, allow_nan=False)
BACKOFFS = st.builds(Backoff.fixed, SECONDS, jitter=st.booleans()) | st.builds(
    Backoff.exponential, SECONDS, maximum=SECONDS, jitter=st.booleans()
)
OPTIONS = st.builds(
    RunOptions,
    max_retries=st.integers(0, 1000),
    backoff=BACKOFFS,
    timeout=st.none() | st.floats(0.001, 1e6),
    retention=st.none() | st.integers(0, 10**8),
    max_deliveries=st.integers(1, 100),
)


@given(OPTIONS)
def test_options_come_out_of_their_head_as_they_went_in(options: RunOptions) -> None:
    assert read_head(options.head()) == options


def test_the_head_of_defaults_is_its_version_alone() -> None:
    assert json.loads(RunOptions().head()) == {"v": 1}


def test_a_head_holds_only_what_differs_from_the_defaults() -> None:
    assert json.loads(RunOptions(max_retries=9).head()) == {"v": 1, "max_retries": 9}


@pytest.mark.parametrize(
    "head", [b"", b"{", b"5", b"null", b"[]", b'{"v":2}', b'{"v":1,"nosuch":1}', b"\xff", b'{"v":"1"}']
)
def test_a_head_that_is_not_of_this_version_is_not_read(head: bytes) -> None:
    with pytest.raises(ValidationError):
        read_head(head)


def test_options_of_equal_value_are_equal_and_have_one_hash() -> None:
    one, other = RunOptions(max_retries=1), RunOptions(max_retries=1)
    assert (one, hash(one)) == (other, hash(other))
    assert one != RunOptions(max_retries=2)


def test_a_call_changes_only_what_it_names() -> None:
    declared = RunOptions(max_retries=5, timeout=30, retention=60, backoff=Backoff.fixed(1), max_deliveries=7)
    assert CallOptions().run_options(declared) is declared
    changed = CallOptions.checked({"max_retries": 0, "timeout": 1.5}).run_options(declared)
    assert changed == declared.model_copy(update={"max_retries": 0, "timeout": 1.5})


def test_zero_is_a_value_and_not_the_absence_of_one() -> None:
    call = CallOptions.checked(
        {"max_retries": 0, "retention": 0, "delay": 0, "priority": TaskPriority.LOW, "group": ""}
    )
    assert (call.max_retries, call.retention, call.delay, call.priority, call.group) == (0, 0, 0, TaskPriority.LOW, "")
    run = call.run_options(RunOptions(max_retries=5, retention=60))
    assert (run.max_retries, run.retention) == (0, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"dealy": 1}, "There is no option 'dealy'"),
        ({"delay": -1}, "The option delay can't be -1"),
        ({"delay": float("nan")}, "delay"),
        ({"delay": 86_400 * 3651}, "delay"),
        ({"timeout": 0}, "timeout"),
        ({"max_retries": 1001}, "max_retries"),
        ({"retention": -1}, "retention"),
        ({"max_deliveries": 0}, "max_deliveries"),
        ({"priority": 9}, "priority"),
    ],
)
def test_a_call_with_an_option_that_can_not_be_is_refused_by_its_name(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidOption, match=said):
        CallOptions.checked(values)


@pytest.mark.parametrize("name", ["task_id", "queue", "group"])
def test_a_call_with_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="braces"):
        CallOptions.checked({name: "a{b"})


def test_a_declaration_names_the_option_that_is_not_there() -> None:
    with pytest.raises(InvalidOption, match="'retries'"):
        checked_run_options({"retries": 3})


def test_options_can_not_be_changed_afterwards() -> None:
    options = RunOptions()
    with pytest.raises(ValidationError):
        options.max_retries = 9  # pyright: ignore[reportAttributeAccessIssue]
