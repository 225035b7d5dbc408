"""Every test of the engine that uses the shared server is checked for keys that it leaves behind."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _leaves_no_keys(request: pytest.FixtureRequest) -> None:  # pyright: ignore[reportUnusedFunction]
    if "cleo" in request.fixturenames and request.node.get_closest_marker("garbles_data") is None:
        request.getfixturevalue("no_key_leaks")
