"""The glyph and the role of each state. A glyph always stands with its word, so that none is told by colour alone."""

from __future__ import annotations

from typing import NamedTuple

from cleo_core.models import CheckStatus, GroupInfo, GroupStanding, ObserverEvent, Outcome, TaskState
from cleo_tui import say
from cleo_tui.data.health import Health
from cleo_tui.theme import Role


class Look(NamedTuple):
    """How a state looks."""

    glyph: str
    role: Role


STATES = {
    TaskState.WAITING: Look("○", Role.PLAIN),
    TaskState.DELAYED: Look("◷", Role.MUTED),
    TaskState.ACTIVE: Look("►", Role.ACCENT),
    TaskState.COMPLETED: Look("✓", Role.GOOD),
    TaskState.DEAD: Look("✗", Role.BAD),
    TaskState.CANCELLED: Look("⊘", Role.MUTED),
}
OUTCOMES = {
    Outcome.COMPLETED: Look("✓", Role.GOOD),
    Outcome.FAILED: Look("✗", Role.BAD),
    Outcome.TIMED_OUT: Look("◷", Role.BAD),
    Outcome.CANCELLED: Look("⊘", Role.MUTED),
    Outcome.LOST: Look("?", Role.WARN),
    Outcome.REFUSED: Look("✗", Role.BAD),
}
HEALTHS = {
    Health.OK: Look("●", Role.GOOD),
    Health.PAUSED: Look("‖", Role.WARN),
    Health.LATE: Look("◔", Role.WARN),
    Health.GROWING: Look("▲", Role.WARN),
    Health.FAILING: Look("✗", Role.BAD),
    Health.STALLED: Look("■", Role.BAD),
}
STANDINGS = {
    GroupStanding.READY: Look("●", Role.GOOD),
    GroupStanding.IDLE: Look("○", Role.FAINT),
    GroupStanding.PAUSED: Look("‖", Role.WARN),
    GroupStanding.AT_LIMIT: Look("▣", Role.ACCENT),
    GroupStanding.LOCKED: Look("⊗", Role.WARN),
    GroupStanding.THROTTLED: Look("◷", Role.ACCENT),
}
CHECKS = {
    CheckStatus.OK: Look("✓", Role.GOOD),
    CheckStatus.WARN: Look("▲", Role.WARN),
    CheckStatus.BAD: Look("✗", Role.BAD),
    CheckStatus.UNKNOWN: Look("?", Role.MUTED),
}
WORKERS = {
    "running": Look("●", Role.GOOD),
    "paused": Look("‖", Role.WARN),
    "draining": Look("▽", Role.WARN),
    "stopping": Look("▼", Role.WARN),
    "blocked": Look("■", Role.BAD),
    "silent": Look("?", Role.BAD),
}
RUNS = Look("►", Role.ACCENT)
YIELDS = Look("▽", Role.WARN)
REASONS = {
    "queue_paused": Look("‖", Role.WARN),
    "group_paused": Look("‖", Role.WARN),
    "group_at_limit": Look("▣", Role.ACCENT),
    "rate_limited": Look("◷", Role.ACCENT),
    "lock_held": Look("⊗", Role.WARN),
    "lock_awaited": Look("⊗", Role.WARN),
    "yielding": YIELDS,
    "behind": Look("≡", Role.PLAIN),
    "delayed": Look("◷", Role.PLAIN),
    "no_worker": Look("■", Role.BAD),
    "workers_paused": Look("■", Role.BAD),
    "no_worker_knows_task": Look("■", Role.BAD),
    "workers_busy": Look("▲", Role.WARN),
    "claimable": Look("●", Role.GOOD),
    "running": Look("►", Role.ACCENT),
    "completed": Look("✓", Role.GOOD),
    "cancelled": Look("⊘", Role.MUTED),
    "dead": Look("✗", Role.BAD),
}
EVENTS = {
    ObserverEvent.TASK_ADDED: Look("+", Role.PLAIN),
    ObserverEvent.STATUS_CHANGE: Look("·", Role.MUTED),
    ObserverEvent.TASK_COMPLETED: Look("✓", Role.GOOD),
    ObserverEvent.TASK_FAILED: Look("✗", Role.BAD),
    ObserverEvent.TASK_PROGRESS: Look("…", Role.ACCENT),
    ObserverEvent.TASK_STALLED: Look("?", Role.WARN),
    ObserverEvent.QUEUE_CHANGE: Look("‖", Role.WARN),
    ObserverEvent.GROUP_CHANGE: Look("‖", Role.WARN),
    ObserverEvent.WORKER_JOINED: Look("»", Role.GOOD),
    ObserverEvent.WORKER_LEFT: Look("«", Role.WARN),
}


def standing_of(group: GroupInfo) -> tuple[str, Role]:
    """Where a group stands: glyph and word, and its role."""
    if group.yields and group.standing is GroupStanding.READY:
        return f"{YIELDS.glyph} yields", YIELDS.role
    if group.active and group.standing is GroupStanding.IDLE:
        return f"{RUNS.glyph} running", RUNS.role
    look = STANDINGS[group.standing]
    return f"{look.glyph} {say.words(group.standing)}", look.role
