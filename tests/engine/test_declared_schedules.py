"""Schedules that are declared with a task: entered, changed and taken out by the workers that start."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core import Cleo, Cron, Every, InvalidArguments, InvalidOption, WrongState
from cleo_core.models import ScheduleInfo
from cleo_core.tasks.declared import MAX_ID_BYTES, Declarations, declared_id
from tests.servers import Server
from tests.waiting import until

NIGHTLY = Cron("0 3 * * *", tz="Europe/Oslo")


async def _items(cleo: Cleo, queue: str = "q") -> dict[str, ScheduleInfo]:
    return {item.id: item for item in (await cleo.schedules.list(queue)).items}


async def _start(server: Server, namespace: str, *schedules: Any, queue: str = "q", name: str = "report") -> Cleo:
    """A worker of a program that declares a task so, started and stopped when its schedules are entered."""
    async with Cleo(server.url, namespace=namespace) as program:

        @program.task(queue=queue, name=name, schedule=schedules or None, timeout=5)
        def report(days: int = 1) -> None: ...

        @program.task(queue=queue, name="marker", schedule=Every(86_400, limit=len(str(schedules)) % 100 + 1))
        def marker() -> None: ...

        before = (await _items(program, queue)).get("marker every 86400 s")
        async with program.worker([queue, "q"]):
            await until(lambda: _entered(program, queue, before))
    return program


async def _entered(cleo: Cleo, queue: str, before: ScheduleInfo | None) -> bool:
    return (await _items(cleo, queue)).get("marker every 86400 s") != before


def _ids(items: dict[str, ScheduleInfo]) -> list[str]:
    return sorted(name for name in items if not name.startswith("marker"))


async def test_a_worker_enters_what_its_tasks_declare(cleo: Cleo, server: Server) -> None:
    await _start(server, cleo.namespace, NIGHTLY, Every(30.0))
    items = await _items(cleo)
    assert _ids(items) == ["report 0 3 * * * Europe/Oslo", "report every 30 s"]
    info = items["report 0 3 * * * Europe/Oslo"]
    assert (info.task, info.when, info.declared, info.arguments) == ("report", NIGHTLY, True, {})
    assert info.options == {"timeout": 5.0}
    assert info.next_at == NIGHTLY.upcoming(1, after=info.created_at)[0]


async def test_a_queue_that_has_nothing_but_declared_schedules_is_seen(cleo: Cleo) -> None:
    @cleo.task(queue="fresh", schedule=Every(3_600))
    def report() -> None: ...

    async with cleo.worker():
        await until(cleo.queues.names)
    assert await cleo.queues.names() == ["fresh"]


async def test_a_start_of_the_same_code_changes_nothing(cleo: Cleo) -> None:
    @cleo.task(queue="q", schedule=[NIGHTLY, Every(30)])
    def report() -> None: ...

    declared, scripts = Declarations(cleo.tasks), await cleo.backend.scripts()
    now = await scripts.time()
    assert await scripts.declare("q", declared.mine(), now, declared.of_queue("q", now)) == (2, 0)
    await cleo.schedules.pause("q", declared_id("report", NIGHTLY))
    before = await _items(cleo)
    later = now + 5_000
    assert await scripts.declare("q", declared.mine(), later, declared.of_queue("q", later)) == (0, 0)
    assert await _items(cleo) == before


async def test_when_the_declaration_changes_so_do_the_schedules(cleo: Cleo, server: Server) -> None:
    await _start(server, cleo.namespace, NIGHTLY, Every(30.0))
    before = (await _items(cleo))["report every 30 s"]
    await _start(server, cleo.namespace, Every(30.0, grace=5.0), Cron("0 4 * * *"))
    items = await _items(cleo)
    assert _ids(items) == ["report 0 4 * * * UTC", "report every 30 s"]
    assert items["report every 30 s"].when == Every(30.0, grace=5.0)
    assert items["report every 30 s"].created_at == before.created_at
    await _start(server, cleo.namespace)
    assert _ids(await _items(cleo)) == []


async def test_schedules_of_a_task_that_moved_or_is_gone_from_its_module_are_taken_out(
    cleo: Cleo, server: Server
) -> None:
    await _start(server, cleo.namespace, NIGHTLY)
    await _start(server, cleo.namespace, NIGHTLY, queue="other")
    assert _ids(await _items(cleo)) == []
    assert _ids(await _items(cleo, "other")) == ["report 0 3 * * * Europe/Oslo"]
    await _start(server, cleo.namespace, NIGHTLY, Every(5), queue="other", name="renamed")
    assert _ids(await _items(cleo, "other")) == ["renamed 0 3 * * * Europe/Oslo", "renamed every 5 s"]


async def test_schedules_that_others_declare_or_that_were_added_stay(cleo: Cleo, server: Server) -> None:
    scripts = await cleo.backend.scripts()
    await _start(server, cleo.namespace, NIGHTLY)
    await cleo.schedules.add("q", "by hand", "report", when=Every(9))
    # Another program, whose module and tasks are others.
    await scripts.declare("q", b'{"else": true, "module elsewhere": true}', 0, [])
    assert _ids(await _items(cleo)) == ["by hand", "report 0 3 * * * Europe/Oslo"]
    await _start(server, cleo.namespace)
    assert _ids(await _items(cleo)) == ["by hand"]


async def test_a_declared_schedule_is_changed_in_its_declaration_only_but_can_be_paused_and_removed(
    cleo: Cleo, server: Server
) -> None:
    await _start(server, cleo.namespace, NIGHTLY)
    name = declared_id("report", NIGHTLY)
    with pytest.raises(WrongState, match="declared with the task"):
        await cleo.schedules.add("q", name, "report", when=Every(9))
    assert await cleo.schedules.pause("q", name)
    assert await cleo.schedules.remove("q", name)
    await _start(server, cleo.namespace, NIGHTLY, Every(77))
    assert not (await _items(cleo))[name].paused


def test_long_ids_are_cut_and_stay_apart() -> None:
    first, second = (declared_id("t" * 200, Every(n)) for n in (1, 2))
    assert first != second
    assert max(len(first), len(second)) <= MAX_ID_BYTES


def test_a_task_that_needs_arguments_can_not_be_declared_with_a_schedule(cleo: Cleo) -> None:
    with pytest.raises(InvalidArguments, match=r"'needy' .* without arguments.*cleo\.schedules\.add"):

        @cleo.task(schedule=Every(1))
        def needy(n: int) -> None: ...


@pytest.mark.parametrize("schedule", ["0 3 * * *", 30.0, [30.0], [Every(1), Every(1, grace=5)], object()])
def test_what_is_no_schedule_is_refused_where_it_is_declared(cleo: Cleo, schedule: Any) -> None:
    with pytest.raises(InvalidOption, match="schedule"):
        cleo.task(schedule=schedule)
