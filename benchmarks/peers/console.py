"""What the benchmark commands do alike in a terminal."""

from __future__ import annotations

import os
import platform
import signal
import sys
from types import FrameType


def to_stderr(message: str) -> None:
    """Tell a person what happens, apart from the figures on the standard output."""
    print(message, file=sys.stderr, flush=True)


def leave_on_signals() -> None:
    """Turn SIGTERM and SIGHUP into an exception, so that everything started is stopped on the way out."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def machine() -> dict[str, object]:
    """What figures depend on, as far as it can be told without naming anybody's machine."""
    return {"python": platform.python_version(), "system": platform.system(), "cpus": os.cpu_count()}
