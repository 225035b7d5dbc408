"""The sections of a task's page, each made of the record alone."""

from __future__ import annotations

from itertools import pairwise

from textual.content import Content

from cleo_core.models import Attempt, Outcome, TaskRecord, TaskState
from cleo_tui import say
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.json_view import json_text
from cleo_tui.widgets.looks import OUTCOMES

NAMES = ("summary", "timeline", "attempts", "payload", "result", "logs", "options")
BAR = 30
LABEL = 10
# How long a lost attempt ran nobody knows, and a refused one didn't.
UNTIMED = frozenset({Outcome.LOST, Outcome.REFUSED})


def lasting(task: TaskRecord) -> dict[str, Content | None]:
    """The sections by name that look the same until the record is another; None where there is nothing to say."""
    return {
        "payload": _titled("Arguments", json_text(task.arguments)),
        "result": _titled("Result", json_text(task.result)) if task.state is TaskState.COMPLETED else None,
        "logs": _logs(task),
        "options": _titled("Options", json_text(dict(task.options))) if task.options else None,
    }


def ageing(task: TaskRecord, now: float) -> dict[str, Content | None]:
    """Those that also tell how long ago something was."""
    return {
        "summary": _summary(task, now),
        "timeline": _titled("Timeline", _timeline(task, now)),
        "attempts": _attempts(task, now),
    }


def _titled(title: str, content: Content) -> Content:
    return Content.assemble(inked(title, Role.ACCENT).stylize("bold"), "\n", content, "\n")


def _pair(label: str, text: str, role: Role = Role.PLAIN) -> Content:
    return Content.assemble(inked(f"{label:<{LABEL}}", Role.MUTED), inked(text, role))


def _summary(task: TaskRecord, now: float) -> Content:
    lines: list[Content] = []
    if task.progress is not None:
        text = f"  {task.progress:.0%}  {task.progress_text}".rstrip()
        lines.append(Content.assemble(inked(say.bar(task.progress, BAR), Role.ACCENT), inked(text, Role.PLAIN)))
    facts = [_pair("queue", task.queue), _pair("priority", task.priority.name.lower())]
    if task.group:
        facts.append(_pair("group", task.group))
    retries = task.options.get("max_retries")
    tries = f"{task.attempt} of {retries + 1}" if isinstance(retries, int) else str(task.attempt)
    facts.append(_pair("attempt", tries))
    if task.losses:
        facts.append(_pair("lost", f"{say.plural(task.losses, 'worker')} died while running it", Role.WARN))
    if task.worker:
        facts.append(_pair("worker", task.worker))
    if task.lease_expires_at is not None:
        left = task.lease_expires_at - now
        text = f"ends in {say.duration(left)} unless renewed" if left > 0 else f"ran out {say.ago(-left)}"
        facts.append(_pair("lease", text, Role.PLAIN if left > 0 else Role.BAD))
    return Content("\n").join([*lines, *facts, Content("")])


def _timeline(task: TaskRecord, now: float) -> Content:
    moments: list[tuple[float, str, Role]] = [(task.enqueued_at, "enqueued", Role.PLAIN)]
    for attempt in task.attempts:
        ran = "" if attempt.outcome in UNTIMED else f" after {say.duration(attempt.run)}"
        what = f"attempt {attempt.number} {attempt.outcome.replace('_', ' ')}{ran}"
        moments.append((attempt.at, what, OUTCOMES[attempt.outcome].role))
    if task.claimed_at is not None:
        moments.append((task.claimed_at, f"attempt {task.attempt} started on {task.worker}", Role.ACCENT))
    if task.state is TaskState.CANCELLED and task.finished_at is not None and not task.attempts:
        moments.append((task.finished_at, "cancelled", Role.MUTED))
    if task.due_at is not None and task.state is TaskState.DELAYED:
        moments.append((task.due_at, f"due for attempt {task.attempt}", Role.MUTED))
    if task.expires_at is not None:
        moments.append((task.expires_at, "its record is dropped", Role.MUTED))
    moments.sort(key=lambda moment: moment[0])
    gaps = [
        f"+{say.duration(at - before)}" if at - before >= 0.001 else "" for (before, *_), (at, *_) in pairwise(moments)
    ]
    widest = max(map(len, gaps), default=0)
    lines: list[Content] = []
    for (at, what, role), gap in zip(moments, ["", *gaps], strict=True):
        mark = "○" if at > now else "●"
        lines.append(
            Content.assemble(
                inked(f"{mark} ", role),
                inked(say.moment(at), Role.MUTED),
                inked(f"  {gap:<{widest}}  " if widest else "  ", Role.MUTED),
                inked(what, role),
            )
        )
    return Content("\n").join(lines)


def _attempts(task: TaskRecord, now: float) -> Content | None:
    told = [attempt for attempt in task.attempts if attempt.outcome is not Outcome.COMPLETED]
    if not told:
        return None
    return _titled(f"Errors  {len(told)}", Content("\n").join([_attempt(attempt, now) for attempt in reversed(told)]))


def _attempt(attempt: Attempt, now: float) -> Content:
    look = OUTCOMES[attempt.outcome]
    head = f"{look.glyph} attempt {attempt.number} {attempt.outcome.replace('_', ' ')}"
    ran = "" if attempt.outcome in UNTIMED else f", ran {say.duration(attempt.run)}"
    facts = f"  {say.ago(max(0.0, now - attempt.at))}, waited {say.duration(attempt.wait)}{ran}"
    lines = [
        Content.assemble(inked(head, look.role).stylize("bold"), inked(f"{facts} on {attempt.worker}", Role.MUTED))
    ]
    if attempt.error_type:
        lines.append(inked(f"  {attempt.error_type}: {attempt.error_message}", look.role))
    if attempt.traceback:
        lines.append(inked("\n".join(f"  {line}" for line in attempt.traceback.rstrip().split("\n")), Role.MUTED))
    return Content("\n").join(lines)


def _logs(task: TaskRecord) -> Content | None:
    if not task.logs:
        return None
    lines = [
        Content.assemble(inked(say.hour(line.at), Role.MUTED), inked(f"  {line.text}", Role.PLAIN))
        for line in task.logs
    ]
    return _titled(f"Log  {len(task.logs)}", Content("\n").join(lines))
