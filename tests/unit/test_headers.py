"""Headers in a task's head: they come out as they went in, and leave the options as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_core.headers import split_head, with_headers
from cleo_core.tasks.options import RunOptions, read_head

NAMES = st.text(alphabet="abcXYZ019_.-", min_size=1, max_size=20) | st.just("headers")
VALUES = st.just(',"headers":{}') | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=8), st.integers(0, 1_000))
def test_headers_come_out_as_they_went_in(headers: dict[str, str], retries: int) -> None:
    head = RunOptions(max_retries=retries).head()
    carried = with_headers(head, headers)
    assert split_head(carried) == (head, headers)
    assert read_head(carried) == RunOptions(max_retries=retries)


def test_a_head_that_another_program_wrote_in_another_order_is_understood() -> None:
    head = b'{"headers":{"a":"1","b":2},"v":1,"max_retries":7}'
    assert split_head(head)[1] == {"a": "1"}
    assert read_head(head).max_retries == 7


@pytest.mark.parametrize("head", [b"", b"{}", b"nonsense", b'{"v":1,"headers":', b'[1,"headers":{}]', b'{"v":1}'])
def test_what_has_no_headers_is_left_as_it_is(head: bytes) -> None:
    assert split_head(head) == (head, {})


def test_headers_may_be_added_to_those_there_are() -> None:
    carried = with_headers(with_headers(b'{"v":1}', {"a": "1"}), {"b": "2"})
    assert split_head(carried) == (b'{"v":1}', {"b": "2"})
