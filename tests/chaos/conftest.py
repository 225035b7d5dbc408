"""Where the scenes of chaos are played."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.scenes import Stage
from tests.conftest import StartWorker


@pytest.fixture
def stage(tmp_path: Path, start_worker: StartWorker) -> Stage:
    """The folder in which the workers of this test run."""
    return Stage(tmp_path / "project", start_worker)
