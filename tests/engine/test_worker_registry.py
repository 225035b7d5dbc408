"""What workers say of themselves and of their tasks, and that they come and go."""

from __future__ import annotations

import asyncio
import datetime
import enum
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

from cleo_core import Cleo, ObserverEvent, TaskContext, TaskPriority, WorkerNotFound, WorkerState
from cleo_core.models import TaskSignature
from cleo_core.worker.presence import REGISTRY_TTL
from tests.listening import Listener
from tests.raw import ask, kill_connections
from tests.servers import Server
from tests.waiting import until


class Colour(enum.Enum):
    RED = "red"


class Message(BaseModel):
    to: str
    urgent: bool = False


def _declare(cleo: Cleo) -> None:
    @cleo.task(queue="emails", group="news", priority=TaskPriority.HIGH, max_retries=7, timeout=3)
    async def send(
        ctx: TaskContext,
        message: Message,
        when: datetime.date = datetime.date(2026, 1, 2),
        *,
        times: Annotated[int, Field(ge=1)] = 1,
        colour: Colour = Colour.RED,
    ) -> None:
        """Send a message.

        At once.
        """

    @cleo.task(queue="other")
    def plain() -> None: ...


async def _signature(cleo: Cleo, name: str) -> TaskSignature:
    await until(lambda: cleo.workers.signature(name))
    found = await cleo.workers.signature(name)
    assert found is not None
    return found


async def test_a_worker_publishes_how_its_tasks_are_called(cleo: Cleo) -> None:
    _declare(cleo)
    assert await cleo.workers.signature("send") is None
    async with cleo.worker(), Cleo(cleo.backend.redis.url, namespace=cleo.namespace) as stranger:
        signature = await _signature(stranger, "send")
        assert [found.name for found in await stranger.workers.signatures()] == ["plain", "send"]
    assert (signature.queue, signature.group, signature.priority) == ("emails", "news", TaskPriority.HIGH)
    assert signature.doc == "Send a message."
    assert signature.json_schema["required"] == ["message"]
    properties = signature.json_schema["properties"]
    assert isinstance(properties, dict)
    assert set(properties) == {"message", "when", "times", "colour"}
    assert properties["times"] == {"minimum": 1, "title": "Times", "type": "integer"}
    assert signature.defaults == {"when": "2026-01-02", "times": 1, "colour": "red"}
    assert signature.options == {"max_retries": 7, "timeout": 3.0}


async def test_workers_of_the_same_code_share_one_set_of_signatures_and_write_it_once(cleo: Cleo) -> None:
    _declare(cleo)
    workers = [cleo.worker(heartbeat=0.05) for _ in range(3)]
    for worker in workers:
        await worker.__aenter__()
    await until(_count_is(cleo, 3))
    sets = {info.signatures for info in await cleo.workers.list()}
    assert len(sets) == 1
    key = cleo.backend.keys.signatures(sets.pop())
    published = await ask(cleo, "HGET", key, "")
    before = {info.id: info.beat_at for info in await cleo.workers.list()}
    await until(lambda: _beat_again(cleo, before))
    assert await ask(cleo, "HGET", key, "") == published
    assert 0 < await ask(cleo, "TTL", key) <= REGISTRY_TTL
    assert await ask(cleo, "ZCARD", cleo.backend.keys.signature_sets) == 1
    for worker in workers:
        await worker.__aexit__(None, None, None)


async def _beat_again(cleo: Cleo, before: dict[str, float]) -> bool:
    # The server's clock is told in whole seconds.
    return all(info.beat_at > before[info.id] for info in await cleo.workers.list())


def _count_is(cleo: Cleo, count: int):
    async def check() -> bool:
        return len(await cleo.workers.list()) == count

    return check


async def test_signatures_that_were_lost_are_published_again(cleo: Cleo) -> None:
    _declare(cleo)
    async with cleo.worker(heartbeat=0.05):
        await _signature(cleo, "send")
        await ask(cleo, "DEL", cleo.backend.keys.signatures((await cleo.workers.list())[0].signatures))
        await _signature(cleo, "send")


async def test_of_two_versions_of_a_task_the_one_that_was_published_last_counts(cleo: Cleo, server: Server) -> None:
    _declare(cleo)
    async with cleo.worker(), Cleo(server.url, namespace=cleo.namespace) as newer:

        @newer.task(queue="emails")
        async def send(to: str) -> None: ...

        old = await _signature(cleo, "send")
        async with newer.worker():
            await until(lambda: _differs(cleo, old))
            signature = await _signature(cleo, "send")
            assert signature.json_schema["required"] == ["to"]
            assert [found.name for found in await cleo.workers.signatures()] == ["plain", "send"]
            assert len(await cleo.workers.signatures(limit=1)) == 1


async def _differs(cleo: Cleo, old: TaskSignature) -> bool:
    return await cleo.workers.signature("send") != old


async def test_a_task_whose_schema_is_huge_is_published_without_it(cleo: Cleo) -> None:
    options = " | ".join(f"Annotated[int, Field(description='{'x' * 1000}{n}')]" for n in range(100))
    names: dict[str, object] = {"Annotated": Annotated, "Field": Field}
    exec(f"def huge(value: {options} | str = ''): ...", names)
    cleo.task(queue="q")(names["huge"])  # pyright: ignore[reportArgumentType, reportCallIssue]
    async with cleo.worker():
        assert (await _signature(cleo, "huge")).json_schema == {"type": "object"}


async def test_a_worker_tells_its_state_and_memory(cleo: Cleo) -> None:
    _declare(cleo)
    async with cleo.worker(max_memory=10**15, heartbeat=0.05) as worker:
        await until(_count_is(cleo, 1))
        info = await cleo.workers.get(worker.id)
        assert (info.state, info.reason, info.max_memory, info.stopping) == (WorkerState.RUNNING, "", 10**15, False)
        assert info.memory > 1_000_000
        assert sorted(info.queues) == ["emails", "other"]
    with pytest.raises(WorkerNotFound, match=worker.id):
        await cleo.workers.get(worker.id)


# --- joining and leaving ----------------------------------------------------------------------------


def _told(listener: Listener, kind: ObserverEvent) -> list[tuple[str, str, str]]:
    return sorted((event.queue, event.worker, event.detail) for event in listener.events if event.kind is kind)


async def test_a_worker_that_comes_and_goes_is_told_to_listeners_of_each_of_its_queues(cleo: Cleo) -> None:
    _declare(cleo)
    async with Listener(cleo) as listener:
        async with cleo.worker(heartbeat=0.02) as worker:
            await until(lambda: len(_told(listener, ObserverEvent.WORKER_JOINED)) == 2)
            await until(_count_is(cleo, 1))
            info = await cleo.workers.get(worker.id)
            await until(lambda: _beat_again(cleo, {worker.id: info.beat_at}))
        await until(lambda: len(_told(listener, ObserverEvent.WORKER_LEFT)) == 2)
    assert _told(listener, ObserverEvent.WORKER_JOINED) == [("emails", worker.id, ""), ("other", worker.id, "")]
    left = _told(listener, ObserverEvent.WORKER_LEFT)
    assert left == [("emails", worker.id, "was stopped"), ("other", worker.id, "was stopped")]


async def test_observers_hear_of_workers(cleo: Cleo) -> None:
    _declare(cleo)
    heard: list[tuple[ObserverEvent, str]] = []
    for kind in (ObserverEvent.WORKER_JOINED, ObserverEvent.WORKER_LEFT):
        cleo.queues.on_task_event(kind, lambda _id, _state, event: heard.append((event.kind, event.worker)))
    await cleo.events.ready()
    async with cleo.worker(["emails"]) as worker:
        await until(lambda: heard)
    await until(lambda: len(heard) == 2)
    assert heard == [(ObserverEvent.WORKER_JOINED, worker.id), (ObserverEvent.WORKER_LEFT, worker.id)]


async def test_that_a_worker_died_is_told_once_though_many_notice(cleo: Cleo) -> None:
    _declare(cleo)
    scripts = await cleo.backend.scripts()
    assert await scripts.attend("emails", "ghost", 50)
    assert not await scripts.attend("emails", "ghost", 50)
    async with Listener(cleo) as listener:
        workers = [cleo.worker(["emails"], sweep=0.01) for _ in range(4)]
        for worker in workers:
            await worker.__aenter__()
        await until(lambda: any(event.worker == "ghost" for event in listener.events))
        assert not await scripts.leave("emails", "ghost", "was killed")
        for worker in workers:
            await worker.__aexit__(None, None, None)
        await until(lambda: len(_told(listener, ObserverEvent.WORKER_LEFT)) == 5)
    left = [told for told in _told(listener, ObserverEvent.WORKER_LEFT) if told[1] == "ghost"]
    assert left == [("emails", "ghost", "was not heard of any more")]


async def test_a_worker_that_was_given_up_and_is_heard_of_again_joins_again(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    await scripts.attend("emails", "slow", 60_000)
    await asyncio.gather(*(scripts.leave("emails", "slow", "was not heard of") for _ in range(10)))
    await scripts.attend("emails", "slow", 60_000)
    kinds = [event.kind for event in await cleo.events.recent("emails")]
    assert kinds == [ObserverEvent.WORKER_JOINED, ObserverEvent.WORKER_LEFT, ObserverEvent.WORKER_JOINED]


async def test_a_worker_stays_joined_when_its_connections_break(own_cleo: Cleo) -> None:
    _declare(own_cleo)
    async with own_cleo.worker(["emails"], heartbeat=0.05) as worker:
        await until(_count_is(own_cleo, 1))
        beat = (await own_cleo.workers.get(worker.id)).beat_at
        await kill_connections(own_cleo, "normal")
        await until(lambda: _beat_again(own_cleo, {worker.id: beat}))
    told = [event.kind for event in await own_cleo.events.recent("emails")]
    assert told == [ObserverEvent.WORKER_JOINED, ObserverEvent.WORKER_LEFT]
