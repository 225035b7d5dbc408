"""Dead letters as JSON lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cleo_core import Cleo
from cleo_core.errors import InvalidOption
from tests.engine.dead_letters.burying import bury, claim, fail, numbered


async def _lines(cleo: Cleo, **filters: Any) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in cleo.dead_letters.export("q", **filters)]


async def test_each_letter_is_a_line_with_all_that_is_kept_of_it(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 1_203), ("KeyError", "line 1\nline 2"), arguments=b'{"n":1}')
    lines = await _lines(cleo)
    assert {line["id"] for line in lines} == set(numbered("a", 1_203))
    assert lines[0]["arguments"] == {"n": 1}
    assert lines[0]["attempts"][0]["error_message"] == "line 1\nline 2"
    assert lines[0]["pattern"] == "KeyError: line <n>"
    assert lines[0]["death"] == "failed"


async def test_only_what_matches_is_exported(cleo: Cleo) -> None:
    await bury(cleo, ["a"], name="charge")
    await bury(cleo, ["b"], name="mail")
    assert [line["id"] for line in await _lines(cleo, name="mail")] == ["b"]
    assert await _lines(cleo, fingerprint="000000000000") == []
    with pytest.raises(InvalidOption):
        await _lines(cleo, nmae="mail")


async def test_an_export_ends_though_letters_are_retried_and_fail_again_meanwhile(cleo: Cleo) -> None:
    ids = numbered("a", 700)
    await bury(cleo, ids)
    seen: list[str] = []
    async for line in cleo.dead_letters.export("q"):
        seen.append(json.loads(line)["id"])
        if len(seen) % 50 == 0:
            await cleo.dead_letters.retry("q", seen[-50:])
            await fail(cleo, await claim(cleo, 1_000))
    assert sorted(seen) == sorted(ids)
