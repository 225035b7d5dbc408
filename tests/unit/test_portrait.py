"""What a worker says of itself."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest

from cleo_core import Cleo
from cleo_core.settings import WorkerSettings
from cleo_core.worker import portrait
from cleo_core.worker.duty import Duty
from cleo_core.worker.slots import Slots


def test_two_heartbeats_in_a_row_do_not_measure_the_cpu_over_the_moment_between_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    measured = iter([0.0, 12.0])
    monkeypatch.setattr(psutil.Process, "cpu_percent", lambda _process: next(measured))
    worker = portrait.Portrait("w1", ["emails"], Cleo("redis://localhost").tasks, WorkerSettings())
    slots = cast(Slots, SimpleNamespace(running=0, failed=0))

    def cpu() -> Any:
        return worker.draw(Duty(None, lambda: None), slots, 0, loop_lag=0.0, now=1.0).cpu

    monkeypatch.setattr(portrait, "CPU_OVER", 0.0)
    assert cpu() == 12.0
    monkeypatch.setattr(portrait, "CPU_OVER", 3_600.0)
    assert cpu() == 12.0


def test_a_worker_tells_of_its_start_by_the_clock_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(portrait, "time", clock)
    worker = portrait.Portrait("w1", ["emails"], Cleo("redis://localhost").tasks, WorkerSettings())
    slots = cast(Slots, SimpleNamespace(running=0, failed=0))
    for now in (5_000_000.0, 5_000_002.0):
        clock.now += 2.0
        info = worker.draw(Duty(None, lambda: None), slots, 0, loop_lag=0.0, now=now)
        assert (info.started_at, info.beat_at) == (4_999_998.0, now)
