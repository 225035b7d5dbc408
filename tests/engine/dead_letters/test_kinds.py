"""Dead letters by the kind of their error: what is counted, and that nothing drifts."""

from __future__ import annotations

from cleo_core import Cleo
from cleo_core.fingerprints import fingerprint_of
from tests.engine.dead_letters.burying import bury, numbered, tick
from tests.raw import ask, keys_of
from tests.waiting import until


async def _counts(cleo: Cleo) -> dict[str, int]:
    return {kind.pattern: kind.count for kind in (await cleo.dead_letters.kinds("q")).items}


async def test_letters_whose_errors_differ_in_numbers_alone_are_of_one_kind(cleo: Cleo) -> None:
    await bury(cleo, ["a"], ("KeyError", "no user 17"))
    await bury(cleo, ["b"], ("KeyError", "no user 18"))
    await bury(cleo, ["c"], ("ValueError", "no user 18"))
    kinds = await cleo.dead_letters.kinds("q")
    assert [(kind.pattern, kind.count) for kind in kinds.items] == [
        ("KeyError: no user <n>", 2),
        ("ValueError: no user <n>", 1),
    ]
    assert kinds.total == 2
    assert kinds.items[0].fingerprint == fingerprint_of("KeyError: no user <n>")
    assert kinds.items[0].latest == "b"


async def test_a_kind_says_when_it_was_seen_first_and_last(cleo: Cleo) -> None:
    await bury(cleo, ["a"])
    first = (await cleo.dead_letters.get("q", "a")).finished_at
    await tick(cleo, first)
    await bury(cleo, ["b"])
    last = (await cleo.dead_letters.get("q", "b")).finished_at
    (kind,) = (await cleo.dead_letters.kinds("q")).items
    assert (kind.first_at, kind.last_at) == (first, last)
    assert last is not None
    assert first is not None
    assert last > first
    await cleo.dead_letters.retry("q", ["a"])
    assert (await cleo.dead_letters.kinds("q")).items[0].first_at == first


async def test_retrying_discarding_removing_and_undoing_keep_the_counts(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 10), ("KeyError", "a"))
    await bury(cleo, numbered("b", 5), ("ValueError", "b"))
    await cleo.dead_letters.retry("q", ["a0", "a1", "b0"])
    assert await _counts(cleo) == {"KeyError: a": 8, "ValueError: b": 4}
    discarded = await cleo.dead_letters.discard("q", numbered("b", 5))
    assert await _counts(cleo) == {"KeyError: a": 8}
    await cleo.queues.remove_task("q", "a2")
    assert await _counts(cleo) == {"KeyError: a": 7}
    await cleo.dead_letters.undo("q", discarded.discard)
    assert await _counts(cleo) == {"KeyError: a": 7, "ValueError: b": 4}


async def test_a_kind_without_letters_is_forgotten(cleo: Cleo) -> None:
    await bury(cleo, ["a"])
    await cleo.dead_letters.retry("q", ["a"])
    kinds = await cleo.dead_letters.kinds("q")
    assert (kinds.total, kinds.items) == (0, [])
    left = await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}dead*")
    assert left == []


async def test_what_expires_is_counted_no_more_and_swept_out_of_the_index(cleo: Cleo) -> None:
    await bury(cleo, ["long"], ("KeyError", "a"))
    await bury(cleo, ["short"], ("KeyError", "a"), dead_retention=3)
    await bury(cleo, ["gone"], ("ValueError", "b"), dead_retention=3)
    assert await _counts(cleo) == {"KeyError: a": 2, "ValueError: b": 1}
    await until(lambda: _expired(cleo, "gone"))
    assert await _counts(cleo) == {"KeyError: a": 1}
    await (await cleo.backend.scripts()).sweep("q", 100, cleo.limits.retentions)
    kinds = await cleo.dead_letters.kinds("q")
    assert (kinds.total, [kind.count for kind in kinds.items]) == (1, [1])
    assert await ask(cleo, "ZCARD", f"{keys_of(cleo, 'q').prefix}dead:fp:{kinds.items[0].fingerprint}") == 1


async def _expired(cleo: Cleo, task_id: str) -> bool:
    return await ask(cleo, "EXISTS", keys_of(cleo, "q").task(task_id)) == 0


async def test_the_kinds_are_a_window_with_the_greatest_first(cleo: Cleo) -> None:
    for size in range(1, 8):
        await bury(cleo, numbered(f"{size}-", size), (f"Error{'abcdefg'[size - 1]}", "no"))
    page = await cleo.dead_letters.kinds("q", offset=1, limit=3)
    assert (page.total, [kind.count for kind in page.items]) == (7, [6, 5, 4])
    assert (await cleo.dead_letters.kinds("q", offset=50)).items == []


async def test_a_poisonous_and_a_refused_task_have_kinds_too(cleo: Cleo) -> None:
    await bury(cleo, ["a"], ("", ""))
    (kind,) = (await cleo.dead_letters.kinds("q")).items
    assert kind.count == 1
    assert len(kind.fingerprint) == 12


async def test_a_kind_says_when_its_letters_died(cleo: Cleo) -> None:
    await bury(cleo, ["a"], ("KeyError", "a"))
    for task_id, age in (("b", 30), ("c", 90), ("d", 5_000)):
        await bury(cleo, [task_id], ("KeyError", "a"))
        (score,) = await _earlier(cleo, task_id, age)
        assert score > 0
    (kind,) = (await cleo.dead_letters.kinds("q", parts=3, span=180)).items
    assert kind.count == 4
    assert kind.deaths == [0, 1, 2]
    assert (await cleo.dead_letters.kinds("q")).items[0].deaths == []


async def test_letters_that_died_long_ago_are_in_no_part(cleo: Cleo) -> None:
    await bury(cleo, ["a"], ("KeyError", "a"))
    await tick(cleo, (await cleo.dead_letters.get("q", "a")).finished_at)
    (kind,) = (await cleo.dead_letters.kinds("q", parts=1, span=0.001)).items
    assert kind.deaths == []


async def _earlier(cleo: Cleo, task_id: str, seconds: float) -> list[float]:
    """Have a letter of the kind died earlier, as the index knows it."""
    index = cleo.backend.keys.of_queue("q").prefix + "dead:fp:" + fingerprint_of("KeyError: a")
    await ask(cleo, "ZINCRBY", index, -seconds * 1000, task_id)
    return [float(await ask(cleo, "ZSCORE", index, task_id))]
