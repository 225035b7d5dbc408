"""Classes whose methods are tasks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cleo_core import Cleo, InvalidOption, TaskContext, TaskPriority


async def test_each_public_method_is_a_task_named_after_its_class(cleo: Cleo) -> None:
    @cleo.queue_class(queue="mail", group="g", priority=TaskPriority.HIGH, max_retries=1)
    class Mailer:
        def __init__(self) -> None:
            self.prefix = "to "

        async def send(self, name: str) -> str:
            return self.prefix + name

        def count(self, n: int) -> int:
            return n + 1

        def _private(self) -> None:
            raise AssertionError

    assert cleo.tasks.names() == ["Mailer.count", "Mailer.send"]
    mailer: Any = Mailer
    async with cleo.worker():
        sent = await mailer.send.enqueue("ada")
        counted = await mailer.count.enqueue(n=1)
        assert await sent.result(timeout=30) == "to ada"
        assert await counted.result(timeout=30) == 2
    record = await cleo.queues.get_task("mail", sent.id)
    assert (record.name, record.group, record.priority) == ("Mailer.send", "g", TaskPriority.HIGH)
    assert record.options["max_retries"] == 1


async def test_methods_are_still_methods_of_an_instance(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Shop:
        def __init__(self, name: str = "default") -> None:
            self.name = name

        def greet(self, who: str) -> str:
            return f"{self.name} greets {who}"

        async def wait(self, ctx: TaskContext, n: int) -> int:
            ctx.log("here")
            return n

    shop: Any = Shop("corner")
    assert shop.greet("ada") == "corner greets ada"
    assert await shop.wait(3) == 3
    async with cleo.worker():
        handle = await shop.greet.enqueue("ada")
        assert await handle.result(timeout=30) == "default greets ada"


async def test_each_run_has_an_instance_of_its_own(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Counter:
        def __init__(self) -> None:
            self.n = 0

        async def add(self, n: int) -> int:
            self.n += n
            await asyncio.sleep(0)
            return self.n

    counter: Any = Counter
    async with cleo.worker():
        handles = await counter.add.enqueue_many([(1,)] * 20)
        assert {await handle.result(timeout=30) for handle in handles} == {1}


def test_include_takes_only_what_it_names(cleo: Cleo) -> None:
    @cleo.queue_class(include=["_hidden"])
    class Some:
        def shown(self) -> None:
            return None

        def _hidden(self) -> None:
            return None

    assert cleo.tasks.names() == ["Some._hidden"]
    assert Some().shown() is None  # pyright: ignore[reportUnknownMemberType]


def test_exclude_leaves_out_what_it_names(cleo: Cleo) -> None:
    @cleo.queue_class(exclude=["helper"])
    class Some:
        def work(self) -> None:
            return None

        def helper(self) -> int:
            return 7

    assert cleo.tasks.names() == ["Some.work"]
    assert Some().helper() == 7


class _Base:
    def inherited(self, n: int) -> int:
        return n


@pytest.mark.parametrize("inherit", [False, True])
async def test_inherited_methods_are_tasks_only_when_asked_for(cleo: Cleo, inherit: bool) -> None:
    @cleo.queue_class(queue="q", include_inherited=inherit)
    class Child(_Base):
        def own(self, n: int) -> int:
            return 2 * n

    child: Any = Child
    assert cleo.tasks.names() == (["Child.inherited", "Child.own"] if inherit else ["Child.own"])
    assert child().inherited(3) == 3
    assert _Base().inherited(3) == 3
    if inherit:
        async with cleo.worker():
            assert await (await child.inherited.enqueue(4)).result(timeout=30) == 4


@pytest.mark.parametrize("options", [{"include": ["nosuch"]}, {"exclude": ["nosuch"]}])
def test_a_method_that_is_not_there_cannot_be_named(cleo: Cleo, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption, match="has no method 'nosuch'"):

        @cleo.queue_class(**options)
        class Some:  # pyright: ignore[reportUnusedClass]
            def work(self) -> None:
                return None


async def test_static_methods_keep_all_their_arguments(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Tools:
        @staticmethod
        def double(n: int) -> int:
            return 2 * n

        def own(self) -> None:
            return None

    tools: Any = Tools
    assert tools.double(4) == 8
    assert tools().double(4) == 8
    if "Tools.double" in cleo.tasks.names():
        async with cleo.worker():
            assert await (await tools.double.enqueue(4)).result(timeout=30) == 8
