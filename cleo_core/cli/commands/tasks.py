"""``cleo tasks``: lists by state, one with all that is kept of it, cancelling and removing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from cleo_core.cli.bulk import change_many
from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.finding import Filter, Window, find_tasks
from cleo_core.cli.options import MAX_IDS, DryRun, Limit, Offset, Queue, TaskId, TaskIds, Yes, ids_of
from cleo_core.cli.shapes import Plan, TaskList
from cleo_core.cli.task_views import task_page, task_table
from cleo_core.errors import TaskNotFound, WrongState
from cleo_core.models import BulkReport, TaskRecord, TaskState

app = group("Tasks: lists by state, one with all that is kept of it, cancelling and removing.")

OfGroup = Annotated[str | None, typer.Option("--group", "-g", help="Only of this group; '' for those without one.")]
OfName = Annotated[str | None, typer.Option("--name", help="Only tasks of this name.")]
WithError = Annotated[str | None, typer.Option("--error", help="Only with this text in their error.")]
LookAt = Annotated[
    int, typer.Option("--look-at", min=1, max=MAX_IDS, help="How many tasks a filter may look at, at most.")
]


@command(app, "list", shows=TaskList)
async def list_tasks(
    run: Run,
    queue: Queue,
    state: Annotated[TaskState, typer.Option("--state", "-s", help="Where they stand.")] = TaskState.WAITING,
    group: OfGroup = None,
    name: OfName = None,
    error: WithError = None,
    newest: Annotated[bool, typer.Option("--newest", help="In the opposite order.")] = False,
    limit: Limit = 100,
    offset: Offset = 0,
    look_at: LookAt = 10_000,
) -> None:
    """List the tasks of a queue that are in one state.

    Waiting ones come group by group, delayed ones by when they are due, ended ones the latest first.
    """
    await run.known_queue(queue)
    wanted = Filter(group, name, error)
    found = await find_tasks(run, queue, state, wanted, Window(offset, limit, look_at, newest))
    run.out.show(found, lambda look: task_table(look, found.items, found.at))
    _tell_the_rest(run, found, wanted, offset)


def _tell_the_rest(run: Run, found: TaskList, wanted: Filter, offset: int) -> None:
    shown = offset + len(found.items)
    if wanted.any:
        if found.total > shown:
            run.out.say(f"{len(found.items):,} of {found.total:,} tasks; --offset {shown} shows the next.")
        return
    if found.matched > shown:
        run.out.say(f"{len(found.items):,} of {found.matched:,} that fit; --offset {shown} shows the next.")
    if found.looked_at < found.total:
        run.out.say(f"Only {found.looked_at:,} of {found.total:,} tasks were looked at; --look-at raises that.")


@command(app, "show", shows=TaskRecord)
async def show_task(run: Run, queue: Queue, task_id: TaskId) -> None:
    """Show everything that is kept of a task: arguments, attempts with tracebacks, log, result."""
    await run.known_queue(queue)
    record = await run.cleo.queues.get_task(queue, task_id)
    run.out.show(record, lambda look: task_page(look, record))


@command(app, "cancel", shows=BulkReport | Plan)
async def cancel_tasks(
    run: Run,
    queue: Queue,
    ids: TaskIds = None,
    state: Annotated[
        TaskState | None, typer.Option("--state", "-s", help="All waiting, delayed or active ones.")
    ] = None,
    group: OfGroup = None,
    name: OfName = None,
    look_at: LookAt = MAX_IDS,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Cancel tasks by their ids, or all of a state that fit.

    Those that wait are cancelled at once; the workers of those that run are asked to stop them.
    """
    await run.known_queue(queue)
    chosen = await _chosen(run, queue, ids, state, Filter(group, name), look_at)
    await change_many(
        run, queue, chosen, run.cleo.queues.cancel, verb="cancel", done="cancelled", yes=yes, dry_run=dry_run
    )


async def _chosen(
    run: Run, queue: str, ids: list[str] | None, state: TaskState | None, wanted: Filter, look_at: int
) -> list[str]:
    """The ids that were named, or those that fit."""
    if bool(ids) == (state is not None) or (ids and not wanted.any):
        raise Misused("Name the tasks by their ids, or all of a state by --state, with --group and --name if need be.")
    if state is None:
        return ids_of(ids)
    if state.is_final:
        raise Misused(f"Tasks that are {state} have ended and can't be cancelled.")
    found = await find_tasks(run, queue, state, wanted, Window(0, MAX_IDS, look_at))
    if found.looked_at < found.total:
        run.out.say(f"Only {found.looked_at:,} of {found.total:,} tasks were looked at.")
    return [task.id for task in found.items]


@command(app, "remove", shows=BulkReport | Plan)
async def remove_tasks(run: Run, queue: Queue, ids: TaskIds = None, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Forget tasks that don't run, with all that is kept of them."""
    await run.known_queue(queue)
    if not ids:
        raise Misused("Name the tasks by their ids, or - to read them from standard input.")

    async def remove(queue: str, chosen: Sequence[str]) -> BulkReport:
        answers = await asyncio.gather(*(_remove(run, queue, task_id) for task_id in chosen))
        failures = {task_id: why for task_id, why in zip(chosen, answers, strict=True) if why}
        return BulkReport(done=len(chosen) - len(failures), failures=failures)

    chosen = ids_of(ids)
    if len(chosen) == 1 and not dry_run:
        await run.cleo.queues.remove_task(queue, chosen[0])
        report = BulkReport(done=1)
        run.out.show(report, lambda look: "1 task removed.")
        return
    await change_many(run, queue, chosen, remove, verb="remove", done="removed", yes=yes, dry_run=dry_run)


async def _remove(run: Run, queue: str, task_id: str) -> str:
    try:
        await run.cleo.queues.remove_task(queue, task_id)
    except (TaskNotFound, WrongState) as error:
        return str(error)
    return ""
