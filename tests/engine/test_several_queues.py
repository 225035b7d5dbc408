"""A worker of several queues shares its slots by weight, or strictly in order."""

from __future__ import annotations

import pytest

from cleo_core import Cleo, InvalidName, InvalidOption, Task
from cleo_core.errors import WorkerError
from tests.waiting import until


def _recorder(cleo: Cleo, ran: list[str]) -> Task[[str], object, None]:
    @cleo.task(queue="emails", retention=0)
    async def note(name: str) -> None:
        ran.append(name)

    return note  # pyright: ignore[reportReturnType]


async def _fill(note: Task[[str], object, None], count: int, *queues: str) -> None:
    for queue in queues:
        await note.options(queue=queue).enqueue_many([(queue,)] * count)


async def test_weights_share_the_slots_while_every_queue_has_tasks(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 200, "emails", "reports")
    async with cleo.worker(["emails:3", "reports:1"], concurrency=1, prefetch=0):
        await until(lambda: len(ran) >= 200)
    share = ran[:200].count("emails")
    assert 140 <= share <= 160


async def test_three_queues_have_their_shares_too(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 300, "emails", "reports", "slow")
    async with cleo.worker(["emails:4", "reports:2", "slow"], concurrency=4, prefetch=0):
        await until(lambda: len(ran) >= 350)
    shares = [ran[:350].count(queue) for queue in ("emails", "reports", "slow")]
    assert shares == [pytest.approx(expected, abs=40) for expected in (200, 100, 50)]


async def test_what_one_queue_does_not_use_goes_to_the_others(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 100, "reports")
    async with cleo.worker(["emails:1000", "reports:1"], concurrency=2):
        await until(lambda: len(ran) == 100)


async def test_strictly_a_queue_is_served_only_while_those_before_it_are_empty(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)
    await _fill(note, 100, "emails", "reports")
    async with cleo.worker(["reports", "emails"], strict=True, concurrency=2, prefetch=0):
        await until(lambda: len(ran) == 200)
    assert ran[:98] == ["reports"] * 98
    assert ran[-98:] == ["emails"] * 98


async def test_a_worker_without_queues_serves_all_that_are_declared(cleo: Cleo) -> None:
    ran: list[str] = []
    note = _recorder(cleo, ran)

    @cleo.task(queue="jobs:1")
    async def odd() -> str:
        return "named like a weight"

    async with cleo.worker():
        await note.enqueue("x")
        assert await (await odd.enqueue()).result(timeout=30) == "named like a weight"
        await until(lambda: ran)


@pytest.mark.parametrize("queue", ["emails:0", "emails:1001", "emails:99999999999999"])
def test_a_weight_out_of_range_is_refused(cleo: Cleo, queue: str) -> None:
    with pytest.raises(InvalidOption, match="from 1 to 1000"):
        cleo.worker([queue])


@pytest.mark.parametrize("queue", ["", ":3", "a{b}:2", "tab\t"])
def test_a_queue_that_cannot_be_is_refused(cleo: Cleo, queue: str) -> None:
    with pytest.raises(InvalidName):
        cleo.worker([queue])


def test_a_worker_with_nothing_to_serve_is_refused(cleo: Cleo) -> None:
    with pytest.raises(WorkerError, match="no queue to serve"):
        cleo.worker()
    with pytest.raises(WorkerError):
        cleo.worker([])


@pytest.mark.parametrize(
    "settings",
    [{"concurrency": 0}, {"lease": 0}, {"lease": float("nan")}, {"grace": -1}, {"nosuch": 1}, {"threads": "x"}],
)
def test_a_setting_that_cannot_be_is_refused_by_its_name(cleo: Cleo, settings: dict[str, object]) -> None:
    with pytest.raises(InvalidOption, match=next(iter(settings))):
        cleo.worker(["q"], **settings)  # pyright: ignore[reportArgumentType]
