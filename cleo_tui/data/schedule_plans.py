"""Plans about schedules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from cleo_core import Cleo
from cleo_core.errors import ScheduleNotFound, WrongState
from cleo_core.models import ScheduleInfo
from cleo_tui import say
from cleo_tui.data.plans import SO_ALREADY, Plan, Target, Verb, one_by_one


def pause_schedule_plan(cleo: Cleo, schedule: ScheduleInfo) -> Plan:
    """Pause a schedule, or let it go on if it is paused."""
    if schedule.paused:
        consequence = "It runs at its next time. Times that passed meanwhile are not made up for."
        return _plan(Verb.RESUME, cleo, schedule, consequence, cleo.schedules.resume)
    consequence = "It stores no more tasks until it is resumed. Tasks that it stored already run."
    return _plan(Verb.PAUSE, cleo, schedule, consequence, cleo.schedules.pause)


def run_now_plan(cleo: Cleo, schedule: ScheduleInfo) -> Plan:
    """Store a task of a schedule now."""

    async def run(queue: str, schedule_id: str) -> bool:
        await cleo.schedules.run_now(queue, schedule_id)
        return True

    consequence = "One more task is stored, out of turn. Its times stay as they are."
    return _plan(Verb.RUN, cleo, schedule, consequence, run)


def remove_schedule_plan(cleo: Cleo, schedule: ScheduleInfo) -> Plan:
    """Remove a schedule."""
    consequence = "It stores no more tasks. Tasks that it stored already run. It can't be undone."
    if schedule.declared:
        consequence += " A task's code declares it, so a worker that starts with that code enters it again."
    return _plan(Verb.REMOVE, cleo, schedule, consequence, cleo.schedules.remove)


def _plan(
    verb: Verb,
    cleo: Cleo,
    schedule: ScheduleInfo,
    consequence: str,
    change: Callable[[str, str], Awaitable[bool]],
) -> Plan:
    async def do(schedule_id: str) -> str:
        try:
            return "" if await change(schedule.queue, schedule_id) else SO_ALREADY
        except (ScheduleNotFound, WrongState) as error:
            return str(error)

    async def look(_sample: Sequence[Target]) -> str:
        try:
            now = await cleo.schedules.get(schedule.queue, schedule.id)
        except ScheduleNotFound:
            return "no longer there"
        due = f"next run at {say.moment(now.next_at)}" if now.next_at else "no next run"
        return f"{'paused' if now.paused else 'running'}, {due}"

    targets = (Target(schedule.id, f"{schedule.id}  {schedule.task}"),)
    return Plan(verb, schedule.queue, targets, consequence, one_by_one(targets, do), noun="schedule", look=look)
