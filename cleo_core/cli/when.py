"""Points in time as they are written on a command line."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Annotated

import typer

from cleo_core.cli.exits import Misused

UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="WHEN", help="From then on: 2h (ago), 2026-11-26T05:00, or seconds since 1970."),
]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Up to then; written as --since.")]


def length(text: str) -> float:
    """Seconds of a length of time such as ``90s``, ``15m``, ``2h``, ``7d``.

    Raises:
        Misused: it is none.
    """
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise Misused(f"{text!r} is no length of time. Write 90s, 15m, 2h, 7d or 4w.")
    return float(match[1]) * UNITS[match[2]]


def moment_of(text: str | None) -> float | None:
    """Seconds since the epoch of a time: a length of time ago, an ISO date (local time unless it says), or the seconds.

    Raises:
        Misused: it can't be read.
    """
    if text is None:
        return None
    if _LENGTH.fullmatch(text.strip()):
        return time.time() - length(text)
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise Misused(f"{text!r} is no time. Write 2h for two hours ago, or 2026-11-26T05:00.") from None
