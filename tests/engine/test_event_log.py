"""The events of queues in the log: how loud each is, and its parts for programs."""

from __future__ import annotations

import json
import logging

import pytest

from cleo_core import Backoff, Cleo, TaskContext
from cleo_core.cli.logs import JsonFormatter
from cleo_core.integrations.event_log import EventLog
from tests.waiting import until


async def test_each_event_is_logged_once_as_loud_as_it_matters(cleo: Cleo, caplog: pytest.LogCaptureFixture) -> None:
    @cleo.task(queue="q", group="g", max_retries=1, backoff=Backoff.fixed(0))
    async def work(ctx: TaskContext, n: int) -> float:
        return 1 / n

    caplog.set_level(logging.DEBUG, "cleo.queues")
    async with EventLog(cleo), cleo.worker(queues=["q"]):
        good, bad = await work.enqueue_many([(1,), (0,)])
        await until(lambda: len(_of(caplog, bad.id)) >= 5 and len(_of(caplog, good.id)) >= 3)
        await cleo.queues.pause("q")
        await until(lambda: any(record.__dict__.get("cleo_event") == "queue_change" for record in caplog.records))
    assert [(record.levelname, record.__dict__["cleo_state"]) for record in _of(caplog, good.id)] == [
        ("DEBUG", "waiting"), ("DEBUG", "active"), ("INFO", "completed"),
    ]  # fmt: skip
    told = _of(caplog, bad.id)
    assert [(record.levelname, record.__dict__["cleo_state"]) for record in told] == [
        ("DEBUG", "waiting"), ("DEBUG", "active"), ("WARNING", "waiting"), ("DEBUG", "active"), ("ERROR", "dead"),
    ]  # fmt: skip
    last = told[-1].__dict__
    assert (last["cleo_task"], last["cleo_queue"], last["cleo_group"]) == ("work", "q", "g")
    assert "ZeroDivisionError: division by zero" in told[-1].getMessage()
    assert last["cleo_run"] >= 0
    assert "cleo_detail" not in _of(caplog, good.id)[0].__dict__


def _of(caplog: pytest.LogCaptureFixture, task_id: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.__dict__.get("cleo_task_id") == task_id]


async def test_other_queues_are_left_out_and_after_it_nothing_is_logged(
    cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    @cleo.task(queue="wanted")
    async def work() -> None: ...

    logger = logging.getLogger("shop.queue")
    caplog.set_level(logging.DEBUG, "shop.queue")
    async with EventLog(cleo, logger=logger, queues=["wanted"]):
        other = await work.options(queue="other").enqueue()
        wanted = await work.enqueue()
        await until(lambda: _of(caplog, wanted.id))
    assert _of(caplog, other.id) == []
    after = await work.enqueue()
    async with EventLog(cleo, queues=["other"]):
        await until(lambda: cleo.events.recent("wanted"))
    assert _of(caplog, after.id) == []


def test_the_parts_are_in_the_json_log_of_the_commands() -> None:
    record = logging.LogRecord("cleo.queues", logging.INFO, "", 0, "%s", ("told",), None)
    record.__dict__.update(cleo_task_id="t-1", cleo_run=0.5)
    entry = json.loads(JsonFormatter().format(record))
    assert (entry["message"], entry["cleo_task_id"], entry["cleo_run"]) == ("told", "t-1", 0.5)
