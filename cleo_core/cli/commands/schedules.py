"""``cleo schedules``: what is due when, running it now, pausing, adding and removing."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.arguments import arguments_of
from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.options import Limit, New, Offset, Queue
from cleo_core.cli.shapes import Enqueued, ScheduleChanged
from cleo_core.cli.tables import Cell, Colour, Column, Painted, facts, right, table, wide
from cleo_core.cli.when import length
from cleo_core.cli.words import NOTHING, ago, clean, moment, number
from cleo_core.models import ScheduleInfo, SchedulePage
from cleo_core.when import Cron, Every, Misfire

app = group("Schedules: what is due when, running it now, pausing, adding and removing.")

ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule's id; see schedules list.")]

COLUMNS = (
    Column("SCHEDULE"),
    wide("TASK"),
    wide("WHEN"),
    right("NEXT"),
    right("LAST"),
    Column("LAST TASK"),
    right("RUNS"),
    right("SKIPPED"),
    Column("STATE"),
)


@command(app, "list", shows=SchedulePage)
async def list_schedules(run: Run, queue: Queue, limit: Limit = 100, offset: Offset = 0) -> None:
    """List the schedules of a queue, those that are due first first."""
    page = await run.cleo.schedules.list(await run.known_queue(queue), offset=offset, limit=limit)
    run.out.show(page, lambda look: table(look, COLUMNS, (_row(each, page.at) for each in page.items)))


def _row(schedule: ScheduleInfo, at: float) -> list[Cell]:
    return [
        schedule.id,
        schedule.task,
        str(schedule.when or "can't be understood"),
        ago(schedule.next_at, at),
        ago(schedule.last_at, at),
        schedule.last_state or NOTHING,
        number(schedule.runs),
        number(schedule.skipped),
        _state(schedule),
    ]


def _state(schedule: ScheduleInfo) -> Cell:
    state = "paused" if schedule.paused else "on"
    if schedule.abandoned:
        return Painted(f"{state}, no live worker declares it", Colour.RED)
    return Painted(state, Colour.YELLOW) if schedule.paused else state


def _declared(schedule: ScheduleInfo) -> Cell:
    if not schedule.declared:
        return "no"
    last = f"last by {schedule.declared_by or NOTHING} at {moment(schedule.declared_at)}"
    if schedule.abandoned:
        return Painted(f"with its task, {last}; no live worker declares it any more", Colour.RED)
    return f"with its task, {last}"


@command(app, "show", shows=ScheduleInfo)
async def show_schedule(run: Run, queue: Queue, schedule: ScheduleId) -> None:
    """Show a schedule: its task, its times, and what became of it."""
    info = await run.cleo.schedules.get(await run.known_queue(queue), schedule)
    pairs: list[tuple[str, Cell]] = [
        ("schedule", info.id),
        ("queue", info.queue),
        ("task", info.task),
        ("arguments", str(info.arguments)),
        ("group", info.group or NOTHING),
        ("when", str(info.when or "can't be understood")),
        ("state", "paused" if info.paused else "on"),
        ("declared", _declared(info)),
        ("next", moment(info.next_at)),
        ("last", moment(info.last_at)),
        ("last task", f"{info.last_task or NOTHING} {info.last_state or ''}".strip()),
        ("runs", number(info.runs)),
        ("skipped", number(info.skipped)),
    ]
    run.out.show(info, lambda look: facts(look, pairs))


@command(app, "next", shows=list[float])
async def next_times(
    run: Run,
    queue: Queue,
    schedule: ScheduleId,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000, help="How many.")] = 10,
) -> None:
    """Show when a schedule will be due next, as if it were not paused."""
    times = await run.cleo.schedules.next(await run.known_queue(queue), schedule, limit)
    run.out.show(times, lambda look: "\n".join(map(moment, times)))


@command(app, "add", shows=ScheduleChanged)
async def add_schedule(
    run: Run,
    queue: Queue,
    schedule: ScheduleId,
    task: Annotated[str, typer.Argument(metavar="TASK", help="The task's name.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Its arguments; a value is JSON, or else a text."),
    ] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="EXPRESSION", help="Such as '30 4 * * mon-fri'.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="The time zone of --cron, such as Europe/Vienna.")] = "UTC",
    every: Annotated[str | None, typer.Option("--every", metavar="LENGTH", help="An interval: 30s, 5m, 2h.")] = None,
    misfire: Annotated[Misfire, typer.Option("--misfire", help="What becomes of missed times.")] = Misfire.RUN_ONCE,
    args: Annotated[str | None, typer.Option("--args", metavar="JSON", help="All arguments as a JSON object.")] = None,
    group: Annotated[str | None, typer.Option("--group", "-g", help="The group of its tasks.")] = None,
    new: New = False,
) -> None:
    """Have a task enqueued at set times; a schedule of that id is replaced."""
    if (cron is None) == (every is None):
        raise Misused("Say when: --cron EXPRESSION or --every LENGTH.")
    when = Cron(cron, zone, misfire=misfire) if cron is not None else Every(length(every or ""), misfire=misfire)
    await run.known_queue(queue, new=new)
    options = {} if group is None else {"group": group}
    given = arguments_of(arguments or [], args)
    changed = await run.cleo.schedules.add(queue, schedule, task, given, when=when, **options)
    _tell(run, "add", queue, schedule, changed, "is set", "was so already")


@command(app, "remove", shows=ScheduleChanged)
async def remove_schedule(run: Run, queue: Queue, schedule: ScheduleId) -> None:
    """Forget a schedule; tasks that it enqueued stay."""
    changed = await run.cleo.schedules.remove(await run.known_queue(queue), schedule)
    _tell(run, "remove", queue, schedule, changed, "is forgotten", "was not there")


@command(app, "pause", shows=ScheduleChanged)
async def pause_schedule(run: Run, queue: Queue, schedule: ScheduleId) -> None:
    """Let a schedule enqueue no tasks until it is resumed."""
    changed = await run.cleo.schedules.pause(await run.known_queue(queue), schedule)
    _tell(run, "pause", queue, schedule, changed, "is paused", "was paused already")


@command(app, "resume", shows=ScheduleChanged)
async def resume_schedule(run: Run, queue: Queue, schedule: ScheduleId) -> None:
    """Let a schedule go on; the times that passed meanwhile are not made up for."""
    changed = await run.cleo.schedules.resume(await run.known_queue(queue), schedule)
    _tell(run, "resume", queue, schedule, changed, "goes on", "was not paused")


@command(app, "run", shows=Enqueued)
async def run_schedule(run: Run, queue: Queue, schedule: ScheduleId) -> None:
    """Enqueue the task of a schedule now, out of turn."""
    handle = await run.cleo.schedules.run_now(await run.known_queue(queue), schedule)
    run.out.show(Enqueued(id=handle.id, queue=queue, created=True), lambda look: clean(handle.id))


def _tell(run: Run, action: str, queue: str, schedule: str, changed: bool, did: str, already: str) -> None:
    shown = ScheduleChanged(action=action, queue=queue, schedule=schedule, changed=changed)
    run.out.show(shown, lambda look: f"{clean(schedule)} of {clean(queue)} {did if changed else already}.")
