"""Files for their owner alone: what tasks are given may be nobody else's business."""

from __future__ import annotations

import os
from pathlib import Path


def make_private(path: Path) -> None:
    """Make an empty file that nobody else may read, whatever the umask.

    Raises:
        FileExistsError: there is such a file already.
        OSError: it can't be made.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
