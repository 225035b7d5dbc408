"""Making a Cleo, finding it again, and telling it where its server is."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from cleo_core import Cleo, InvalidName, InvalidOption, InvalidUrl, RedisSettings, WorkerSettings, queue_class, task
from cleo_core.errors import DuplicateTaskName
from tests.servers import Server


@pytest.fixture
def instance() -> Iterator[str]:
    """The name of an instance that is gone after the test."""
    name = f"instance-{uuid.uuid4().hex[:8]}"
    yield name
    Cleo._instances.pop(name, None)  # pyright: ignore[reportPrivateUsage]


def test_an_instance_is_found_again_by_its_name(instance: str) -> None:
    assert Cleo.get_instance(instance) is Cleo.get_instance(instance)
    assert Cleo.get_instance(instance) is not Cleo.get_instance(instance + "-2")
    Cleo._instances.pop(instance + "-2")  # pyright: ignore[reportPrivateUsage]


async def test_tasks_may_be_declared_before_it_is_known_where_the_server_is(
    server: Server, namespace: str, instance: str
) -> None:
    cleo = Cleo.get_instance(instance)

    @cleo.task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    settings = WorkerSettings(concurrency=3)
    assert cleo.configure(redis=RedisSettings(url=server.url), namespace=namespace, worker=settings) is cleo
    async with cleo, cleo.worker() as worker:
        assert worker.settings.concurrency == 3
        assert await (await double.enqueue(4)).result(timeout=30) == 8
    assert cleo.namespace == namespace
    assert str(server.port) in cleo.address


async def test_a_connected_cleo_cannot_be_moved(cleo: Cleo, server: Server) -> None:
    await cleo.ping()
    with pytest.raises(InvalidOption, match="connected already"):
        cleo.configure(redis=server.url)
    await cleo.close()
    cleo.configure(redis=server.url)
    await cleo.ping()


@pytest.mark.parametrize("namespace", ["", "a{b", "x" * 201, "new\nline"])
def test_a_namespace_that_cannot_be_part_of_a_key_is_refused(namespace: str) -> None:
    with pytest.raises(InvalidName):
        Cleo("redis://localhost", namespace=namespace)


def test_an_empty_address_is_refused() -> None:
    with pytest.raises(InvalidUrl):
        Cleo("")


async def test_the_functions_of_the_module_bind_to_the_default_instance(server: Server, namespace: str) -> None:
    default = Cleo.get_instance()

    @task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    @task
    async def plain() -> None:
        return None

    @queue_class(queue="q")
    class Mailer:  # pyright: ignore[reportUnusedClass]
        def send(self) -> None:
            return None

    assert {"Mailer.send", "double", "plain"} <= set(default.tasks.names())
    default.configure(redis=server.url, namespace=namespace)
    async with default, default.worker(["q"]):
        assert await (await double.enqueue(3)).result(timeout=30) == 6


def test_two_functions_of_one_name_are_refused(cleo: Cleo) -> None:
    @cleo.task
    async def work() -> None:
        return None

    def other() -> None:
        return None

    with pytest.raises(DuplicateTaskName, match="declared twice"):
        cleo.task(name="work")(other)


def test_a_cleo_serves_one_event_loop_after_another(server: Server, namespace: str) -> None:
    cleo = Cleo(server.url, namespace=namespace)

    @cleo.task(queue="q")
    async def double(n: int) -> int:
        return 2 * n

    async def once(n: int) -> int:
        async with cleo, cleo.worker():
            return await (await double.enqueue(n)).result(timeout=30)

    assert [asyncio.run(once(n)) for n in (1, 2)] == [2, 4]


async def test_closing_twice_is_harmless_and_using_it_again_connects_anew(cleo: Cleo) -> None:
    @cleo.task(queue="q")
    async def work() -> None:
        return None

    await work.enqueue()
    await cleo.close()
    await cleo.close()
    await work.enqueue()
    assert (await cleo.queues.stats("q")).waiting == 2


async def test_the_server_says_what_it_is(cleo: Cleo) -> None:
    info = await cleo.server_info()
    assert info.product in {"Valkey", "Redis"}
    assert info.role == "master"
    assert info.writable
    assert info.used_memory > 0
