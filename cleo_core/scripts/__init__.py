"""The Lua scripts as typed functions: each atomic transition is one call here and one file in ``lua/``.

A method's arguments are what the script takes after its key; what it returns is decoded here and nowhere else. The
text of a script is put together once from its file and the pieces of ``lua/lib`` that it includes, and is then known
by its hash.
"""

from __future__ import annotations

from cleo_core.scripts.access import AccessScripts
from cleo_core.scripts.dead_letters import DeadLetterScripts
from cleo_core.scripts.groups import GroupScripts
from cleo_core.scripts.history import HistoryScripts
from cleo_core.scripts.loading import Script, load
from cleo_core.scripts.locks import LockScripts
from cleo_core.scripts.retries import RetryScripts
from cleo_core.scripts.schedules import DueSchedule, ScheduleScripts
from cleo_core.scripts.stuck import StuckScripts
from cleo_core.scripts.tasks import NewTask, TaskScripts
from cleo_core.scripts.work import MAX_DELIVERIES, Claimed, Cycle, Held, Poisoned, Report, Settled, WorkScripts
from cleo_core.scripts.workers import WorkerScripts

__all__ = [
    "MAX_DELIVERIES",
    "Claimed",
    "Cycle",
    "DueSchedule",
    "Held",
    "NewTask",
    "Poisoned",
    "Report",
    "Script",
    "Scripts",
    "Settled",
    "load",
]


class Scripts(
    TaskScripts,
    WorkScripts,
    GroupScripts,
    HistoryScripts,
    LockScripts,
    DeadLetterScripts,
    RetryScripts,
    WorkerScripts,
    AccessScripts,
    ScheduleScripts,
    StuckScripts,
):
    """All scripts on one connection, by what they are about."""
