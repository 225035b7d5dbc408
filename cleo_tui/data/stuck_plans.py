"""Plans about stuck tasks: taking them from their workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence

from cleo_core import Cleo
from cleo_core.errors import TaskNotFound
from cleo_core.models import StuckTask, TaskState, WorkerHealth
from cleo_tui import say
from cleo_tui.data.plans import SLICE, Plan, Step, Target, Verb

TAKEN = (
    "It is taken from its worker and waits again where it waited.",
    "They are taken from their workers and wait again where they waited.",
)
CHARGED = (
    "A task whose lease ran out is charged with a "
    "loss, so that one that takes down its workers ends in the dead letters; the others are not charged."
)


def key_of(task: StuckTask) -> str:
    """What tells a stuck task from all others, of all queues."""
    return f"{task.queue} {task.id}"


def recover_plan(cleo: Cleo, tasks: Sequence[StuckTask]) -> Plan:
    """Take stuck tasks from their workers; each under the lease that was looked at, and under no later one."""
    by_key = {key_of(task): task for task in tasks}
    queues = {task.queue for task in tasks}
    charged = dead = 0

    async def run() -> AsyncGenerator[Step]:
        nonlocal charged, dead
        attempted = done = 0
        for queue in sorted(queues):
            of_queue = [task for task in tasks if task.queue == queue]
            for first in range(0, len(of_queue), SLICE):
                some = of_queue[first : first + SLICE]
                report = await cleo.workers.recover_stuck(queue, some)
                attempted, done = attempted + len(some), done + report.done
                charged, dead = charged + report.charged, dead + report.dead
                failures = {f"{queue} {task_id}": why for task_id, why in report.failures.items()}
                yield Step(attempted, done, failures=failures)

    async def look(sample: Sequence[Target]) -> str:
        states: Counter[str] = Counter()
        for target in sample:
            states[await _state_of(cleo, by_key[target.id])] += 1
        return ", ".join(f"{count} {state}" for state, count in states.items())

    def tail() -> str:
        parts = [f"{say.count(charged)} of them charged with a loss"] if charged else []
        parts += [f"{say.plural(dead, 'dead letter')} by it"] if dead else []
        return f"{', '.join(parts)}." if parts else ""

    return Plan(
        Verb.RECOVER,
        tasks[0].queue if len(queues) == 1 else "",
        tuple(Target(key, f"{task.name}  {task.id}  {task.reasons[0].text}") for key, task in by_key.items()),
        f"{say.of(len(by_key), *TAKEN)} {CHARGED}",
        run,
        caution=_caution(tasks),
        look=look,
        tail=tail,
    )


async def _state_of(cleo: Cleo, task: StuckTask) -> str:
    try:
        record = await cleo.queues.get_task(task.queue, task.id)
    except TaskNotFound:
        return "no longer there"
    if record.state is TaskState.ACTIVE and record.worker != task.worker:
        return "active elsewhere"
    return record.state.value


def _caution(tasks: Sequence[StuckTask]) -> str:
    """A worker that lives goes on with what is taken from it, as far as it can't be stopped."""
    held = sum(task.lease > 0 and task.health is not WorkerHealth.SILENT for task in tasks)
    if not held:
        return ""
    who = "It is" if len(tasks) == 1 else f"{say.count(held)} of them are" if held > 1 else "One of them is"
    return f"{who} held by a worker that lives, which can only be told to stop: it may run twice for a while."
