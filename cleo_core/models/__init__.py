"""The values that cross a boundary: enums and frozen models, nothing that does anything.

Times are seconds since the epoch and durations are seconds, both ``float``, here and in every public call.
"""

from cleo_core.models.access import AuditEntry, Check, CheckStatus, Identity, Role
from cleo_core.models.base import Model
from cleo_core.models.dead_letters import (
    ArgumentsCheck,
    DeadLetter,
    DeadLetterKind,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    DeathReason,
    Discard,
    DiscardReport,
    RetryRun,
    RetryState,
    StopReason,
)
from cleo_core.models.events import Event, EventGap, ObserverEvent
from cleo_core.models.groups import (
    GroupInfo,
    GroupOptions,
    GroupOrder,
    GroupPage,
    GroupRules,
    GroupStanding,
    GroupStrategy,
    LockInfo,
)
from cleo_core.models.history import HistoryEntry
from cleo_core.models.queues import BulkReport, MinuteStats, QueueStats
from cleo_core.models.schedules import ScheduleInfo, SchedulePage
from cleo_core.models.states import Outcome, TaskPriority, TaskState
from cleo_core.models.stuck import (
    FarPastUsual,
    LeaseRanOut,
    PastTimeout,
    RecoveryReport,
    StuckKind,
    StuckPage,
    StuckReason,
    StuckTask,
    WorkerBlocked,
    WorkerHealth,
    WorkerSilent,
)
from cleo_core.models.tasks import Attempt, LogLine, Progress, TaskPage, TaskRecord, TaskSummary
from cleo_core.models.workers import ServerInfo, TaskSignature, WorkerInfo, WorkerState

__all__ = [
    "ArgumentsCheck",
    "Attempt",
    "AuditEntry",
    "BulkReport",
    "Check",
    "CheckStatus",
    "DeadLetter",
    "DeadLetterKind",
    "DeadLetterKinds",
    "DeadLetterPage",
    "DeadLetterRecord",
    "DeathReason",
    "Discard",
    "DiscardReport",
    "Event",
    "EventGap",
    "FarPastUsual",
    "GroupInfo",
    "GroupOptions",
    "GroupOrder",
    "GroupPage",
    "GroupRules",
    "GroupStanding",
    "GroupStrategy",
    "HistoryEntry",
    "Identity",
    "LeaseRanOut",
    "LockInfo",
    "LogLine",
    "MinuteStats",
    "Model",
    "ObserverEvent",
    "Outcome",
    "PastTimeout",
    "Progress",
    "QueueStats",
    "RecoveryReport",
    "RetryRun",
    "RetryState",
    "Role",
    "ScheduleInfo",
    "SchedulePage",
    "ServerInfo",
    "StopReason",
    "StuckKind",
    "StuckPage",
    "StuckReason",
    "StuckTask",
    "TaskPage",
    "TaskPriority",
    "TaskRecord",
    "TaskSignature",
    "TaskState",
    "TaskSummary",
    "WorkerBlocked",
    "WorkerHealth",
    "WorkerInfo",
    "WorkerSilent",
    "WorkerState",
]
