"""The slots of a worker: every task that took one gives it back, whenever it is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cleo_core import Cleo
from cleo_core.errors import ServerUnavailable
from cleo_core.scripts import Claimed
from cleo_core.settings import Limits
from cleo_core.tasks.registry import Registry
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.execution import Execution
from cleo_core.worker.line import Line
from cleo_core.worker.slots import Slots
from tests.waiting import until

Begin = Callable[[str, Claimed], Awaitable[bool]]
RAN: list[str] = []


async def _begin(queue: str, claimed: Claimed) -> bool:
    return True


def _nothing(*_: object) -> None:
    pass


def _registry() -> Registry:
    cleo = Cleo("redis://localhost:1")

    @cleo.task(queue="q")
    async def one() -> None:
        RAN.append("one")
        await asyncio.sleep(0)

    @cleo.task(queue="q")
    def plain() -> None:
        RAN.append("plain")

    @cleo.task(queue="q", batch=1)
    async def many(rows: list[int]) -> None:
        RAN.append("many")
        await asyncio.sleep(0)

    return cleo.tasks


def _slots(begin: Begin = _begin, concurrency: int = 3) -> Slots:
    RAN.clear()
    return Slots(Execution(_registry(), Limits(), "w", 2, _nothing), concurrency, begin, _nothing)


def _claimed(task_id: str, name: str, losses: int = 0) -> Claimed:
    arguments = b'{"rows":1}' if name == "many" else b"{}"
    return Claimed(task_id.encode(), name.encode(), arguments, b'{"v":1}', b"receipt", b"", 0, losses)


def _start(slots: Slots, line: Line, name: str) -> list[Delivery]:
    """Fill the slots; what was started has not taken its first step when this comes back."""
    for task_id in ("a", "b", "c"):
        slots.accept(line, _claimed(task_id, name))
    slots.fill()
    assert slots.running == 3
    return list(line.held.values())


def _ends(line: Line) -> list[tuple[bytes, str]]:
    return sorted((settled.id, settled.outcome) for settled in line.finished)


@pytest.mark.parametrize("name", ["one", "plain", "many"])
async def test_a_task_that_is_cancelled_before_its_first_step_ends_and_frees_its_slot(name: str) -> None:
    slots, line = _slots(), Line("q")
    for delivery in _start(slots, line, name):
        slots.cancel(line, delivery)
    await until(lambda: slots.held == 0)
    assert _ends(line) == [(b"a", "cancelled"), (b"b", "cancelled"), (b"c", "cancelled")]
    assert RAN == []
    line.finished.clear()
    _start(slots, line, name)
    await until(lambda: slots.held == 0)
    assert [outcome for _, outcome in _ends(line)] == ["completed"] * 3


@pytest.mark.parametrize("name", ["one", "plain", "many"])
async def test_a_task_whose_lease_is_lost_before_its_first_step_frees_its_slot(name: str) -> None:
    slots, line = _slots(), Line("q")
    for delivery in _start(slots, line, name):
        slots.abandon(delivery)
    await until(lambda: slots.held == 0)
    assert _ends(line) == []
    assert RAN == []


async def test_a_task_that_is_interrupted_before_its_first_step_is_handed_back() -> None:
    slots, line = _slots(), Line("q")
    _start(slots, line, "one")
    slots.close()
    await slots.interrupt(30)
    assert slots.held == 0
    assert _ends(line) == [(b"a", "returned"), (b"b", "returned"), (b"c", "returned")]


@pytest.mark.parametrize("name", ["one", "many"])
async def test_a_suspect_that_could_not_be_begun_lets_the_next_suspect_run(name: str) -> None:
    refusals = ["a"]

    async def begin(queue: str, claimed: Claimed) -> bool:
        if claimed.id.decode() in refusals:
            raise ServerUnavailable("redis://localhost:1", "The connection broke.", "Try again.")
        return True

    slots, line = _slots(begin), Line("q")
    for task_id in ("a", "b", "c"):
        slots.accept(line, _claimed(task_id, name, losses=2))
    slots.fill()
    await until(lambda: slots.held == 0)
    assert _ends(line) == [(b"a", "returned"), (b"b", "completed"), (b"c", "completed")]


async def test_a_task_that_cannot_even_be_prepared_does_not_take_those_behind_it_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare = Execution.prepare

    def fragile(self: Execution, delivery: Delivery) -> object:
        if delivery.id == "a":
            raise ValueError("unforeseen")
        return prepare(self, delivery)

    monkeypatch.setattr(Execution, "prepare", fragile)
    slots, line = _slots(), Line("q")
    for task_id in ("a", "b"):
        slots.accept(line, _claimed(task_id, "one"))
    slots.fill()
    assert list(line.held) == [b"b"]
    await until(lambda: slots.held == 0)
    assert _ends(line) == [(b"b", "completed")]
