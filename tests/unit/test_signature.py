"""Signatures: how a call's arguments are named, checked, stored, read and passed on, for every kind of parameter."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from cleo_core import InvalidArguments, PayloadTooLarge, TaskContext
from cleo_core.tasks.signature import MAX_DEPTH, Signature, encode_raw


def _nothing() -> Any:
    return ()


def _plain(a: int, b: str = "x") -> Any:
    return a, b


def _positional_only(a: int, b: int = 2, /, c: int = 3) -> Any:
    return a, b, c


def _keyword_only(*, a: int, b: int = 2) -> Any:
    return a, b


def _spread(a: int, b: int = 2, *rest: int) -> Any:
    return a, b, rest


def _named(a: int, **more: int) -> Any:
    return a, more


def _everything(a: int, b: int = 2, /, c: int = 3, *rest: int, d: int = 4, **more: int) -> Any:
    return a, b, c, rest, d, more


def _only_spread(*rest: int) -> Any:
    return rest


def _shadow(a: int, /, **more: int) -> Any:
    return a, more


CALLS: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = [
    (_nothing, (), {}),
    (_plain, (1,), {}),
    (_plain, (1, "y"), {}),
    (_plain, (1,), {"b": "y"}),
    (_plain, (), {"b": "y", "a": 1}),
    (_positional_only, (1,), {}),
    (_positional_only, (1, 5), {}),
    (_positional_only, (1, 5, 6), {}),
    (_positional_only, (1,), {"c": 6}),
    (_keyword_only, (), {"a": 1}),
    (_keyword_only, (), {"b": 3, "a": 1}),
    (_spread, (1,), {}),
    (_spread, (1, 5), {}),
    (_spread, (1, 5, 6, 7), {}),
    (_spread, (), {"a": 1}),
    (_named, (1,), {}),
    (_named, (1,), {"x": 2, "y": 3}),
    (_named, (), {"a": 1, "more": 7}),
    (_everything, (1,), {}),
    (_everything, (1, 5, 6, 7, 8), {"d": 9, "x": 10}),
    (_everything, (1,), {"c": 6, "d": 9, "x": 10}),
    (_only_spread, (), {}),
    (_only_spread, (1, 2, 3), {}),
]


@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS)
def test_a_call_through_the_queue_gives_what_a_direct_call_gives(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    signature = Signature("f", function)
    stored = signature.encode(signature.bind(args, kwargs), 10_000)
    assert signature.call(function, signature.decode(stored), None) == function(*args, **kwargs)


@pytest.mark.parametrize(("function", "args", "kwargs"), CALLS)
def test_arguments_can_be_named_and_passed_on_without_being_stored(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    signature = Signature("f", function)
    assert signature.call(function, signature.bind(args, kwargs), None) == function(*args, **kwargs)


def test_a_keyword_may_have_the_name_of_a_positional_only_parameter() -> None:
    signature = Signature("f", _shadow)
    direct = _shadow(1, a=2)
    try:
        named = signature.bind((1,), {"a": 2})
    except InvalidArguments:
        return  # Refused is fine; wrong would not be.
    assert signature.call(_shadow, signature.decode(signature.encode(named, 1_000)), None) == direct


WRONG: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], str]] = [
    (_nothing, (1,), {}, "takes 0 positional arguments; 1 were given"),
    (_plain, (1, "y", 3), {}, "takes 2 positional arguments; 3 were given"),
    (_plain, (1,), {"a": 2}, "got its argument 'a' twice"),
    (_keyword_only, (1,), {}, "takes 0 positional arguments"),
    (_plain, (), {}, "a: Field required"),
    (_plain, (1,), {"nosuch": 2}, "nosuch: Extra inputs are not permitted"),
    (_plain, ("one",), {}, "a: Input should be a valid integer"),
    (_spread, (1, 2, "three"), {}, "rest.0: Input should be a valid integer"),
    (_named, (1,), {"x": "two"}, "more.x: Input should be a valid integer"),
    (_plain, (float("nan"),), {}, "a: "),
]


@pytest.mark.parametrize(("function", "args", "kwargs", "said"), WRONG)
def test_a_call_that_does_not_fit_is_refused_with_the_place(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], said: str
) -> None:
    signature = Signature("work", function)
    with pytest.raises(InvalidArguments, match="work") as told:
        signature.encode(signature.bind(args, kwargs), 10_000)
    assert said in str(told.value)


def test_of_many_complaints_the_first_three_are_told() -> None:
    def wide(a: int, b: int, c: int, d: int, e: int) -> None: ...

    with pytest.raises(InvalidArguments, match="and 2 more"):
        Signature("wide", wide).encode({}, 1_000)


def test_the_context_is_passed_first_and_never_stored() -> None:
    def work(ctx: TaskContext, a: int, *rest: int) -> Any:
        return ctx.attempt, a, rest

    signature = Signature("work", work)
    context = TaskContext(
        task_id="t", name="work", queue="q", group="", worker="w", attempt=3, say=lambda fraction, text, line: None
    )
    stored = signature.encode(signature.bind((1, 2), {}), 1_000)
    assert signature.takes_context
    assert b"ctx" not in stored
    assert signature.call(work, signature.decode(stored), context) == (3, 1, (2,))
    with pytest.raises(InvalidArguments):
        signature.encode(signature.bind((1,), {"ctx": 5}), 1_000)


def test_a_context_that_is_not_first_is_an_argument_without_a_json_form() -> None:
    def work(a: int, ctx: TaskContext) -> None: ...

    with pytest.raises(InvalidArguments, match="no JSON form"):
        Signature("work", work)


def test_the_self_of_a_method_is_no_argument() -> None:
    class Some:
        def work(self, a: int) -> int:
            return a

    signature = Signature("work", Some.work, skip_self=True)
    assert signature.bind((1,), {}) == {"a": 1}


def test_an_annotation_that_can_not_be_resolved_is_told() -> None:
    def work(a: int) -> None: ...

    work.__annotations__["a"] = "NoSuchType"
    with pytest.raises(InvalidArguments, match=r"NoSuchType.*top of the module"):
        Signature("work", work)


class _Order(BaseModel):
    at: datetime
    lines: list[tuple[str, int]]


def test_typed_arguments_are_read_as_their_types() -> None:
    def work(order: _Order, *more: _Order) -> None: ...

    signature = Signature("work", work)
    order = _Order(at=datetime(2025, 1, 2, tzinfo=UTC), lines=[("tea", 2)])
    read = signature.decode(signature.encode(signature.bind((order, order), {}), 10_000))
    assert read == {"order": order, "more": [order]}


def test_arguments_without_annotations_are_taken_as_json() -> None:
    def work(a, b=None): ...  # type: ignore[no-untyped-def]  # pyright: ignore[reportMissingParameterType, reportUnknownParameterType]

    signature = Signature("work", work)  # pyright: ignore[reportUnknownArgumentType]
    assert signature.decode(signature.encode(signature.bind(([1, {"x": None}],), {}), 1_000)) == {"a": [1, {"x": None}]}


def test_the_limit_counts_bytes_and_is_inclusive() -> None:
    def work(text: str) -> None: ...

    signature = Signature("work", work)
    size = len(signature.encode({"text": "ü" * 10}, 10_000))
    assert signature.encode({"text": "ü" * 10}, size)
    with pytest.raises(PayloadTooLarge, match=f"{size} bytes as JSON; the limit is {size - 1}"):
        signature.encode({"text": "ü" * 10}, size - 1)


def _deep(levels: int) -> Any:
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    return deep


@pytest.mark.parametrize("levels", [1, MAX_DEPTH, MAX_DEPTH + 50])
def test_what_is_taken_can_be_read_back_however_deep(levels: int) -> None:
    def work(value: Any) -> None: ...

    signature = Signature("work", work)
    assert signature.decode(signature.encode({"value": _deep(levels)}, 10_000)) == {"value": _deep(levels)}


def test_what_is_too_deep_to_be_read_back_is_refused() -> None:
    def work(value: Any) -> None: ...

    with pytest.raises(InvalidArguments):
        Signature("work", work).encode({"value": _deep(250)}, 10_000)
    with pytest.raises(InvalidArguments, match="nested too deeply"):
        encode_raw("work", {"value": _deep(250)}, 10_000)


def test_many_lists_beside_one_another_are_not_deep() -> None:
    wide = [[n] for n in range(1_000)]
    assert encode_raw("work", {"value": wide}, 100_000)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"a":"x"}', b'{"a":1,"z":2}', b'{"a":NaN}', b"\xff"])
def test_stored_arguments_that_do_not_fit_are_not_read(data: bytes) -> None:
    with pytest.raises(ValidationError):
        Signature("work", _plain).decode(data)
