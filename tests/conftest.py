"""Real servers for the tests: one for each xdist worker, one namespace for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cleo_core import Cleo
from tests.leaks import find_leaks
from tests.processes import WorkerProcess, write_module
from tests.servers import Server

StartWorker = Callable[..., WorkerProcess]

# Examples are the same in each run, and no example is judged by how long a busy machine takes for it. Others are drawn
# where CLEO_TEST_DRAWS is "fresh".
settings.register_profile(
    "suite",
    derandomize=os.environ.get("CLEO_TEST_DRAWS") != "fresh",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Markers of these tests alone."""
    config.addinivalue_line("markers", "garbles_data: writes nonsense past the engine, so counts need not add up")


# Where single tests take many seconds, most of them waiting for processes.
LONG = {"chaos", "demo"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the long tests over the run, and none over its end: so each goes beside short ones, and no process is
    left alone with one.
    """
    long = [item for item in items if item.path.parent.name in LONG]
    short = [item for item in items if item.path.parent.name not in LONG]
    if not long or not short:
        return
    stretch = max(1, len(short) * 4 // 5 // len(long))
    items[:] = []
    for index, item in enumerate(long):
        items += [item, *short[index * stretch : (index + 1) * stretch]]
    items += short[len(long) * stretch :]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the tests of this process share."""
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test alone, which may stop it, fill it or take its connections; append-only, so it keeps its
    data.
    """
    running = Server(tmp_path / "own", append_only=True)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def cleo(server: Server, namespace: str) -> AsyncIterator[Cleo]:
    """A Cleo on the shared server, in a namespace of its own."""
    async with Cleo(server.url, namespace=namespace) as made:
        yield made


@pytest.fixture
async def own_cleo(own_server: Server, namespace: str) -> AsyncIterator[Cleo]:
    """A Cleo on a server of the test's own."""
    async with Cleo(own_server.url, namespace=namespace) as made:
        yield made


@pytest.fixture
async def no_key_leaks(cleo: Cleo) -> AsyncIterator[None]:
    """Fails a test that leaves a key with neither an owner nor a lifetime, or a count that has drifted."""
    yield
    assert await find_leaks(cleo) == []


@pytest.fixture
def start_worker(tmp_path: Path, namespace: str) -> Iterator[StartWorker]:
    """Start ``cleo worker`` on tasks that the test writes: ``start_worker(url, tasks, *arguments)``."""
    started: list[WorkerProcess] = []
    folder = tmp_path / "project"

    def start(url: str, tasks: str | None, *arguments: str, target: str = "jobs:cleo") -> WorkerProcess:
        if tasks is not None:
            write_module(folder, tasks)
        started.append(WorkerProcess(folder, url, namespace, *arguments, target=target))
        return started[-1]

    yield start
    for process in started:
        process.end()
