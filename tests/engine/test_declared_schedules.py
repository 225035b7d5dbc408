"""Schedules that are declared with a task: entered, changed and taken out by the workers that start."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core import Cleo, Cron, Every, InvalidArguments, InvalidOption, WrongState
from cleo_core.models import ScheduleInfo
from cleo_core.tasks.declared import MAX_ID_BYTES, Declarations, declared_id
from tests.raw import ask, keys_of
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
    assert await scripts.declare("q", "w", declared.mine(), now, declared.of_queue("q", now)) == (2, 0)
    await cleo.schedules.pause("q", declared_id("report", NIGHTLY))
    before = await _unseen(cleo)
    later = now + 5_000
    assert await scripts.declare("q", "w", declared.mine(), later, declared.of_queue("q", later)) == (0, 0)
    assert await _unseen(cleo) == before


async def _unseen(cleo: Cleo) -> list[ScheduleInfo]:
    """The schedules but for when they were last declared."""
    return [item.model_copy(update={"declared_at": None}) for item in (await _items(cleo)).values()]


async def test_a_live_worker_says_again_what_its_code_declares(cleo: Cleo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cleo_core.worker.ticking.VOUCH", 0.05)

    @cleo.task(queue="q", schedule=[NIGHTLY, Every(3_600)])
    def report() -> None: ...

    async with cleo.worker(["q"], worker_id="w1"):
        await until(lambda: _total(cleo, 2))
        first = (await _items(cleo))["report every 3600 s"]
        assert (first.declared, first.declared_by, first.abandoned) == (True, "w1", False)
        await until(lambda: _declared_later(cleo, first))
        # What an operator takes out is not brought back by it.
        await cleo.schedules.remove("q", declared_id("report", NIGHTLY))
        before = (await _items(cleo))["report every 3600 s"]
        await until(lambda: _declared_later(cleo, before))
        assert list(await _items(cleo)) == ["report every 3600 s"]


async def _total(cleo: Cleo, count: int) -> bool:
    return (await cleo.schedules.list("q")).total == count


async def _declared_later(cleo: Cleo, before: ScheduleInfo) -> bool:
    now = (await _items(cleo))[before.id].declared_at
    return now is not None and before.declared_at is not None and now > before.declared_at


async def test_what_no_worker_declares_any_more_is_told_and_stays(cleo: Cleo, server: Server) -> None:
    await _start(server, cleo.namespace, NIGHTLY)
    name = declared_id("report", NIGHTLY)
    await cleo.schedules.add("q", "by hand", "report", when=Every(9))
    assert not (await cleo.schedules.get("q", name)).abandoned
    await ask(cleo, "HINCRBY", f"{keys_of(cleo, 'q').prefix}schedule:{name}", "seen", -181_000)
    gone = await cleo.schedules.get("q", name)
    assert (gone.abandoned, gone.declared) == (True, True)
    # Another program starts; it can't say anything of code that it does not have.
    scripts = await cleo.backend.scripts()
    await scripts.declare("q", "other", b'{"else": true}', 0, [])
    assert (await cleo.schedules.get("q", name)).abandoned
    assert not (await cleo.schedules.get("q", "by hand")).abandoned
    await _start(server, cleo.namespace, NIGHTLY, Every(5))
    assert not (await cleo.schedules.get("q", name)).abandoned


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
    await scripts.declare("q", "w", b'{"else": true, "module elsewhere": true}', 0, [])
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
