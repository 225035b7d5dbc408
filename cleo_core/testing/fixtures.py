"""Fixtures for pytest, on in a project that says so in its ``conftest.py``:

``pytest_plugins = ["cleo_core.testing.fixtures"]``
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, cast

import pytest
from redis import Redis

from cleo_core.app import Cleo
from cleo_core.embedded import resolve
from cleo_core.settings import RedisSettings
from cleo_core.testing.eager import Eager, eager


@pytest.fixture(scope="session")
def cleo_url() -> str:
    """The server of ``cleo_server``: an embedded one, which ends with the tests. Override it to use another."""
    return resolve("embedded://")


@pytest.fixture
def cleo_app() -> Cleo:
    """The ``Cleo`` under test: the default instance. Override it to return your program's."""
    return Cleo.get_instance()


@pytest.fixture
def cleo_server(cleo_app: Cleo, cleo_url: str) -> Iterator[Cleo]:
    """``cleo_app`` on a real server, in a namespace of its own that is removed after the test.

    Use it as ``async with cleo_server:``, so that its connections are closed in the loop that made them.
    """
    backend = cleo_app.backend
    redis, namespace = backend.redis, backend.keys.namespace
    own = f"test-{uuid.uuid4().hex[:12]}"
    backend.point_to(RedisSettings(url=cleo_url), own)
    yield cleo_app
    cleo_app.sync.close()
    backend.point_to(redis, namespace)
    _remove_keys(cleo_url, own)


def _remove_keys(url: str, namespace: str) -> None:
    with cast("Any", Redis).from_url(url) as client:
        for key in client.scan_iter(f"{namespace}:*", count=1_000):
            client.unlink(key)


@pytest.fixture
def cleo_eager(cleo_app: Cleo) -> Iterator[Eager]:
    """What ``cleo_app`` enqueues runs at once, without a server; the fixture tells what ran."""
    with eager(cleo_app) as standing_in:
        yield standing_in
