"""What tasks say: how much of it is kept, in which calls it is sent, and what becomes of it when that fails."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import cast

import pytest

from cleo_core import ServerError
from cleo_core.scripts import Claimed, Report, Scripts
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.reports import MAX_BYTES, MAX_LINES, MAX_REPORTS, Reports


class _Server:
    """Takes reports as ``Scripts`` does, unless it is away."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Sequence[Report]]] = []
        self.away_after: int | None = None

    async def report(self, queue: str, reports: Sequence[Report]) -> list[int]:
        if self.away_after is not None and len(self.calls) >= self.away_after:
            raise ServerError("server", "away", "wait")
        await asyncio.sleep(0)
        self.calls.append((queue, reports))
        return [1] * len(reports)

    @property
    def lines(self) -> list[str]:
        """All log lines that have come."""
        return [line for _, reports in self.calls for report in reports for line in json.loads(report.logs or b"[]")]


def _delivery(task_id: str = "t", queue: str = "q") -> Delivery:
    return Delivery(Claimed(task_id.encode(), b"", b"", b"", b"r", b"", 0, 0), queue)


DELIVERIES = [_delivery(str(n)) for n in range(200)]


async def _send(reports: Reports, server: _Server) -> None:
    await reports.send(cast("Scripts", server))


async def _fail(reports: Reports, server: _Server, after: int = 0) -> None:
    server.away_after = after
    with pytest.raises(ServerError):
        await _send(reports, server)
    server.away_after = None


async def test_of_a_chatty_task_no_more_is_sent_than_the_server_keeps() -> None:
    reports, server, delivery = Reports(), _Server(), _delivery()
    for n in range(10_000):
        reports.say(delivery, -1, "", f"line {n:05} " + "x" * 100)
        reports.say(delivery, -1, "", "")
    await _send(reports, server)
    assert sum(len(line) for line in server.lines) <= MAX_LINES
    assert 150 < len(server.lines) < 400
    assert server.lines[-2].startswith("line 09999")
    assert not reports.pending


async def test_the_lines_of_many_tasks_are_sent_in_calls_of_a_bounded_size() -> None:
    reports, server = Reports(), _Server()
    for delivery in DELIVERIES:
        for _ in range(20):
            reports.say(delivery, -1, "", "x" * 1000)
    await _send(reports, server)
    sizes = [sum(len(report.logs) for report in calls) for _, calls in server.calls]
    assert len(sizes) > 4
    assert max(sizes) <= MAX_BYTES
    assert sorted(report.id for _, calls in server.calls for report in calls) == sorted(
        delivery.claimed.id for delivery in DELIVERIES
    )


async def test_the_progress_of_many_tasks_is_sent_in_calls_of_a_bounded_number() -> None:
    reports, server = Reports(), _Server()
    for n in range(2 * MAX_REPORTS + 1):
        reports.say(_delivery(str(n)), 0.5, "half", None)
    await _send(reports, server)
    assert [len(calls) for _, calls in server.calls] == [MAX_REPORTS, MAX_REPORTS, 1]


async def test_what_could_not_be_sent_comes_first_the_next_time() -> None:
    reports, server, delivery = Reports(), _Server(), _delivery()
    reports.say(delivery, 0.2, "early", None)
    reports.say(delivery, -1, "", "one")
    await _fail(reports, server)
    reports.say(delivery, -1, "", "two")
    await _send(reports, server)
    assert server.lines == ["one", "two"]
    (report,) = server.calls[0][1]
    assert (report.fraction, report.text) == (0.2, "early")


async def test_what_arrived_before_the_server_went_away_is_not_sent_again() -> None:
    reports, server = Reports(), _Server()
    for queue in ("a", "b"):
        reports.say(_delivery(queue=queue), -1, "", f"in {queue}")
    await _fail(reports, server, after=1)
    await _send(reports, server)
    assert server.lines == ["in a", "in b"]


async def test_while_the_server_is_away_no_more_is_kept_of_a_task_than_the_server_would() -> None:
    reports, server, delivery = Reports(), _Server(), _delivery()
    for n in range(50):
        for _ in range(20):
            reports.say(delivery, -1, "", f"{n} " + "x" * 1000)
        await _fail(reports, server)
    await _send(reports, server)
    assert sum(len(line) for line in server.lines) <= MAX_LINES
    assert server.lines[-1].startswith("49 ")


@pytest.mark.parametrize("fate", ["settled", "lost"])
async def test_what_can_not_be_sent_of_a_task_that_is_over_is_forgotten(fate: str) -> None:
    reports, server, delivery = Reports(), _Server(), _delivery()
    reports.say(delivery, -1, "", "last words")
    setattr(delivery, fate, True)
    await _fail(reports, server)
    assert not reports.pending


async def test_who_sends_waits_for_what_is_on_its_way() -> None:
    reports, server, delivery = Reports(), _Server(), _delivery()
    reports.say(delivery, -1, "", "one")
    first = asyncio.create_task(_send(reports, server))
    await asyncio.sleep(0)
    assert reports.pending
    assert server.lines == []
    await _send(reports, server)
    assert server.lines == ["one"]
    await first


async def test_lines_of_many_threads_all_arrive() -> None:
    reports, server = Reports(), _Server()

    def speak(delivery: Delivery) -> None:
        for n in range(100):
            reports.say(delivery, -1, "", f"{n}")

    threads = [threading.Thread(target=speak, args=(DELIVERIES[n],)) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        await _send(reports, server)
    await _send(reports, server)
    assert sorted(server.lines) == sorted(f"{n}" for n in range(100) for _ in range(8))
