"""What may be a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_core import InvalidName
from cleo_core.names import MAX_NAME_BYTES, check_name


@pytest.mark.parametrize("name", ["a", "emails", "a b", "a:b:c", "über", "日本", "🙂", "x" * 200, "ü" * 100])
def test_a_good_name_is_returned_as_it_is(name: str) -> None:
    assert check_name("queue", name) == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "can't be empty"),
        ("a{b", "braces"),
        ("}", "braces"),
        ("ü{", "braces"),
        ("a\nb", "control characters"),
        ("\x00", "control characters"),
        ("\x7f", "control characters"),
        ("\u200b", "control characters"),
        ("x" * 201, "201 bytes; at most 200"),
        ("ü" * 101, "202 bytes"),
        ("\ud800", "control characters"),
        (5, "by a string, not by int"),
        (None, "not by NoneType"),
        (b"bytes", "not by bytes"),
    ],
)
def test_a_bad_name_is_refused_with_what_is_wrong(name: object, said: str) -> None:
    with pytest.raises(InvalidName, match=said):
        check_name("queue", name)


@pytest.mark.parametrize("kind", ["queue", "group", "task", "task id", "namespace"])
def test_the_kind_of_name_is_told(kind: str) -> None:
    with pytest.raises(InvalidName, match=f"A {kind} can't be empty"):
        check_name(kind, "")


def test_only_where_it_may_be_a_name_is_empty() -> None:
    assert check_name("group", "", may_be_empty=True) == ""


def test_a_long_name_is_not_told_whole() -> None:
    with pytest.raises(InvalidName) as told:
        check_name("queue", "x" * 100_000)
    assert len(str(told.value)) < 200


@given(st.text(max_size=220))
def test_every_text_is_either_taken_as_it_is_or_refused(name: str) -> None:
    try:
        assert check_name("queue", name) == name
    except InvalidName as error:
        str(error).encode()
        return
    assert 0 < len(name.encode()) <= MAX_NAME_BYTES
    assert name.isprintable()
    assert not {"{", "}"} & set(name)
