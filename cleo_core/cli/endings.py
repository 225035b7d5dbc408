"""How a worker process tells its supervisor why it ended: by its exit code."""

from __future__ import annotations

from cleo_core.worker.duty import Ending

CLEAN = 0
UNSETTLED = 1
REPLACE = 70
FOR_GOOD = 71
FOR_GOOD_UNSETTLED = 72


def exit_code(ending: Ending, unsettled: int) -> int:
    """The code of a worker that ended so, with so many results that the server doesn't know of."""
    match ending:
        case Ending.ORDERED:
            return FOR_GOOD_UNSETTLED if unsettled else FOR_GOOD
        case Ending.OUTGROWN:
            return UNSETTLED if unsettled else REPLACE
        case Ending.STOPPED:
            return UNSETTLED if unsettled else CLEAN
