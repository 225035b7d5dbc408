"""How much of the past a queue keeps, as the scripts find it in the queue's hash."""

from __future__ import annotations

from cleo_core.scripts import Scripts
from cleo_core.settings import HistoryLimits


async def write_history_limits(scripts: Scripts, queue: str, limits: HistoryLimits) -> None:
    """Let these limits hold for a queue from now on."""
    await scripts.keep(queue, "" if limits == HistoryLimits() else limits.spec)
