"""Prometheus: what one program counts and times, served by its workers, in one process and in several."""

from __future__ import annotations

import os
import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cleo_core import Backoff, Cleo, ServerError, TaskContext, TaskFailed
from cleo_core.integrations.prometheus import PrometheusMiddleware
from tests.conftest import StartWorker
from tests.servers import Server, free_port
from tests.waiting import until


def _value(metrics: PrometheusMiddleware, name: str, /, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_what_is_enqueued_and_run_is_counted_and_timed(cleo: Cleo) -> None:
    metrics = cleo.use(PrometheusMiddleware(buckets=(1, 60)))

    @cleo.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def work(ctx: TaskContext, n: int) -> float:
        return 1 / n

    good, bad = await work.options(task_id="good").enqueue(1), await work.enqueue(0)
    await work.options(task_id="good").enqueue(1)
    async with cleo.worker():
        await good.result(timeout=30)
        with pytest.raises(TaskFailed):
            await bad.result(timeout=30)
    task = {"queue": "q", "name": "work"}
    assert _value(metrics, "cleo_producer_tasks_total", **task, outcome="created") == 2
    assert _value(metrics, "cleo_producer_tasks_total", **task, outcome="known") == 1
    for outcome in ("completed", "retried", "dead"):
        assert _value(metrics, "cleo_worker_attempts_total", **task, outcome=outcome) == 1
    assert _value(metrics, "cleo_worker_dead_letters_total", **task) == 1
    assert _value(metrics, "cleo_worker_run_seconds_count", **task) == 3
    assert _value(metrics, "cleo_worker_run_seconds_bucket", **task, le="1.0") == 3
    assert _value(metrics, "cleo_worker_wait_seconds_count", **task) == 3
    assert b'cleo_worker_attempts_total{name="work",outcome="dead",queue="q"} 1.0' in metrics.exposition()


async def test_what_is_not_taken_is_counted_as_refused_and_a_registry_may_be_shared() -> None:
    registry = CollectorRegistry()
    metrics = PrometheusMiddleware(registry=registry)
    cleo = Cleo("redis://127.0.0.1:1/0", middleware=[metrics])

    @cleo.task(queue="q")
    async def work() -> None: ...

    with pytest.raises(ServerError):
        await work.enqueue()
    labels = {"queue": "q", "name": "work", "outcome": "refused"}
    assert registry.get_sample_value("cleo_producer_tasks_total", labels) == 1


def _scrape(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            return answer.read().decode()
    except OSError:
        return ""


async def test_a_worker_serves_its_metrics_while_it_runs_and_says_so_if_the_port_is_taken(
    cleo: Cleo, caplog: pytest.LogCaptureFixture
) -> None:
    import asyncio

    port = free_port()
    cleo.use(PrometheusMiddleware(port))
    cleo.use(PrometheusMiddleware(port))

    @cleo.task(queue="q")
    async def work() -> None: ...

    async with cleo.worker():
        await (await work.enqueue()).result(timeout=30)
        page = await asyncio.to_thread(_scrape, port)
        assert 'cleo_worker_attempts_total{name="work",outcome="completed",queue="q"} 1.0' in page
        assert "are not served" in caplog.text
    assert await asyncio.to_thread(_scrape, port) == ""


JOBS = """
from cleo_core.integrations.prometheus import PrometheusMiddleware
cleo.use(PrometheusMiddleware(int(os.environ["TEST_PORT"])))

@cleo.task(queue="q")
async def work(n: int) -> None:
    await asyncio.sleep(0.05)
"""


async def test_processes_share_one_port_and_its_heir_serves_when_one_is_killed(
    cleo: Cleo, server: Server, start_worker: StartWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "shared"))
    monkeypatch.setenv("TEST_PORT", str(port))
    process = start_worker(server.url, JOBS, "--processes", "2", "--concurrency", "2")
    await until(lambda: process.ready == 2)
    for n in range(40):
        await cleo.queues.add("q", "work", {"n": n})
    await until(lambda: _counted(port) == 40)
    assert len({name.rpartition("_")[2] for name in os.listdir(tmp_path / "shared")}) == 2
    for child in process.children:
        child.kill()
    await until(lambda: process.ready == 4)
    await until(lambda: _counted(port) == 40)


def _counted(port: int) -> float:
    found = re.search(r'attempts_total\{name="work",outcome="completed",queue="q"\} ([\d.]+)', _scrape(port))
    return float(found[1]) if found else 0.0
