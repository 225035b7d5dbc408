"""What is refused at the door, with a sentence that says why, and nothing stored."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel

from cleo_core import (
    Backoff,
    Cleo,
    InvalidArguments,
    InvalidInput,
    InvalidName,
    InvalidOption,
    Limits,
    ObserverEvent,
    PayloadTooLarge,
)
from cleo_core.errors import UnknownTask
from tests.raw import ask
from tests.servers import Server

BAD_NAMES = {
    "empty": "",
    "opening brace": "a{b",
    "closing brace": "a}b",
    "newline": "a\nb",
    "null": "a\x00b",
    "escape": "a\x1b[31mb",
    "delete": "a\x7fb",
    "line separator": "a\u2028b",
    "too long": "x" * 201,
    "too long in bytes": "ü" * 101,
    "lone surrogate": "a\ud800b",
}
GOOD_NAMES = ["x", "a b", "a:b", "a/b", "ü" * 100, "x" * 200, "日本", "a*b?[c]", "a'b\"c\\d", "-", "🙂"]


class Nested(BaseModel):
    value: float = 0.0
    items: list[float] = []


@dataclasses.dataclass
class Point:
    x: float


@pytest.fixture(autouse=True)
async def nothing_is_stored(cleo: Cleo, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Whatever a test of refusals hands in, no task of it may be in the queue."""
    yield
    if "refuse" in request.node.name:
        stats = await cleo.queues.stats("q")
        assert (stats.waiting, stats.delayed, stats.enqueued) == (0, 0, 0)


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES.keys())
async def test_bad_names_are_refused_wherever_a_name_is_given(cleo: Cleo, name: str) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    with pytest.raises(InvalidName):
        cleo.task(queue=name)(lambda: None)
    with pytest.raises((InvalidName, InvalidOption)):
        await work.options(task_id=name).enqueue()
    with pytest.raises((InvalidName, InvalidOption)):
        await work.options(queue=name).enqueue()
    with pytest.raises(InvalidName):
        await cleo.queues.add(name, "work")
    with pytest.raises(InvalidName):
        await cleo.queues.add("q", name)
    with pytest.raises(InvalidName):
        cleo.queues.handle("q", name)
    for call in (
        cleo.queues.stats,
        cleo.queues.pause,
        cleo.dead_letters.list,
        cleo.analytics.minutes,
        cleo.events.recent,
    ):
        with pytest.raises(InvalidName):
            await call(name)
    if name:
        with pytest.raises((InvalidName, InvalidOption)):
            await work.options(group=name).enqueue()
        with pytest.raises(InvalidName):
            cleo.task(queue="q", group=name)(lambda: None)
        with pytest.raises(InvalidName):
            cleo.task(queue="q", name=name)(lambda: None)


@pytest.mark.parametrize("name", GOOD_NAMES)
async def test_unusual_names_work_from_end_to_end(cleo: Cleo, name: str) -> None:
    @cleo.task(queue=name, name=name, group=name)
    async def work(n: int) -> int:
        return n

    async with cleo.worker():
        handle = await work.options(task_id=name).enqueue(7)
        assert await handle.result(timeout=30) == 7
    record = await cleo.queues.get_task(name, name)
    assert (record.name, record.group, record.queue) == (name, name, name)
    events = await cleo.events.recent(name)
    assert {event.queue for event in events} == {name}
    of_workers = {ObserverEvent.WORKER_JOINED, ObserverEvent.WORKER_LEFT}
    assert [event.task_id for event in events if event.kind not in of_workers] == [name] * 3
    assert await cleo.queues.names() == [name]


NOT_FINITE = [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize("number", NOT_FINITE)
async def test_no_depth_hides_a_number_that_json_has_not_so_all_are_refused(cleo: Cleo, number: float) -> None:
    @cleo.task(queue="q")
    async def anything(value: Any) -> None:
        return None

    @cleo.task(queue="q")
    async def typed(value: float) -> None:
        return None

    @cleo.task(queue="q")
    async def model(value: Nested) -> None:
        return None

    @cleo.task(queue="q")
    async def point(value: Point) -> None:
        return None

    deep: list[Any] = [number]
    for _ in range(50):
        deep = [{"a": deep}]
    for value in (number, [number], {"a": {"b": [1, number]}}, (1, (number,)), deep):
        with pytest.raises(InvalidArguments):
            await anything.enqueue(value)  # pyright: ignore[reportCallIssue]
        with pytest.raises(InvalidArguments):
            await cleo.queues.add("q", "undeclared", {"value": value})
    with pytest.raises(InvalidArguments):
        await typed.enqueue(number)
    for value in (Nested(value=number), Nested(items=[1.0, number])):
        with pytest.raises(InvalidArguments):
            await model.enqueue(value)
        with pytest.raises(InvalidArguments):
            await anything.enqueue(value)  # pyright: ignore[reportCallIssue]
    with pytest.raises(InvalidArguments):
        await point.enqueue(Point(number))


async def test_text_that_only_looks_like_nan_is_fine(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def echo(value: Any) -> Any:
        return value

    async with cleo.worker():
        handle = await echo.enqueue({"NaN": "Infinity", "x": ["-Infinity NaN"]})  # pyright: ignore[reportCallIssue]
        assert await handle.result(timeout=30) == {"NaN": "Infinity", "x": ["-Infinity NaN"]}


OPTIONS: list[dict[str, Any]] = [
    {"delay": -1},
    {"delay": -0.001},
    {"delay": math.nan},
    {"delay": math.inf},
    {"delay": 1e12},
    {"delay": "soon"},
    {"max_retries": -1},
    {"max_retries": 1001},
    {"max_retries": 1.5},
    {"timeout": 0},
    {"timeout": -5},
    {"timeout": math.inf},
    {"retention": -1},
    {"retention": 10**17},
    {"max_deliveries": 0},
    {"priority": 4},
    {"priority": -1},
    {"priority": "high"},
    {"dealy": 5},
    {"backoff": {"kind": "linear", "base": 1}},
    {"task_id": 17},
    {"group": 17},
]


@pytest.mark.parametrize("options", OPTIONS, ids=[json.dumps(options) for options in OPTIONS])
async def test_options_that_cannot_be_are_refused_by_their_name(cleo: Cleo, options: dict[str, Any]) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    name = next(iter(options))
    with pytest.raises((InvalidOption, InvalidName), match=name.replace("_", "[_ ]")):
        await work.options(**options).enqueue()
    with pytest.raises((InvalidOption, InvalidName), match=name.replace("_", "[_ ]")):
        await cleo.queues.add("q", "work", {}, **options)


@pytest.mark.parametrize("options", [{"max_retries": -1}, {"dealy": 5}, {"retention": 10**17}, {"timeout": math.nan}])
def test_a_declaration_with_options_that_cannot_be_is_refused(cleo: Cleo, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(options))):
        cleo.task(queue="q", **options)


@pytest.mark.parametrize("values", [{"base": -1}, {"base": math.nan}, {"base": 10**9}, {"base": 1, "maximum": -1}])
def test_a_backoff_that_cannot_be_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"base|maximum"):
        Backoff.exponential(**values)  # pyright: ignore[reportArgumentType]


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1, "a", 3), {}),
    ((), {}),
    ((1,), {}),
    ((1, "a"), {"n": 2}),
    ((1, "a"), {"other": 2}),
    (("one", "a"), {}),
    ((1, 2), {}),
    ((None, "a"), {}),
    ((1.5, "a"), {}),
    ((object(), "a"), {}),
]


@pytest.mark.parametrize(("args", "kwargs"), CALLS)
async def test_arguments_that_do_not_fit_the_signature_are_refused(
    cleo: Cleo, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    @cleo.task(queue="q")
    async def take(n: int, text: str) -> None:
        return None

    with pytest.raises(InvalidArguments, match="take"):
        await take.enqueue(*args, **kwargs)
    if not args:
        with pytest.raises(InvalidArguments, match="take"):
            await cleo.queues.add("q", "take", kwargs)


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append(circle)
    return circle


def _deep(levels: int) -> list[Any]:
    deep: list[Any] = []
    for _ in range(levels):
        deep = [deep]
    return deep


UNWRITABLE: dict[str, Any] = {
    "object": object(),
    "function": len,
    "bytes": b"\xff\xfe",
    "surrogate": "a\ud800",
    "surrogate key": {"\ud800": 1},
    "circle": _circle(),
    "very deep": _deep(5_000),
    "deeper than JSON parsers read": _deep(300),
}


@pytest.mark.parametrize("value", UNWRITABLE.values(), ids=UNWRITABLE.keys())
async def test_arguments_that_have_no_json_form_are_refused(cleo: Cleo, value: Any) -> None:
    @cleo.task(queue="q")
    async def take(value: Any) -> None:
        return None

    with pytest.raises(InvalidArguments):
        await take.enqueue(value)  # pyright: ignore[reportCallIssue]
    with pytest.raises(InvalidArguments):
        await cleo.queues.add("q", "undeclared", {"value": value})


@pytest.mark.parametrize("arguments", [[1], "text", 5, {1: 2}, {"a": object()}])
async def test_arguments_by_name_must_be_a_mapping_of_names_or_are_refused(cleo: Cleo, arguments: Any) -> None:
    with pytest.raises(InvalidInput):
        await cleo.queues.add("q", "undeclared", arguments)


async def test_a_payload_over_the_limit_is_refused_with_both_numbers(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def take(text: str) -> None:
        return None

    with pytest.raises(PayloadTooLarge, match=r"1,048,\d+ bytes.*limit is 1,048,576"):
        await take.enqueue("x" * 1_048_576)
    with pytest.raises(PayloadTooLarge):
        await cleo.queues.add("q", "undeclared", {"text": "x" * 1_048_576})


async def test_a_payload_of_just_the_limit_is_taken(server: Server, namespace: str) -> None:
    limit = Limits(payload_bytes=1_000)
    async with Cleo(server.url, namespace=namespace, limits=limit) as cleo:

        @cleo.task(queue="q")
        async def measure(text: str) -> int:
            return len(text)

        async with cleo.worker():
            handle = await measure.enqueue("x" * (1_000 - len('{"text":""}')))
            assert await handle.result(timeout=30) == 989
        with pytest.raises(PayloadTooLarge):
            await measure.enqueue("x" * 990)


def test_an_annotation_without_a_json_form_is_refused_when_it_is_declared(cleo: Cleo) -> None:
    def work(connection: Cleo) -> None:
        return None

    with pytest.raises(InvalidArguments, match=r"work.*no JSON form"):
        cleo.task(queue="q")(work)


async def test_a_process_task_that_cannot_be_sent_is_refused_when_it_is_declared(cleo: Cleo) -> None:
    with pytest.raises(InvalidOption, match="process"):

        @cleo.task(queue="q", executor="process")
        def local() -> None:  # pyright: ignore[reportUnusedFunction]
            return None


def test_an_unknown_task_is_named_with_those_that_are_known(cleo: Cleo) -> None:
    @cleo.task(queue="q", name="known")
    def work() -> None:  # pyright: ignore[reportUnusedFunction]
        return None

    with pytest.raises(UnknownTask, match=r"'nosuch'.*known"):
        cleo.tasks.get("nosuch")


async def test_nothing_that_is_refused_leaves_a_key(cleo: Cleo) -> None:
    @cleo.task(queue="never")
    async def take(n: int) -> None:
        return None

    with pytest.raises(InvalidArguments):
        await take.enqueue("x")  # pyright: ignore[reportArgumentType]
    assert await ask(cleo, "KEYS", f"{cleo.namespace}:*never*") == []


@pytest.mark.parametrize(
    "name", [name for name in BAD_NAMES.values() if name], ids=[key for key in BAD_NAMES if BAD_NAMES[key]]
)
async def test_a_namespace_that_can_not_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidName, match="namespace"):
        Cleo("redis://localhost", namespace=name)
