"""The trash: what is discarded can be brought back as it was, for its time and no longer."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo, DiscardNotFound, Limits, TaskNotFound
from tests.engine.dead_letters.burying import bury, numbered, store, tick
from tests.raw import ask, audit_of, keys_of
from tests.servers import Server
from tests.waiting import until


async def test_what_is_discarded_is_gone_from_the_queue(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 5))
    report = await cleo.dead_letters.discard("q", [*numbered("a", 4), "nosuch"])
    assert (report.done, list(report.failures)) == (4, ["nosuch"])
    assert [letter.id for letter in (await cleo.dead_letters.list("q")).items] == ["a4"]
    with pytest.raises(TaskNotFound):
        await cleo.queues.get_task("q", "a0")


async def test_an_undo_brings_back_exactly_what_was_discarded(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 3), arguments=b'{"n":1}')
    await bury(cleo, ["other"])
    before = [await ask(cleo, "HGETALL", keys_of(cleo, "q").task(f"a{n}")) for n in range(3)]
    expiry = await ask(cleo, "PEXPIRETIME", keys_of(cleo, "q").task("a0"))
    kinds = await cleo.dead_letters.kinds("q")
    first = await cleo.dead_letters.discard("q", numbered("a", 3))
    second = await cleo.dead_letters.discard("q", ["other"])
    assert (await cleo.dead_letters.kinds("q")).items == []
    assert (await cleo.dead_letters.undo("q", first.discard)).done == 3
    assert [await ask(cleo, "HGETALL", keys_of(cleo, "q").task(f"a{n}")) for n in range(3)] == before
    assert abs(await ask(cleo, "PEXPIRETIME", keys_of(cleo, "q").task("a0")) - expiry) <= 1
    assert {letter.id for letter in (await cleo.dead_letters.list("q")).items} == {"a0", "a1", "a2"}
    assert [discard.id for discard in await cleo.dead_letters.trash("q")] == [second.discard]
    assert (await cleo.dead_letters.undo("q", second.discard)).done == 1
    after = await cleo.dead_letters.kinds("q")
    assert [kind.model_dump() for kind in after.items] == [kind.model_dump() for kind in kinds.items]


async def test_the_trash_says_what_can_be_brought_back_by_whom_and_until_when(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 3))
    first = await cleo.dead_letters.discard("q", ["a0", "a1"])
    await tick(cleo)
    last = await cleo.dead_letters.discard("q", ["a2"])
    entries = await cleo.dead_letters.trash("q")
    assert [(entry.id, entry.count) for entry in entries] == [(last.discard, 1), (first.discard, 2)]
    assert entries[0].expires_at - entries[0].at == pytest.approx(600, abs=0.01)
    assert "@" in entries[0].by
    lifetime = await ask(cleo, "PTTL", f"{keys_of(cleo, 'q').prefix}trash:{first.discard}:a0")
    assert 590_000 < lifetime <= 600_000
    assert len(await cleo.dead_letters.trash("q", limit=1)) == 1


async def test_when_the_time_of_a_discard_is_over_it_can_not_be_undone(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, limits=Limits(trash_retention=2)) as cleo:
        await bury(cleo, ["a"])
        report = await cleo.dead_letters.discard("q", ["a"])
        await until(lambda: _is_gone(cleo, report.discard))
        assert await cleo.dead_letters.trash("q") == []
        left = await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}*{report.discard}*")
        assert left == []


async def _is_gone(cleo: Cleo, discard: str) -> bool:
    if await ask(cleo, "EXISTS", f"{keys_of(cleo, 'q').prefix}discard:{discard}"):
        return False
    with pytest.raises(DiscardNotFound, match="gone for good"):
        await cleo.dead_letters.undo("q", discard)
    return True


@pytest.mark.parametrize("discard", ["", "nosuch", "0123456789ab", "../../../..", "x" * 500])
async def test_undoing_what_is_not_there_says_so(cleo: Cleo, discard: str) -> None:
    with pytest.raises(DiscardNotFound):
        await cleo.dead_letters.undo("q", discard)
    with pytest.raises(DiscardNotFound):
        await cleo.dead_letters.forget("q", discard)


async def test_an_undo_happens_once(cleo: Cleo) -> None:
    await bury(cleo, ["a"])
    report = await cleo.dead_letters.discard("q", ["a"])
    await cleo.dead_letters.undo("q", report.discard)
    with pytest.raises(DiscardNotFound):
        await cleo.dead_letters.undo("q", report.discard)


async def test_two_undos_at_once_bring_each_letter_back_once(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 2_000))
    report = await cleo.dead_letters.discard("q", numbered("a", 2_000))
    assert report.done == 2_000
    undone = await asyncio.gather(
        *(cleo.dead_letters.undo("q", report.discard) for _ in range(3)), return_exceptions=True
    )
    assert sum(report.done for report in undone if not isinstance(report, BaseException)) == 2_000
    assert (await cleo.queues.stats("q")).dead == 2_000


async def test_a_letter_whose_id_is_in_use_again_stays_in_the_trash(cleo: Cleo) -> None:
    await bury(cleo, ["a", "b"])
    report = await cleo.dead_letters.discard("q", ["a", "b"])
    await store(cleo, ["a"])
    undone = await cleo.dead_letters.undo("q", report.discard)
    assert undone.done == 1
    assert "new task of that id" in undone.failures["a"]
    assert (await cleo.queues.stats("q")).waiting == 1
    await cleo.queues.remove_task("q", "a")
    assert (await cleo.dead_letters.undo("q", report.discard)).done == 1


async def test_an_id_can_be_discarded_twice(cleo: Cleo) -> None:
    discards: list[str] = []
    for number in range(2):
        await bury(cleo, ["a"], arguments=b'{"n":%d}' % number)
        discards.append((await cleo.dead_letters.discard("q", ["a"])).discard)
    await cleo.dead_letters.undo("q", discards[0])
    assert (await cleo.dead_letters.get("q", "a")).arguments == {"n": 0}


async def test_a_letter_that_would_have_expired_meanwhile_stays_away(cleo: Cleo) -> None:
    await bury(cleo, ["a"], dead_retention=60)
    report = await cleo.dead_letters.discard("q", ["a"])
    # An hour goes by.
    await ask(cleo, "ZINCRBY", f"{keys_of(cleo, 'q').prefix}discarded:{report.discard}", -3_600_000, "a")
    undone = await cleo.dead_letters.undo("q", report.discard)
    assert (undone.done, undone.failures) == (0, {"a": "It has expired meanwhile."})


async def test_forgetting_a_discard_frees_its_memory_at_once(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 1_200))
    report = await cleo.dead_letters.discard("q", numbered("a", 1_200))
    assert await cleo.dead_letters.forget("q", report.discard) == 1_200
    assert await ask(cleo, "KEYS", f"{keys_of(cleo, 'q').prefix}*{report.discard}*") == []
    with pytest.raises(DiscardNotFound):
        await cleo.dead_letters.undo("q", report.discard)


async def test_discarding_undoing_and_forgetting_are_audited_with_how_many(cleo: Cleo) -> None:
    await bury(cleo, numbered("a", 3))
    report = await cleo.dead_letters.discard("q", numbered("a", 3))
    await cleo.dead_letters.undo("q", report.discard)
    again = await cleo.dead_letters.discard("q", ["a0"])
    await cleo.dead_letters.forget("q", again.discard)
    assert await audit_of(cleo, "q") == [
        ("discard", "a0", 3),
        ("undo discard", report.discard, 3),
        ("discard", "a0", 1),
        ("forget", again.discard, 1),
    ]


async def test_discarding_works_when_memory_is_full(own_server: Server, own_cleo: Cleo) -> None:
    await bury(own_cleo, numbered("a", 100), arguments=b'{"x":"' + b"x" * 1_000 + b'"}')
    await ask(own_cleo, "CONFIG", "SET", "maxmemory", "1")
    assert (report := await own_cleo.dead_letters.discard("q", numbered("a", 100))).done == 100
    assert await own_cleo.dead_letters.forget("q", report.discard) == 100
