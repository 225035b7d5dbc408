"""The counts that the console makes of events are those that the server has, whatever an operator does."""

from __future__ import annotations

from cleo_core import Cleo, Event, Every
from cleo_tui.data.tally import Counts, Tally
from tests.engine.dead_letters.burying import bury, claim, store, tick
from tests.waiting import until


async def test_what_operators_do_moves_the_counts_as_the_server_has_them(cleo: Cleo) -> None:
    await bury(cleo, ["a", "b", "c", "d"])
    await store(cleo, ["e", "f"])
    await claim(cleo, 1)
    await tick(cleo)
    tally = Tally(await cleo.queues.stats("q"))
    await tick(cleo)
    report = await cleo.dead_letters.discard("q", ["a", "b", "c"])
    await cleo.dead_letters.undo("q", report.discard)
    await cleo.dead_letters.discard("q", ["b"])
    await cleo.dead_letters.edit_and_retry("q", "c", {"n": 1})
    await cleo.dead_letters.retry("q", ["d"])
    await cleo.workers.recover_stuck("q", ["e"])
    await cleo.schedules.add("q", "s", "work", when=Every(3_600))
    await cleo.schedules.run_now("q", "s")
    await cleo.queues.pause("q")
    async with cleo.worker(["q"]) as worker:
        await until(lambda: _is_there(cleo, worker.id))
    for event in await cleo.events.recent("q", 1_000):
        assert isinstance(event, Event)
        tally.hear(event.at, [(event, 1)])
    assert tally.counts == Counts.of(await cleo.queues.stats("q"))
    assert (tally.counts.dead, tally.counts.waiting, tally.counts.active) == (1, 5, 0)


async def _is_there(cleo: Cleo, worker: str) -> bool:
    return worker in {info.id for info in await cleo.workers.list()}
