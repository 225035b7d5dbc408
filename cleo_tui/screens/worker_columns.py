"""The columns of workers, and in which condition each is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cleo_core.models import WorkerInfo, WorkerState
from cleo_core.stuck import SILENT_AFTER
from cleo_tui import say
from cleo_tui.screens.group_columns import FAILS_OFTEN
from cleo_tui.screens.queue_columns import number
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.looks import WORKERS, Look

BLOCKED = 1.0


def condition_of(worker: WorkerInfo, now: float) -> str:
    """In a word: silent (no heartbeat), blocked (code of a task holds up its loop), or what it does about new tasks."""
    if now - worker.beat_at > SILENT_AFTER:
        return "silent"
    if worker.loop_lag > BLOCKED:
        return "blocked"
    return worker.state.value


def look_of(worker: WorkerInfo, now: float) -> tuple[str, Look]:
    """The condition with its glyph."""
    condition = condition_of(worker, now)
    look = WORKERS[condition]
    return f"{look.glyph} {condition}", look


def explained(worker: WorkerInfo, now: float) -> str:
    """What the condition means and what to do; nothing if all is well."""
    condition = condition_of(worker, now)
    if condition == "silent":
        return (
            f"Its last heartbeat is {say.duration(now - worker.beat_at)} old. If it is dead, its tasks are taken back "
            "when their leases run out."
        )
    if condition == "blocked":
        return (
            f"Its event loop has not answered for {say.duration(worker.loop_lag)}: a task does blocking work in an "
            "async function. It is alive and keeps its leases; the Stuck screen shows its tasks."
        )
    if worker.state is WorkerState.PAUSED:
        return _why(worker) or "It claims nothing until it is resumed."
    follows = {
        WorkerState.DRAINING: "It claims nothing more and ends when what it runs has ended.",
        WorkerState.STOPPING: "It claims nothing more; what does not end within its grace period is handed back.",
    }.get(worker.state, "")
    return f"{_why(worker)} {follows}".strip()


def _why(worker: WorkerInfo) -> str:
    """The reason as a sentence: a worker tells it as what follows its name."""
    reason = worker.reason
    if not reason:
        return ""
    return f"It {reason.removeprefix('it ')}."


def columns(now: Callable[[], float]) -> Sequence[Column[WorkerInfo]]:
    """The columns; ages are told by that clock."""

    def state(worker: WorkerInfo) -> Cell:
        text, look = look_of(worker, now())
        return Cell(text, look.role)

    def slots(worker: WorkerInfo) -> Cell:
        full = worker.active >= worker.concurrency
        return Cell(
            f"{say.count(worker.active)} of {say.count(worker.concurrency)}",
            Role.WARN if full else Role.PLAIN if worker.active else Role.FAINT,
        )

    def beat(worker: WorkerInfo) -> Cell:
        seconds = max(0.0, now() - worker.beat_at)
        return Cell(say.ago(seconds), Role.BAD if seconds > SILENT_AFTER else Role.MUTED)

    return (
        Column("state", 10, state, flashes=True),
        Column("worker", 16, lambda worker: Cell(worker.id, Role.STRONG), grow=3, most=48),
        Column("queues", 10, lambda worker: Cell(", ".join(worker.queues), Role.MUTED), grow=2, most=40, drop=4),
        Column("active", 10, slots, Side.RIGHT, flashes=True),
        Column("processed", 9, lambda worker: number(worker.processed), Side.RIGHT, flashes=True),
        Column("failed", 7, _failed, Side.RIGHT, drop=2, flashes=True),
        Column("cpu", 5, lambda worker: Cell(f"{worker.cpu:.0f}%", _cpu_role(worker.cpu)), Side.RIGHT, drop=3),
        Column("memory", 9, _memory, Side.RIGHT, drop=1),
        Column("lag", 6, _lag, Side.RIGHT, drop=5),
        Column(
            "up", 6, lambda worker: Cell(say.age(max(0.0, now() - worker.started_at)), Role.MUTED), Side.RIGHT, drop=6
        ),
        Column("heartbeat", 9, beat, Side.RIGHT),
        Column("host", 12, lambda worker: Cell(worker.host, Role.MUTED), grow=1, most=24, drop=8),
        Column("pid", 7, lambda worker: Cell(str(worker.pid), Role.MUTED), Side.RIGHT, drop=9),
        Column("version", 8, lambda worker: Cell(worker.version, Role.MUTED), drop=7),
    )


def _failed(worker: WorkerInfo) -> Cell:
    return number(worker.failed, failed_role(worker))


def failed_role(worker: WorkerInfo) -> Role:
    """That some tasks fail is usual; that many of them do is not."""
    return Role.BAD if worker.failed > FAILS_OFTEN * worker.processed else Role.PLAIN


def _cpu_role(percent: float) -> Role:
    return Role.WARN if percent > 90 else Role.PLAIN if percent >= 1 else Role.FAINT


def _memory(worker: WorkerInfo) -> Cell:
    near = worker.max_memory is not None and worker.memory > 0.9 * worker.max_memory
    return Cell(say.size(worker.memory), Role.WARN if near else Role.PLAIN)


def _lag(worker: WorkerInfo) -> Cell:
    role = Role.BAD if worker.loop_lag > BLOCKED else Role.WARN if worker.loop_lag > 0.1 else Role.FAINT
    return Cell(say.duration(round(worker.loop_lag, 3)), role)
