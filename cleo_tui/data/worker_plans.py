"""Plans about workers: what they are told to do about new tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from cleo_core import Cleo
from cleo_core.errors import WorkerNotFound, WrongState
from cleo_core.models import WorkerInfo, WorkerState
from cleo_tui import say
from cleo_tui.data.plans import SO_ALREADY, Plan, Target, Verb, one_by_one


def are_paused(workers: Sequence[WorkerInfo]) -> bool:
    """Whether there is one, and none that is not paused."""
    return bool(workers) and all(worker.state is WorkerState.PAUSED for worker in workers)


async def pause_worker_plan(cleo: Cleo, workers: Sequence[WorkerInfo]) -> Plan:
    """Let workers claim no tasks, or let them again if all of them are paused.

    One alone is asked for anew: what is on screen may be older than the order that it was given last.

    Raises:
        WorkerNotFound: it is not there any more.
    """
    if len(workers) == 1:
        workers = [await cleo.workers.get(workers[0].id)]
    if are_paused(workers):
        consequence = say.of(len(workers), "It claims tasks again at once.", "They claim tasks again at once.")
        return _plan(Verb.RESUME, cleo, workers, consequence, cleo.workers.resume)
    consequence = say.of(
        len(workers),
        "What it runs goes on; it claims nothing until it is resumed. Other workers go on.",
        "What they run goes on; they claim nothing until they are resumed. Other workers go on.",
    )
    return _plan(Verb.PAUSE, cleo, workers, consequence, cleo.workers.pause)


def drain_plan(cleo: Cleo, workers: Sequence[WorkerInfo]) -> Plan:
    """Let workers end when all that they run has ended."""
    consequence = say.of(
        len(workers),
        "It claims nothing more and ends for good when what it runs has ended; nothing starts another in its place.",
        "They claim nothing more and end for good when what they run has ended; nothing starts others in their place.",
    )
    consequence += " It can't be undone."
    return _plan(Verb.DRAIN, cleo, workers, consequence, cleo.workers.drain)


def stop_plan(cleo: Cleo, workers: Sequence[WorkerInfo]) -> Plan:
    """Let workers end within their grace period."""
    consequence = "As on SIGTERM: " + say.of(
        len(workers),
        "it claims nothing more, and what does not end within its grace period is handed back and runs elsewhere. "
        "Nothing starts another in its place. It can't be undone.",
        "they claim nothing more, and what does not end within their grace period is handed back and runs elsewhere. "
        "Nothing starts others in their place. It can't be undone.",
    )
    return _plan(Verb.STOP, cleo, workers, consequence, cleo.workers.stop)


def _plan(
    verb: Verb,
    cleo: Cleo,
    workers: Sequence[WorkerInfo],
    consequence: str,
    order: Callable[[str], Awaitable[bool]],
) -> Plan:
    async def tell(worker_id: str) -> str:
        try:
            return "" if await order(worker_id) else SO_ALREADY
        except (WorkerNotFound, WrongState) as error:
            return str(error)

    async def look(sample: Sequence[Target]) -> str:
        states: Counter[str] = Counter()
        active = 0
        for target in sample:
            try:
                worker = await cleo.workers.get(target.id)
            except WorkerNotFound:
                states["no longer there"] += 1
                continue
            states[worker.state.value] += 1
            active += worker.active
        told = ", ".join(f"{count} {state}" for state, count in states.items())
        return f"{told}, {say.plural(active, 'task')} running"

    targets = tuple(Target(worker.id, f"{worker.id}  {', '.join(worker.queues)}") for worker in workers)
    return Plan(verb, "", targets, consequence, one_by_one(targets, tell), noun="worker", look=look)
