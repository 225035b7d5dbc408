"""What the console sees to once it has started."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from cleo_tui import resting


class Knot:
    """Refers to itself, so that only the collector can let go of it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    gc.enable()
    gc.unfreeze()


async def test_what_stays_is_out_of_the_collectors_sight_and_what_was_left_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resting, "REST", 0.0)
    resting.begin()
    left = weakref.ref(Knot())
    assert not gc.isenabled()
    assert left() is not None
    await resting.settle()
    assert gc.isenabled()
    assert left() is None
    assert gc.get_freeze_count() > len(gc.get_objects())
    assert "plotext" in sys.modules


async def test_the_server_that_was_looked_at_before_is_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "REST", 0.0)
    before = Knot()
    left = weakref.ref(before)
    await resting.settle()
    del before
    assert left() is not None, "it was frozen"
    await resting.settle()
    assert left() is None
