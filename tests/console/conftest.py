"""What the tests of the console share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from cleo_tui.app import CleoApp

STAYS: dict[str, Any] = {"timeout": 600}


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times of day are told in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _what_is_told_stays(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """What is told stays on screen for as long as a busy machine may take to look at it; only what follows it replaces
    it.
    """
    notify = CleoApp.notify

    def keep(app: CleoApp, message: str, **options: Any) -> None:
        notify(app, message, **(options | STAYS))

    monkeypatch.setattr(CleoApp, "notify", keep)
