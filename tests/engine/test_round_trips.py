"""What goes in comes out: arguments and results of every kind, drawn at random."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, computed_field

from cleo_core import Cleo, InvalidArguments
from tests.servers import Server


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    model_config = ConfigDict(extra="forbid")

    street: str = Field(alias="str")
    number: int = 0

    @computed_field
    @property
    def line(self) -> str:
        return f"{self.street} {self.number}"


class Split(BaseModel):
    name: str = Field(validation_alias="name_in", serialization_alias="name_out")


class Everything(BaseModel):
    at: datetime
    day: date
    span: timedelta
    price: Decimal
    id: UUID
    colour: Colour
    choice: Literal["a", "b"]
    numbers: dict[int, float]
    pair: tuple[int, str]
    unique: frozenset[int]
    address: Address | None = None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner, max_size=5)
    ),
    max_leaves=20,
)
ADDRESSES = st.builds(Address, str=st.text(st.characters(exclude_categories=("Cs",))), number=st.integers())
EVERYTHING = st.builds(
    Everything,
    at=st.datetimes(timezones=st.just(UTC)),
    day=st.dates(),
    span=st.timedeltas(min_value=timedelta(days=-1000), max_value=timedelta(days=1000)),
    price=st.decimals(allow_nan=False, allow_infinity=False, places=3),
    address=st.none() | ADDRESSES,
    unique=st.frozensets(st.integers(), max_size=5),
    pair=st.tuples(st.integers(), st.text(st.characters(exclude_categories=("Cs",)))),
    numbers=st.dictionaries(st.integers(), st.floats(allow_nan=False, allow_infinity=False), max_size=5),
)


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all the examples of a test."""
    with asyncio.Runner() as made:
        yield made


SETTINGS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture
def there_and_back(runner: asyncio.Runner, server: Server, namespace: str) -> Iterator[Callable[[Any], Any]]:
    """Send a value to a worker that gives it back; one worker for all the examples."""
    cleo = Cleo(server.url, namespace=namespace)

    @cleo.task(queue="q", retention=60)
    async def echo(value: Any) -> Any:
        return value

    async def send(value: Any) -> Any:
        return await (await echo.enqueue(value)).result(timeout=30)  # pyright: ignore[reportCallIssue]

    worker = cleo.worker(concurrency=1)
    runner.run(worker.__aenter__())
    yield lambda value: runner.run(send(value))
    runner.run(worker.__aexit__(None, None, None))
    runner.run(cleo.close())


@SETTINGS
@given(value=JSON)
def test_any_json_value_comes_back_from_a_worker_as_it_was(there_and_back: Callable[[Any], Any], value: Any) -> None:
    assert there_and_back(value) == value


@SETTINGS
@given(value=EVERYTHING)
def test_typed_arguments_are_read_as_they_were_written(value: Everything) -> None:
    @Cleo("redis://localhost").task(queue="q")
    def take(value: Everything, *rest: Everything, **named: Everything) -> None:
        return None

    signature = take.signature
    stored = signature.encode(signature.bind((value, value), {"other": value}), 1_000_000)
    assert signature.decode(stored) == {"value": value, "rest": [value], "named": {"other": value}}


def test_a_model_whose_two_aliases_differ_is_refused_rather_than_lost() -> None:
    @Cleo("redis://localhost").task(queue="q")
    def take(value: Split) -> None:
        return None

    signature = take.signature
    try:
        stored = signature.encode(signature.bind((Split(name_in="x"),), {}), 1_000)  # pyright: ignore[reportCallIssue]
    except InvalidArguments:
        return
    assert signature.decode(stored)["value"].name == "x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\x00",
        "a\nb",
        '"quoted"',
        "\\",
        "</script>",
        "日本",
        "🙂🙂",
        "\u2028",
        "{}",
        "NaN",
        "null",
        "x" * 10_000,
    ],
)
async def test_awkward_text_comes_back_as_it_was(cleo: Cleo, text: str) -> None:
    @cleo.task(queue="q")
    async def echo(text: str, **more: str) -> dict[str, str]:
        return {"text": text, **more}

    async with cleo.worker():
        handle = await echo.enqueue(text, **{text or "empty": text})
        assert await handle.result(timeout=30) == {"text": text, text or "empty": text}
    record = await cleo.queues.get_task("q", handle.id)
    assert record.result == {"text": text, text or "empty": text}


@pytest.mark.parametrize("number", [0, -1, 2**53 + 1, -(2**63), 2**64, 10**100, 0.1, 1e308, 5e-324, -0.0])
async def test_numbers_keep_their_precision(cleo: Cleo, number: float) -> None:
    @cleo.task(queue="q")
    async def echo(number: Any) -> Any:
        return number

    async with cleo.worker():
        result = await (await echo.enqueue(number)).result(timeout=30)  # pyright: ignore[reportCallIssue]
    assert (result, type(result)) == (number, type(number))
