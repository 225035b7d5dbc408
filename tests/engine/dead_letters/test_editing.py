"""Retrying a dead letter with other arguments: checked by the best that is known of the task."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from cleo_core import Cleo, InvalidArguments, PayloadTooLarge, TaskNotFound
from cleo_core.errors import WrongState
from cleo_core.models import ArgumentsCheck
from cleo_core.tasks.schema import complaints_of
from cleo_core.tasks.signature import Signature
from tests.engine.dead_letters.burying import bury
from tests.raw import audit_of
from tests.servers import Server
from tests.waiting import until


class Address(BaseModel):
    street: str
    number: int = Field(gt=0)


def _declare(cleo: Cleo, ran: list[object]) -> None:
    @cleo.task(name="ship", queue="q", max_retries=0)
    async def ship(  # pyright: ignore[reportUnusedFunction]
        to: Address, how: Literal["air", "sea"] = "sea", parts: tuple[int, str] = (1, "a")
    ) -> str:
        ran.append((to, how, parts))
        return to.street


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "to"),
    ({"to": {"street": "Elm"}}, "number"),
    ({"to": {"street": "Elm", "number": 0}}, "number"),
    ({"to": {"street": "Elm", "number": 1}, "how": "rail"}, "how"),
    ({"to": {"street": "Elm", "number": 1}, "parts": [1, 2]}, "parts"),
    ({"to": {"street": "Elm", "number": 1}, "nosuch": 1}, "nosuch"),
]


@pytest.mark.parametrize(("arguments", "place"), BAD)
async def test_arguments_that_do_not_fit_a_declared_task_change_nothing(
    cleo: Cleo, arguments: dict[str, Any], place: str
) -> None:
    _declare(cleo, [])
    await bury(cleo, ["a"], name="ship", arguments=b'{"old":1}')
    with pytest.raises(InvalidArguments, match=place):
        await cleo.dead_letters.edit_and_retry("q", "a", arguments)
    assert (await cleo.dead_letters.get("q", "a")).arguments == {"old": 1}


async def test_a_declared_task_runs_with_the_edited_arguments(cleo: Cleo) -> None:
    ran: list[object] = []
    _declare(cleo, ran)
    await bury(cleo, ["a"], name="ship", arguments=b'{"old":1}')
    checked = await cleo.dead_letters.edit_and_retry("q", "a", {"to": {"street": "Elm", "number": 5}, "how": "air"})
    assert checked is ArgumentsCheck.DECLARED
    async with cleo.worker():
        assert await cleo.queues.handle("q", "a").result(timeout=30) == "Elm"
    assert ran == [(Address(street="Elm", number=5), "air", (1, "a"))]
    assert await audit_of(cleo, "q") == [("edit and retry", "a", 1)]
    assert (await cleo.dead_letters.kinds("q")).items == []


async def test_what_a_worker_has_published_checks_for_who_has_no_code(cleo: Cleo, server: Server) -> None:
    ran: list[object] = []
    _declare(cleo, ran)
    await bury(cleo, ["a"], name="ship", arguments=b'{"old":1}')
    async with Cleo(server.url, namespace=cleo.namespace) as other, cleo.worker():
        await until(lambda: other.workers.signature("ship"))
        for arguments, place in BAD:
            with pytest.raises(InvalidArguments, match=place):
                await other.dead_letters.edit_and_retry("q", "a", arguments)
        assert (await other.dead_letters.get("q", "a")).arguments == {"old": 1}
        good = {"to": {"street": "Oak", "number": 5}, "parts": [2, "b"]}
        assert await other.dead_letters.edit_and_retry("q", "a", good) is ArgumentsCheck.PUBLISHED
        assert await other.queues.handle("q", "a").result(timeout=30) == "Oak"
    assert ran == [(Address(street="Oak", number=5), "sea", (2, "b"))]


async def test_arguments_of_a_task_that_nobody_knows_must_be_json_and_no_more(cleo: Cleo) -> None:
    await bury(cleo, ["a", "b"], name="unknown")
    assert await cleo.dead_letters.edit_and_retry("q", "a", {"x": 1}) is ArgumentsCheck.UNCHECKED
    assert (await cleo.queues.get_task("q", "a")).arguments == {"x": 1}
    with pytest.raises(InvalidArguments):
        await cleo.dead_letters.edit_and_retry("q", "b", {"x": float("nan")})
    with pytest.raises(InvalidArguments):
        await cleo.dead_letters.edit_and_retry("q", "b", {"x": object()})
    with pytest.raises(PayloadTooLarge):
        await cleo.dead_letters.edit_and_retry("q", "b", {"x": "y" * 2_000_000})
    assert (await cleo.queues.stats("q")).dead == 1


async def test_a_letter_is_edited_once_however_many_try(cleo: Cleo) -> None:
    await bury(cleo, ["a"])
    edits = await asyncio.gather(
        *(cleo.dead_letters.edit_and_retry("q", "a", {"n": n}) for n in range(5)), return_exceptions=True
    )
    assert sum(edit is ArgumentsCheck.UNCHECKED for edit in edits) == 1
    assert all(isinstance(edit, TaskNotFound | WrongState) for edit in edits if isinstance(edit, BaseException))
    with pytest.raises(TaskNotFound, match="no dead letter a in q"):
        await cleo.dead_letters.edit_and_retry("q", "a", {"n": 9})


# --- the schemas ---------------------------------------------------------------------------------------


def _kinds(
    when: datetime, sizes: dict[str, list[int]], tree: Address | None = None, *rest: int, **more: float
) -> None: ...


def test_what_pydantic_writes_of_a_signature_is_understood() -> None:
    schema = Signature("kinds", _kinds).json_schema()
    good = {"when": "2026-11-26T05:00:00Z", "sizes": {"a": [1]}, "tree": None, "rest": [1], "more": {"x": 0.5}}
    assert complaints_of(schema, json.dumps(good).encode()) == []
    bad = {"sizes": {"a": ["x"]}, "rest": ["y"], "more": {"x": "z"}, "tree": 5}
    complaints = complaints_of(schema, json.dumps(bad).encode())
    assert complaints is not None
    assert complaints[-1] == "and more"
    assert len(complaints) == 4


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nosuch"},
        {"$ref": "http://127.0.0.1:9/schema.json"},
        {"$ref": "#/$defs/missing"},
        {"properties": {"x": {"pattern": "("}}},
        {"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    ],
)
def test_a_schema_that_is_no_use_is_said_to_be_none_and_nothing_is_fetched(schema: dict[str, Any]) -> None:
    assert complaints_of(schema, b'{"x":"y"}') is None


def test_a_complaint_about_a_huge_value_is_short() -> None:
    complaints = complaints_of({"properties": {"x": {"type": "integer"}}}, json.dumps({"x": "y" * 10**6}).encode())
    assert complaints is not None
    assert len(complaints[0]) < 300
