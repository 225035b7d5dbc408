"""``cleo enqueue``: a task by its name, or one for each line of a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from cleo_core.cli.arguments import arguments_of, object_of
from cleo_core.cli.commanding import alone, command
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed, Misused
from cleo_core.cli.options import Queue
from cleo_core.cli.progress import Progress
from cleo_core.cli.shapes import Enqueued
from cleo_core.cli.words import clean
from cleo_core.models import TaskPriority

app = alone()

BATCH = 500
PRIORITIES = {priority.name.lower(): priority for priority in TaskPriority}


@command(app, "enqueue", shows=Enqueued, lines=True)
async def enqueue(
    run: Run,
    queue: Queue,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Its arguments; a value is JSON, or else a text."),
    ] = None,
    args: Annotated[str | None, typer.Option("--args", metavar="JSON", help="All arguments as a JSON object.")] = None,
    lines: Annotated[
        str | None,
        typer.Option("--lines", metavar="FILE", help="A task for each line, a JSON object of arguments; - for stdin."),
    ] = None,
    task_id: Annotated[str | None, typer.Option("--id", help="Its id; a second task of that id is not stored.")] = None,
    group: Annotated[str | None, typer.Option("--group", "-g", help="Its group.")] = None,
    priority: Annotated[str | None, typer.Option("--priority", help="low, normal, high or critical.")] = None,
    delay: Annotated[float | None, typer.Option("--delay", help="Seconds before it may run.")] = None,
    max_retries: Annotated[int | None, typer.Option("--max-retries", help="How often it is tried again.")] = None,
    timeout: Annotated[float | None, typer.Option("--timeout", help="Seconds that an attempt may take.")] = None,
    retention: Annotated[int | None, typer.Option("--retention", help="Seconds to keep it when it has ended.")] = None,
) -> None:
    """Enqueue a task by its name. Nothing is known here of its code: the worker checks the arguments.

    Writes the id of each task, one a line.
    """
    given = {
        "task_id": task_id,
        "group": group,
        "priority": _priority(priority),
        "delay": delay,
        "max_retries": max_retries,
        "timeout": timeout,
        "retention": retention,
    }
    options = {name: value for name, value in given.items() if value is not None}
    if lines is None:
        handle = await run.cleo.queues.add(queue, task, arguments_of(arguments or [], args), **options)
        _tell(run, Enqueued(id=handle.id, queue=queue, created=handle.created is not False))
        return
    if arguments or args is not None or task_id is not None:
        raise Misused("With --lines the arguments are in the file, and each task gets an id of its own.")
    await _enqueue_lines(run, queue, task, lines, options)


async def _enqueue_lines(run: Run, queue: str, task: str, path: str, options: dict[str, Any]) -> None:
    done = 0
    with Progress("Enqueued", None) as bar:
        for batch in _batches(path):
            try:
                handles = await asyncio.gather(*(run.cleo.queues.add(queue, task, each, **options) for each in batch))
            except BaseException as error:
                if done and isinstance(error, Exception):
                    raise Failed(f"After {done:,} tasks that were enqueued: {error}") from error
                raise
            for handle in handles:
                _tell(run, Enqueued(id=handle.id, queue=queue, created=handle.created is not False))
            done += len(handles)
            bar.reached(done)
    run.out.say(f"{done:,} tasks were enqueued.")


def _batches(path: str) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    try:
        with sys.stdin if path == "-" else Path(path).open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    batch.append(object_of(line, f"Line {number:,} of {path}"))
                if len(batch) == BATCH:
                    yield batch
                    batch = []
    except (OSError, UnicodeDecodeError) as error:
        raise Misused(f"{path} can't be read: {error}") from error
    if batch:
        yield batch


def _tell(run: Run, task: Enqueued) -> None:
    run.out.stream(task, lambda look: task.id if task.created else f"{clean(task.id)} (was there already)")


def _priority(text: str | None) -> TaskPriority | None:
    if text is None:
        return None
    if text.lower() not in PRIORITIES:
        raise Misused(f"There is no priority {text!r}. Choose one of {', '.join(PRIORITIES)}.")
    return PRIORITIES[text.lower()]
