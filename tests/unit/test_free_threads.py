"""A plain function's run begins when a thread or process is free for it, not while it waits for one."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from cleo_core import Cleo
from cleo_core.scripts import Claimed
from cleo_core.settings import Limits
from cleo_core.tasks.registry import Registry
from cleo_core.worker.delivery import Delivery
from cleo_core.worker.execution import Execution
from tests import process_tasks
from tests.waiting import until


def _execution(registry: Registry) -> Execution:
    return Execution(registry, Limits(), "w", 1, lambda *_: None)


def _prepared(execution: Execution, name: str, arguments: bytes) -> Delivery:
    delivery = Delivery(Claimed(b"id", name.encode(), arguments, b'{"v":1,"timeout":60}', b"receipt", b"", 0, 0), "q")
    assert execution.prepare(delivery) is None
    return delivery


async def _steps() -> None:
    """Let everything take its first steps that was just started."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize("name", ["hold", "hold_many"])
async def test_a_function_that_waits_for_a_thread_has_not_begun(name: str) -> None:
    cleo = Cleo("redis://localhost:1")
    reached, go_on = threading.Semaphore(0), threading.Event()

    @cleo.task(queue="q")
    def hold() -> int:
        reached.release()
        go_on.wait(60)
        return 1

    @cleo.task(queue="q", batch=1)
    def hold_many(rows: list[int]) -> None:
        hold.function()

    execution = _execution(cleo.tasks)
    first, second, unwanted = (_prepared(execution, name, b'{"rows":1}' if "many" in name else b"{}") for _ in range(3))
    unwanted.cancel_asked = True

    async def run(delivery: Delivery) -> str:
        ends = await execution.run_batch([delivery]) if "many" in name else [await execution.run(delivery)]
        return "" if ends[0] is None else ends[0].outcome

    runs = [asyncio.create_task(run(delivery)) for delivery in (first, second, unwanted)]
    try:
        await until(lambda: reached.acquire(blocking=False))
        await _steps()
        assert first.began > 0
        assert second.began == unwanted.began == 0
    finally:
        go_on.set()
    assert await asyncio.gather(*runs) == ["completed", "completed", "cancelled"]
    assert second.began > first.began
    assert unwanted.began == 0
    execution.close()


async def test_a_function_that_waits_for_a_process_has_not_begun(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    reached, go_on = tmp_path / "reached", tmp_path / "go on"
    execution = _execution(process_tasks.app.tasks)
    arguments = f'{{"reached":"{reached}","go_on":"{go_on}"}}'.encode()
    first, second = (_prepared(execution, "hold", arguments) for _ in range(2))
    runs = [asyncio.create_task(execution.run(delivery)) for delivery in (first, second)]
    try:
        await until(reached.exists)
        assert first.began > 0
        assert second.began == 0
    finally:
        go_on.touch()
    ends = await asyncio.gather(*runs)
    assert [end.outcome for end in ends if end is not None] == ["completed", "completed"]
    assert second.began > first.began
    execution.close()
