"""Finding dead letters: by kind, by what they are, in windows, and how far a filter looks."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core import Cleo, TaskNotFound
from cleo_core.errors import InvalidOption
from cleo_core.fingerprints import fingerprint_of
from cleo_core.models import DeathReason
from tests.engine.dead_letters.burying import bury, numbered, store, tick
from tests.ghosts import claim_and_die
from tests.raw import ask, keys_of
from tests.waiting import until


async def _ids(cleo: Cleo, **filters: Any) -> list[str]:
    return [letter.id for letter in (await cleo.dead_letters.list("q", **filters)).items]


@pytest.mark.usefixtures("zoo")
@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "charge"}, {"c1", "c2"}),
        ({"group": "acme"}, {"c2"}),
        ({"group": ""}, {"c1", "m1", "m2"}),
        ({"worker": "host-2"}, {"m1", "m2"}),
        ({"worker": "host-"}, {"c1", "c2", "m1", "m2"}),
        ({"text": "SMTP"}, {"m1", "m2"}),
        ({"text": "ada@"}, {"m2"}),
        ({"text": "c1"}, {"c1"}),
        ({"text": "50%_done"}, set[str]()),
        ({"name": "mail", "text": "ada"}, {"m2"}),
        ({"name": "mail", "group": "acme"}, set[str]()),
        ({"since": 0.0, "until": 1.0}, set[str]()),
        ({"since": 1.0}, {"c1", "c2", "m1", "m2"}),
        ({"fingerprint": fingerprint_of("OSError: smtp is away")}, {"m1", "m2"}),
        ({"fingerprint": fingerprint_of("OSError: smtp is away"), "text": "ada"}, {"m2"}),
        ({"fingerprint": "000000000000"}, set[str]()),
    ],
)
async def test_filters_find_what_they_say(cleo: Cleo, filters: dict[str, Any], found: set[str]) -> None:
    assert set(await _ids(cleo, **filters)) == found


@pytest.fixture
async def zoo(cleo: Cleo) -> None:
    """Four dead letters that differ."""
    await bury(cleo, ["c1"], ("ValueError", "card declined"), name="charge", worker="host-1")
    await bury(cleo, ["c2"], ("ValueError", "card declined"), name="charge", group="acme", worker="host-1")
    await bury(cleo, ["m1"], ("OSError", "smtp is away"), name="mail", worker="host-2")
    to_ada = b'{"to":"Ada@example.com"}'
    await bury(cleo, ["m2"], ("OSError", "smtp is away"), name="mail", worker="host-2", arguments=to_ada)


async def test_a_filter_looks_as_far_as_it_is_told_and_says_how_far(cleo: Cleo) -> None:
    await bury(cleo, ["needle"], name="rare")
    await bury(cleo, numbered("hay", 3_000))
    page = await cleo.dead_letters.list("q", name="rare", look=2_500)
    assert (page.items, page.looked, page.total, page.next_offset) == ([], 2_500, 3_001, 2_500)
    assert page.next_offset is not None
    more = await cleo.dead_letters.list("q", name="rare", look=2_500, offset=page.next_offset)
    assert ([letter.id for letter in more.items], more.looked, more.next_offset) == (["needle"], 501, None)


async def test_a_filtered_window_goes_on_where_it_stopped(cleo: Cleo) -> None:
    for number in range(30):
        await bury(cleo, [f"a{number}"], name=("even", "odd")[number % 2])
    found: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = await cleo.dead_letters.list("q", name="odd", limit=4, offset=offset)
        assert len(page.items) <= 4
        found += [letter.id for letter in page.items]
        offset = page.next_offset
    assert sorted(found) == sorted(f"a{number}" for number in range(30) if number % 2)


async def test_a_window_without_a_filter_is_as_before(cleo: Cleo) -> None:
    for number in range(20):
        await bury(cleo, [f"a{number}"])
        await tick(cleo)
    page = await cleo.dead_letters.list("q", offset=5, limit=3)
    assert ([letter.id for letter in page.items], page.total, page.offset) == (["a14", "a13", "a12"], 20, 5)
    assert page.next_offset == 8
    around = await cleo.dead_letters.list("q", around="a3", limit=3)
    assert "a3" in [letter.id for letter in around.items]
    assert (await cleo.dead_letters.list("q", offset=500)).items[0].id == "a0"


async def test_letters_with_broken_records_are_passed_over(cleo: Cleo) -> None:
    await bury(cleo, ["fine", "odd"])
    await ask(cleo, "HSET", keys_of(cleo, "q").task("odd"), "end", "no json")
    assert await _ids(cleo, worker="host") == ["fine"]


async def test_a_letter_that_was_retried_meanwhile_is_no_longer_found(cleo: Cleo) -> None:
    await bury(cleo, ["a", "b"])
    await cleo.dead_letters.retry("q", ["a"])
    assert await _ids(cleo, text="no") == ["b"]
    with pytest.raises(TaskNotFound, match="no dead letter a in q"):
        await cleo.dead_letters.get("q", "a")


@pytest.mark.parametrize(
    "filters",
    [{"nmae": "x"}, {"since": float("nan")}, {"until": "today"}, {"text": "x" * 201}, {"name": 5}],
)
async def test_a_filter_that_can_not_be_is_refused(cleo: Cleo, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match="filter"):
        await cleo.dead_letters.list("q", **filters)


async def test_the_reason_of_a_death_has_a_type(cleo: Cleo) -> None:
    await bury(cleo, ["failed"])
    await bury(cleo, ["late"], ("TaskTimeout", "late"), outcome="timed_out")
    await bury(cleo, ["odd"], ("Refused", "odd"), outcome="refused")
    await store(cleo, ["poison"])
    for _ in range(3):
        await claim_and_die(cleo, "q", lease=0.001, begin=True)
        await until(lambda: _taken_back(cleo))
    letters = {letter.id: letter.death for letter in (await cleo.dead_letters.list("q")).items}
    assert letters == {
        "failed": DeathReason.FAILED,
        "late": DeathReason.TIMED_OUT,
        "odd": DeathReason.REFUSED,
        "poison": DeathReason.POISON,
    }
    poison = await cleo.dead_letters.get("q", "poison")
    assert poison.death is DeathReason.POISON
    assert poison.pattern == "WorkerLost: poison"
    assert [attempt.worker for attempt in poison.attempts] == ["ghost-1"] * 3


async def _taken_back(cleo: Cleo) -> bool:
    taken = (await (await cleo.backend.scripts()).sweep("q", 100, cleo.limits.retentions)).taken
    return taken > 0
