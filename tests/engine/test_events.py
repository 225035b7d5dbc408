"""The live stream: what is told, in which order, and what is told after a break."""

from __future__ import annotations

import asyncio
import json

import pytest

from cleo_core import Backoff, Cleo, EventGap, ObserverEvent, Task, TaskContext
from cleo_core.errors import ServerError
from tests.listening import Listener
from tests.raw import ask, keys_of, kill_connections
from tests.servers import Server
from tests.waiting import until


def _echo(cleo: Cleo) -> Task[[int], object, int]:
    @cleo.task(queue="q", group="g")
    async def echo(n: int) -> int:
        return n

    return echo


async def test_the_life_of_a_task_is_told_in_order(cleo: Cleo) -> None:
    @cleo.task(queue="q", group="g", max_retries=1, backoff=Backoff.fixed(0.01))
    async def work(ctx: TaskContext) -> None:
        ctx.progress(0.5, "half")
        if ctx.attempt == 1:
            raise ValueError("no tea")

    async with Listener(cleo, "q") as listener, cleo.worker() as worker:
        handle = await work.enqueue()
        await handle.result(timeout=30)
        await until(lambda: listener.told(task_id=handle.id)[-1:] == ["task_completed completed"])
    assert listener.told(task_id=handle.id) == [
        "task_added waiting",
        "status_change active",
        "task_progress active",
        "task_failed delayed",
        "status_change waiting",
        "status_change active",
        "task_progress active",
        "task_completed completed",
    ]
    failed = next(event for event in listener.events if event.kind is ObserverEvent.TASK_FAILED)
    assert (failed.name, failed.group, failed.worker, failed.detail) == ("work", "g", worker.id, "ValueError: no tea")
    progress = next(event for event in listener.events if event.kind is ObserverEvent.TASK_PROGRESS)
    assert "half" in progress.detail
    assert failed.run is not None
    assert failed.run < 5


async def test_all_queues_are_heard_when_none_is_named(cleo: Cleo) -> None:
    echo = _echo(cleo)
    async with Listener(cleo) as listener:
        for queue in ("one", "two", "three"):
            await echo.options(queue=queue).enqueue(1)
        await until(lambda: len(listener.events) == 3)
    assert [event.queue for event in listener.events] == ["one", "two", "three"]


async def test_only_the_named_queues_are_heard(cleo: Cleo) -> None:
    echo = _echo(cleo)
    async with Listener(cleo, "one", "two") as listener:
        for queue in ("other", "one", "two"):
            await echo.options(queue=queue).enqueue(1)
        await until(lambda: len(listener.events) == 2)
    assert [event.queue for event in listener.events] == ["one", "two"]


async def test_another_namespace_is_not_heard(cleo: Cleo, server: Server) -> None:
    async with Cleo(server.url, namespace=f"{cleo.namespace}-2") as other, Listener(cleo) as listener:
        await _echo(other).enqueue(1)
        await _echo(cleo).enqueue(1)
        await until(lambda: listener.events)
        assert len(listener.events) == 1


async def test_a_namespace_with_pattern_characters_hears_itself_alone(server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=f"{namespace}[a-z]*?") as odd, Listener(odd) as listener:
        await _echo(odd).enqueue(1)
        await until(lambda: len(listener.events) == 1)


async def test_thousands_of_events_come_complete_and_in_order(cleo: Cleo) -> None:
    echo = _echo(cleo)
    async with Listener(cleo, "q") as listener, cleo.worker():
        await echo.options(retention=0).enqueue_many([(n,) for n in range(3000)])
        await until(lambda: len([event for event in listener.events if event.task_id]) >= 9000)
        assert listener.gaps == []
        assert len([event for event in listener.events if event.task_id]) == 9000
    positions = [tuple(map(int, event.position.split("-"))) for event in listener.events]
    assert positions == sorted(positions)


async def test_what_was_missed_while_the_connection_was_cut_is_told_after_it(own_cleo: Cleo) -> None:
    echo = _echo(own_cleo)
    async with Listener(own_cleo, "q") as listener:
        first = await echo.enqueue(0)
        await until(lambda: listener.events)
        listener.hold()
        await echo.enqueue(1)
        await until(lambda: len(listener.events) == 2)
        await kill_connections(own_cleo, "pubsub")
        handles = [await echo.enqueue(n) for n in range(20)]
        listener.go_on()
        await until(lambda: len(listener.events) == 22)
    assert listener.gaps == []
    assert [event.task_id for event in listener.events[2:]] == [handle.id for handle in handles]
    assert listener.events[0].task_id == first.id


async def test_what_was_missed_before_the_first_event_is_told_too(own_cleo: Cleo) -> None:
    echo = _echo(own_cleo)
    async with Listener(own_cleo, "q") as listener:
        await asyncio.sleep(0)
        await kill_connections(own_cleo, "pubsub")
        handle = await echo.enqueue(0)
        await until(lambda: listener.events)
    assert [event.task_id for event in listener.events] == [handle.id]


async def test_what_the_stream_no_longer_holds_is_told_as_a_gap(own_cleo: Cleo) -> None:
    echo = _echo(own_cleo)
    async with Listener(own_cleo, "q") as listener:
        await echo.enqueue(0)
        await until(lambda: listener.events)
        listener.hold()
        await echo.enqueue(1)
        await until(lambda: len(listener.events) == 2)
        await kill_connections(own_cleo, "pubsub")
        for n in range(30):
            await echo.enqueue(n)
        await ask(own_cleo, "XTRIM", keys_of(own_cleo, "q").events, "MAXLEN", 10)
        listener.go_on()
        await until(lambda: len(listener.events) == 12)
    assert [(gap.queue, gap.missed) for gap in listener.gaps] == [("q", 20)]
    assert listener.heard.index(listener.gaps[0]) == 2


async def test_the_stream_holds_no_more_than_its_share(cleo: Cleo) -> None:
    echo = _echo(cleo)
    for n in range(1200):
        await echo.options(task_id=f"t{n}").enqueue(n)
    assert await ask(cleo, "XLEN", keys_of(cleo, "q").events) < 700
    recent = await cleo.events.recent("q", 5)
    assert [event.task_id for event in recent] == ["t1195", "t1196", "t1197", "t1198", "t1199"]


async def test_a_listener_goes_on_after_the_server_has_lost_its_data(own_cleo: Cleo) -> None:
    echo = _echo(own_cleo)
    async with Listener(own_cleo, "q") as listener:
        for n in range(10):
            await echo.enqueue(n)
        await until(lambda: len(listener.events) == 10)
        await ask(own_cleo, "FLUSHALL")
        await echo.enqueue(99)
        await until(lambda: len(listener.events) == 11)


async def test_without_reconnect_a_lost_connection_is_an_error(own_server: Server, namespace: str) -> None:
    async with Cleo(own_server.url, namespace=namespace) as cleo:

        async def listen() -> None:
            async for _ in cleo.events.listen("q", reconnect=False):
                pass

        listening = asyncio.create_task(listen())
        await until(lambda: ask(cleo, "PUBSUB", "CHANNELS"))
        own_server.stop()
        with pytest.raises(ServerError):
            await asyncio.wait_for(listening, 10)


async def test_who_listens_hears_at_once_that_the_connection_is_lost(own_server: Server, namespace: str) -> None:
    async with Cleo(own_server.url, namespace=namespace) as cleo:
        heard: list[object] = []
        lost: list[ServerError] = []

        async def listen() -> None:
            async for batch in cleo.events.batches("q", on_lost=lost.append):
                heard.extend(batch)

        listening = asyncio.create_task(listen())
        await until(lambda: ask(cleo, "PUBSUB", "CHANNELS", keys_of(cleo, "q").events))
        own_server.kill()
        await until(lambda: lost)
        own_server.start()
        await until(lambda: ask(cleo, "PUBSUB", "CHANNELS", keys_of(cleo, "q").events))
        await _echo(cleo).enqueue(1)
        await until(lambda: heard)
        listening.cancel()


async def test_a_silent_queue_still_gives_a_sign_of_life(cleo: Cleo) -> None:
    async for batch in cleo.events.batches("q"):
        assert batch == []
        break


async def test_listening_gives_the_events_one_by_one_in_order(cleo: Cleo) -> None:
    heard: list[str] = []

    async def listen() -> None:
        async for event in cleo.events.listen("q"):
            assert not isinstance(event, EventGap)
            heard.append(event.task_id)

    listening = asyncio.create_task(listen())
    await until(lambda: ask(cleo, "PUBSUB", "CHANNELS", keys_of(cleo, "q").events))
    handles = await _echo(cleo).enqueue_many([(n,) for n in range(250)])
    await until(lambda: len(heard) == 250)
    listening.cancel()
    assert heard == [handle.id for handle in handles]


async def test_a_queue_that_first_appears_during_a_break_is_told_from_its_first_event(own_cleo: Cleo) -> None:
    echo = _echo(own_cleo)
    async with Listener(own_cleo) as listener:
        await echo.enqueue(0)
        await until(lambda: listener.events)
        listener.hold()
        await echo.enqueue(1)
        await until(lambda: len(listener.events) == 2)
        await kill_connections(own_cleo, "pubsub")
        handles = [await echo.options(queue="new").enqueue(n) for n in range(5)]
        listener.go_on()
        await until(lambda: len(listener.events) == 7)
    assert listener.gaps == []
    assert [(event.queue, event.task_id) for event in listener.events[2:]] == [("new", handle.id) for handle in handles]


async def test_recent_events_come_oldest_first_and_no_more_than_asked_for(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handles = await echo.enqueue_many([(n,) for n in range(250)])
    ids = [handle.id for handle in handles]
    assert [event.task_id for event in await cleo.events.recent("q", 500)] == ids
    assert [event.task_id for event in await cleo.events.recent("q", 30)] == ids[-30:]
    assert len(await cleo.events.recent("q", 0)) == 1
    assert await cleo.events.recent("never-used") == []


async def test_what_happened_before_is_not_told_to_who_begins_to_listen(cleo: Cleo) -> None:
    echo = _echo(cleo)
    await echo.enqueue_many([(n,) for n in range(10)])
    async with Listener(cleo, "q") as listener:
        handle = await echo.enqueue(99)
        await until(lambda: listener.events)
    assert [event.task_id for event in listener.events] == [handle.id]


async def test_events_of_a_newer_version_are_counted_as_unreadable_and_the_others_told(cleo: Cleo) -> None:
    known = ["a", "send", "", 0, 0, "", 0, "task_added", "waiting", 1_000, 0, "", "", ""]
    new = ["b", "send", "", 0, 0, "", 0, "task_teleported", "entangled", 1_000, 0, "", "", ""]
    async with Listener(cleo, "q") as listener:
        channel = keys_of(cleo, "q").events
        await ask(cleo, "PUBLISH", channel, json.dumps([f"{2**41}-0", 1, [new, known, new]]))
        await ask(cleo, "PUBLISH", channel, "no JSON at all")
        await ask(cleo, "PUBLISH", channel, json.dumps({"position": "1-0"}))
        await ask(cleo, "PUBLISH", channel, json.dumps([f"{2**41}-1", 4, [known]]))
        await until(lambda: len(listener.heard) == 5)
    gap = EventGap(queue="q", missed=1, unreadable=True)
    assert listener.gaps == [gap.model_copy(update={"missed": 2}), gap, gap]
    assert [event.task_id for event in listener.events] == ["a", "a"]


async def test_recent_events_leave_out_what_can_not_be_read(cleo: Cleo) -> None:
    await cleo.queues.add("q", "send", {}, task_id="one")
    new = ["b", "send", "", 0, 0, "", 0, "task_teleported", "entangled", 1_000, 0, "", "", ""]
    await ask(cleo, "XADD", keys_of(cleo, "q").events, "*", "n", 2, "e", json.dumps([new]))
    assert [event.task_id for event in await cleo.events.recent("q")] == ["one"]
