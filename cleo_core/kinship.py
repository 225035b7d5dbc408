"""Processes that are not to outlive the one that started them."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:  # pragma: no cover - runs in the child, between fork and exec
    """To be given to ``subprocess.Popen`` as ``preexec_fn``: the kernel ends the child when its parent is gone.

    Linux only; elsewhere it does nothing, and a parent that is killed leaves its children behind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
