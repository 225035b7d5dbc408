"""What the tests of the console share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet

from cleo_tui.app import CleoApp

STAYS: dict[str, Any] = {"timeout": 600}


@pytest.fixture(autouse=True, scope="session")
def _styles_are_read_once() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Each of hundreds of consoles reads the same styles nine times; what they are read as is the same for all. It
    depends on nothing but the text, its place and the theme's variables, and nobody writes into it.
    """
    read, known = Stylesheet._parse_rules, dict[Any, Any]()  # pyright: ignore[reportPrivateUsage]

    def remembered(sheet: Stylesheet, css: str, read_from: Any, *rest: Any, **named: Any) -> Any:
        key = (css, read_from, rest, *named.items(), *sheet._variables.items())  # pyright: ignore[reportPrivateUsage]
        if key not in known:
            known[key] = read(sheet, css, read_from, *rest, **named)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", remembered)
        yield


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
