"""Classes whose methods are tasks: what a method may be, and how it is reached from the class and from an instance."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from cleo_core import (
    Cleo,
    Cron,
    Every,
    InvalidArguments,
    InvalidOption,
    TaskContext,
    TaskFailed,
    TaskState,
    task_method,
)
from cleo_core.errors import DuplicateTaskName
from tests.waiting import until


async def test_a_method_is_enqueued_from_an_instance_with_options_and_in_batches(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Sums:
        async def add(self, a: int, b: int = 2) -> int:
            return a + b

    sums: Any = Sums()
    async with cleo.worker():
        plain = await sums.add.enqueue(1)
        delayed = await sums.add.options(task_id="later", delay=0.05, group="g").enqueue(1, b=9)
        many = await sums.add.enqueue_many([(1,), (2, 3)])
        assert await plain.result(timeout=30) == 3
        assert await delayed.result(timeout=30) == 10
        assert [await handle.result(timeout=30) for handle in many] == [3, 5]
    assert (delayed.id, sums.add.name) == ("later", "Sums.add")


async def test_a_method_may_take_a_context(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q", max_retries=1)
    class Jobs:
        async def whoami(self, ctx: TaskContext, word: str, *more: str) -> list[Any]:
            return [ctx.name, ctx.attempt, word, *more]

        def in_thread(self, ctx: TaskContext) -> list[Any]:
            return [ctx.queue, threading.current_thread() is threading.main_thread()]

    jobs: Any = Jobs
    async with cleo.worker():
        assert await (await jobs.whoami.enqueue("a", "b")).result(timeout=30) == ["Jobs.whoami", 1, "a", "b"]
        assert await (await jobs.in_thread.enqueue()).result(timeout=30) == ["q", False]
    assert await jobs().whoami("here") == ["Jobs.whoami", 1, "here"]


async def test_methods_of_one_name_in_two_classes_are_two_tasks(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Cats:
        async def speak(self) -> str:
            return "meow"

    @cleo.queue_class(queue="q")
    class Dogs:
        async def speak(self) -> str:
            return "woof"

    both: list[Any] = [Cats, Dogs]
    async with cleo.worker():
        assert [await (await each.speak.enqueue()).result(timeout=30) for each in both] == ["meow", "woof"]


async def test_a_method_may_call_another_on_its_own_instance(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Shop:
        def __init__(self) -> None:
            self.total = 0

        def add(self, n: int) -> int:
            self.total += n
            return self.total

        def add_all(self, numbers: list[int]) -> int:
            for n in numbers:
                self.add(n)
            return self.total

    shop: Any = Shop
    async with cleo.worker():
        assert await (await shop.add_all.enqueue([1, 2, 3])).result(timeout=30) == 6


async def test_a_class_that_can_not_be_made_fails_its_task_and_not_the_worker(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q", max_retries=0)
    class Needy:
        def __init__(self, name: str) -> None:
            self.name = name

        async def work(self) -> str:
            return self.name

    @cleo.task(queue="q")
    async def good() -> str:
        return "good"

    needy: Any = Needy
    assert await needy("ada").work() == "ada"
    async with cleo.worker():
        with pytest.raises(TaskFailed, match="TypeError"):
            await (await needy.work.enqueue()).result(timeout=30)
        assert await (await good.enqueue()).result(timeout=30) == "good"


async def test_a_child_that_is_declared_too_has_tasks_under_its_own_name(cleo: Cleo) -> None:
    class Base:
        async def name(self) -> str:
            return type(self).__name__

    @cleo.queue_class(queue="q", include_inherited=True)
    class One(Base):
        pass

    @cleo.queue_class(queue="q", include_inherited=True)
    class Two(Base):
        pass

    assert cleo.tasks.names() == ["One.name", "Two.name"]
    both: list[Any] = [One, Two]
    async with cleo.worker():
        assert [await (await each.name.enqueue()).result(timeout=30) for each in both] == ["One", "Two"]


def test_static_methods_class_methods_and_properties_are_no_tasks(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Some:
        @staticmethod
        def double(n: int) -> int:
            return 2 * n

        @classmethod
        def make(cls) -> Some:
            return cls()

        @property
        def size(self) -> int:
            return 3

        def work(self) -> int:
            return self.double(self.size)

    assert cleo.tasks.names() == ["Some.work"]
    assert Some.double(2) == 4
    assert Some.make().size == 3
    assert Some().work() == 6


def test_what_is_excluded_stays_so_though_it_is_included(cleo: Cleo) -> None:
    @cleo.queue_class(include=["a", "b"], exclude=["b"])
    class Some:  # pyright: ignore[reportUnusedClass]
        def a(self) -> None: ...

        def b(self) -> None: ...

        def c(self) -> None: ...

    assert cleo.tasks.names() == ["Some.a"]


def test_an_empty_include_takes_nothing(cleo: Cleo) -> None:
    @cleo.queue_class(include=[])
    class Some:  # pyright: ignore[reportUnusedClass]
        def a(self) -> None: ...

    assert cleo.tasks.names() == []


def test_two_classes_of_one_name_are_refused(cleo: Cleo) -> None:
    def one() -> type:
        class Same:
            def work(self) -> None: ...

        return Same

    def two() -> type:
        class Same:
            def work(self) -> None: ...

        return Same

    cleo.queue_class(queue="q")(one())
    with pytest.raises(DuplicateTaskName, match=r"'Same\.work' is declared twice"):
        cleo.queue_class(queue="q")(two())


async def test_arguments_of_a_method_are_checked_without_its_self(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Some:
        def work(self, n: int) -> int:
            return n

    some: Any = Some
    handle = await some.work.enqueue("5")
    record = await cleo.queues.get_task("q", handle.id)
    assert (record.state, record.arguments) == (TaskState.WAITING, {"n": 5})
    with pytest.raises(ValueError, match="takes 1 positional arguments; 2 were given"):
        await some.work.enqueue(some(), 5)


async def test_methods_have_schedules_of_their_own(cleo: Cleo) -> None:
    nightly = Cron("0 3 * * *")

    @cleo.queue_class(queue="q", schedule={"clean_up": [nightly, Every(3_600)], "report": Every(60)})
    class Chores:  # pyright: ignore[reportUnusedClass]
        async def clean_up(self, days: int = 7) -> None: ...

        async def report(self) -> None: ...

        async def on_demand(self, what: str) -> None: ...

    async with cleo.worker():
        await until(lambda: _scheduled(cleo, 3))
        items = {item.id: item for item in (await cleo.schedules.list("q")).items}
        assert sorted(items) == [
            "Chores.clean_up 0 3 * * * UTC", "Chores.clean_up every 3600 s", "Chores.report every 60 s"
        ]  # fmt: skip
        assert items["Chores.clean_up 0 3 * * * UTC"].task == "Chores.clean_up"


async def _scheduled(cleo: Cleo, count: int) -> bool:
    return (await cleo.schedules.list("q")).total == count


async def test_a_schedule_of_a_class_is_one_of_each_task_and_runs_on_an_instance_of_its_own(cleo: Cleo) -> None:
    ran: list[str] = []

    @cleo.queue_class(queue="q", schedule=Every(0.1))
    class Ticks:  # pyright: ignore[reportUnusedClass]
        async def one(self) -> None:
            ran.append(type(self).__name__)

    async with cleo.worker():
        await until(lambda: len(ran) >= 2)
    assert set(ran) == {"Ticks"}


def test_a_schedule_of_what_is_no_task_is_refused_before_anything_is_declared(cleo: Cleo) -> None:
    for schedule in ({"other": Every(1)}, {"_hidden": Every(1)}, {"left_out": Every(1)}):
        with pytest.raises(InvalidOption, match="no task"):

            @cleo.queue_class(schedule=schedule, exclude=["left_out"])
            class Some:  # pyright: ignore[reportUnusedClass]
                def work(self) -> None: ...

                def left_out(self) -> None: ...

                def _hidden(self) -> None: ...

    with pytest.raises(InvalidOption, match="schedule"):
        cleo.queue_class(schedule={"work": "0 3 * * *"})  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidArguments, match=r"'Needy.work' .* without arguments"):

        @cleo.queue_class(schedule=Every(1))
        class Needy:  # pyright: ignore[reportUnusedClass]
            def work(self, n: int) -> None: ...

    assert cleo.tasks.names() == []


async def test_a_marked_method_is_a_task_like_the_others(cleo: Cleo) -> None:
    @cleo.queue_class(queue="q")
    class Sums:
        @task_method
        async def add(self, a: int, b: int = 2) -> int:
            return a + b

        async def double(self, n: int) -> int:
            return 2 * n

    assert cleo.tasks.names() == ["Sums.add", "Sums.double"]
    assert await Sums().add(1) == 3
    async with cleo.worker():
        assert await (await Sums.add.enqueue(1, b=4)).result(timeout=30) == 5
        assert await (await Sums().add.options(delay=0.01).enqueue(1)).result(timeout=30) == 3
        assert [await one.result(timeout=30) for one in await Sums().add.enqueue_many([(1,), (2, 3)])] == [3, 5]
