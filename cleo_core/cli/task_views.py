"""Tasks as tables and pages of text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from cleo_core.cli.tables import Cell, Colour, Column, Look, Painted, cut, facts, right, table, wide
from cleo_core.cli.words import NOTHING, ago, clean, duration, moment, number, share
from cleo_core.models import TaskRecord, TaskState, TaskSummary

COLOURS = {TaskState.DEAD: Colour.RED, TaskState.COMPLETED: Colour.GREEN, TaskState.ACTIVE: Colour.YELLOW}
LONGEST = 2_000


def task_table(look: Look, tasks: Iterable[TaskSummary], at: float) -> str:
    """One line a task; what the lines tell depends on where the tasks stand."""
    listed = list(tasks)
    state = listed[0].state if listed else TaskState.WAITING
    columns = [Column("ID"), wide("NAME"), wide("GROUP"), Column("PRIORITY"), right("ATTEMPT"), right("ENQUEUED")]
    last = {
        TaskState.DELAYED: [right("DUE")],
        TaskState.ACTIVE: [right("RUNS"), right("PROGRESS"), wide("WORKER")],
        TaskState.COMPLETED: [right("ENDED")],
        TaskState.CANCELLED: [right("ENDED")],
        TaskState.DEAD: [right("ENDED"), wide("ERROR")],
    }.get(state, [])
    return table(look, [*columns, *last], (_row(task, state, at) for task in listed))


def _row(task: TaskSummary, state: TaskState, at: float) -> Sequence[Cell]:
    first: list[Cell] = [
        task.id,
        task.name,
        task.group or NOTHING,
        task.priority.name.lower(),
        number(task.attempt),
        ago(task.enqueued_at, at),
    ]
    match state:
        case TaskState.DELAYED:
            return [*first, ago(task.due_at, at)]
        case TaskState.ACTIVE:
            running = duration(at - task.claimed_at) if task.claimed_at is not None else NOTHING
            return [*first, running, share(task.progress), task.worker]
        case TaskState.COMPLETED | TaskState.CANCELLED:
            return [*first, ago(task.finished_at, at)]
        case TaskState.DEAD:
            return [*first, ago(task.finished_at, at), task.error]
        case _:
            return first


def task_page(look: Look, task: TaskRecord) -> str:
    """Everything that is kept of a task, its attempts with their tracebacks last."""
    return "\n".join(_page(look, task))


def _page(look: Look, task: TaskRecord) -> Iterator[str]:
    colour = COLOURS.get(task.state)
    pairs: list[tuple[str, Cell]] = [
        ("id", task.id),
        ("task", task.name),
        ("queue", task.queue),
        ("group", task.group or NOTHING),
        ("priority", task.priority.name.lower()),
        ("state", Painted(task.state, colour)),
        ("attempt", number(task.attempt)),
        ("enqueued", moment(task.enqueued_at)),
        ("due", moment(task.due_at)),
        ("claimed", moment(task.claimed_at)),
        ("ended", moment(task.finished_at)),
        ("kept until", moment(task.expires_at)),
        ("worker", task.worker or NOTHING),
        ("lost workers", number(task.losses)),
        ("reason", task.reason or NOTHING),
        ("progress", f"{share(task.progress)} {task.progress_text}".strip()),
        ("arguments", _json(task.arguments)),
        ("options", _json(task.options)),
        ("result", _json(task.result) if task.state is TaskState.COMPLETED else NOTHING),
    ]
    yield facts(look, [pair for pair in pairs if pair[1] not in {NOTHING, ""}])
    for line in task.logs:
        yield f"log {moment(line.at)}  {clean(line.text)}"
    for attempt in task.attempts:
        yield (
            f"attempt {attempt.number} {attempt.outcome} {moment(attempt.at)} on {clean(attempt.worker)}, "
            f"waited {duration(attempt.wait)}, ran {duration(attempt.run)}"
        )
        if attempt.error_type:
            yield look.paint(f"  {clean(attempt.error_type)}: {clean(attempt.error_message)}", Colour.RED)
        for line in attempt.traceback.splitlines():
            yield f"    {clean(line) if line.strip() else ''}"


def _json(value: object) -> str:
    return cut(json.dumps(value, ensure_ascii=False), LONGEST)
