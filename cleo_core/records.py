"""From what the scripts keep to the models that are handed out. The formats are told in ``lua/lib/events.lua``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue
from pydantic_core import from_json

from cleo_core.headers import split_head
from cleo_core.models import (
    Attempt,
    Event,
    LogLine,
    ObserverEvent,
    Outcome,
    TaskPage,
    TaskPriority,
    TaskRecord,
    TaskState,
    TaskSummary,
)

Line = Sequence[Any]
# As page_row.lua cuts them off.
PREVIEW = 200


def read_line(data: bytes | str) -> Line:
    """JSON as its values. Text that another program wrote may be no UTF-8; what can't be read of it is replaced."""
    try:
        return from_json(data)
    except ValueError:
        return from_json(data.decode(errors="replace")) if isinstance(data, bytes) else from_json(data)


def _seconds(milliseconds: Any) -> float:
    return float(milliseconds) / 1000


def _number(data: bytes) -> int:
    """A stored whole number; 0 for what is none."""
    return int(data) if data.isdigit() else 0


def _priority(data: bytes) -> TaskPriority:
    priorities = {str(int(priority)).encode(): priority for priority in TaskPriority}
    return priorities.get(data, TaskPriority.NORMAL)


def _outcome(line: Line) -> Outcome:
    return Outcome(line[11]) if line[11] else Outcome.CANCELLED


def attempt_of(line: Line) -> Attempt:
    """The attempt that a line tells of."""
    return Attempt(
        number=line[4],
        outcome=_outcome(line),
        at=_seconds(line[9]),
        wait=_seconds(line[6]),
        run=line[10] / 1e6,
        worker=line[5],
        error_type=line[12],
        error_message=line[13],
        traceback=line[14] if len(line) > 14 else "",
    )


def event_of(queue: str, position: str, line: Line) -> Event:
    """The event that a line tells of."""
    detail = f"{line[12]}: {line[13]}" if line[12] else line[13]
    return Event(
        kind=ObserverEvent(line[7]),
        queue=queue,
        at=_seconds(line[9]),
        position=position,
        task_id=line[0],
        name=line[1],
        group=line[2],
        worker=line[5],
        state=TaskState(line[8]) if line[8] else None,
        detail=detail,
        run=line[10] / 1e6 if line[10] else None,
    )


def _end_fields(end: bytes) -> dict[str, Any]:
    line = read_line(end)
    error = f"{line[12]}: {line[13]}" if line[12] else ""
    fields: dict[str, Any] = {"finished_at": _seconds(line[9]), "error": error}
    if line[5]:
        fields |= {"worker": line[5], "attempt": line[4], "claimed_at": _seconds(line[9]) - line[10] / 1e6}
    return fields


def _receipt_fields(receipt: bytes, ready_ms: float) -> dict[str, Any]:
    line = read_line(receipt + b"]")
    return {"worker": line[5], "attempt": line[4], "claimed_at": (ready_ms + line[6]) / 1000}


def summary_of(queue: str, state: TaskState, raw: list[Any], due_ms: bytes | None) -> TaskSummary | None:
    """What a list shows of a task, of ``page.lua``'s values; None if its record is gone."""
    task_id, receipt, (stored, name, group, priority, at, ready, tries, end, progress, reason, arguments) = raw
    if not name:
        return None
    fields: dict[str, Any] = {
        "id": task_id.decode(errors="replace"),
        "name": name.decode(errors="replace"),
        "queue": queue,
        "group": group.decode(errors="replace"),
        "priority": _priority(priority),
        "state": state if state in {TaskState.ACTIVE, TaskState.WAITING} else TaskState(stored.decode()),
        "enqueued_at": _number(at) / 1000,
        "attempt": _number(tries) + 1,
        "error": reason.decode(errors="replace"),
        # Cut off anywhere, in the middle of a letter too.
        "preview": arguments.decode(errors="ignore"),
    }
    if progress:
        fields["progress"] = from_json(progress)[0]
    if due_ms is not None and state is TaskState.DELAYED:
        fields["due_at"] = _seconds(due_ms)
    if end:
        ended = _end_fields(end)
        fields |= ended if not fields["error"] else {**ended, "error": fields["error"]}
    if receipt:
        fields |= _receipt_fields(receipt, float(_number(ready) or _number(at)))
    return TaskSummary(**fields)


def page_of(queue: str, state: TaskState, raw: list[Any]) -> TaskPage:
    """A window onto the tasks of a state, of what ``page.lua`` returns."""
    now, offset, total, tasks, scores = raw
    items: list[TaskSummary] = []
    for position, task in enumerate(tasks):
        item = summary_of(queue, state, task, scores[position] if position < len(scores) else None)
        if item is not None:
            items.append(item)
    return TaskPage(queue=queue, state=state, offset=offset, total=total, items=items, at=_seconds(now))


def record_of(queue: str, task_id: str, raw: list[Any]) -> TaskRecord | None:
    """Everything that is kept of a task, of what ``record.lua`` returns; None if there is no such task."""
    now, flat, state, receipt, lease, due, ttl = raw
    stored: dict[bytes, bytes] = dict(zip(flat[::2], flat[1::2], strict=True))
    if b"name" not in stored:
        return None
    columns = (b"state", b"name", b"group", b"prio", b"at", b"ready", b"tries", b"end", b"progress", b"reason")
    arguments = stored.get(b"args", b"")
    beginning = arguments if len(arguments) <= PREVIEW else arguments[:PREVIEW] + "…".encode()
    values = [*(stored.get(column, b"") for column in columns), beginning]
    kind = TaskState(state.decode())
    summary = summary_of(queue, kind, [task_id.encode(), receipt, values], due or None)
    assert summary is not None
    attempts = [attempt_of(read_line(line)) for line in stored.get(b"attempts", b"").split(b"\n") if line]
    if kind in {TaskState.COMPLETED, TaskState.CANCELLED} and (end := stored.get(b"end")) and read_line(end)[5]:
        attempts.append(attempt_of(read_line(end)))
    head, headers = split_head(stored.get(b"head", b"{}"))
    progress = from_json(stored[b"progress"]) if b"progress" in stored else None
    losses = _number(stored.get(b"losses", b""))
    return TaskRecord(
        **summary.model_dump(),
        arguments=_json_or_text(arguments or b"null"),
        options=_options_of(head),
        headers=headers,
        attempts=attempts,
        logs=[LogLine(at=_seconds(at), text=text) for at, text in map(read_line, stored.get(b"log", b"").splitlines())],
        progress_text=progress[1] if progress else "",
        result=_json_or_text(stored.get(b"result", b"null")),
        reason=stored.get(b"reason", b"").decode(errors="replace"),
        lease_expires_at=_seconds(lease) if lease else None,
        expires_at=_seconds(now + ttl) if ttl > 0 else None,
        losses=losses,
        cancel_requested=b"cancel" in stored,
    )


def _options_of(head: bytes) -> dict[str, JsonValue]:
    """The options that travelled with a task; what is no JSON object is shown under ``head``."""
    options = _json_or_text(head)
    return options if isinstance(options, dict) else {"head": options}


def _json_or_text(data: bytes) -> JsonValue:
    """What was stored; text that is no JSON (another program wrote it) is shown as it is."""
    try:
        return from_json(data)
    except ValueError:
        return data.decode(errors="replace")
