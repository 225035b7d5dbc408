"""An action as a plan: what it would change, how sure one has to be, doing it in slices, and what came of it.

Nothing that changes the server's data goes another way, so no screen can leave out a step of the safety ladder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from cleo_core import Cleo
from cleo_core.errors import TaskNotFound
from cleo_core.models import BulkReport
from cleo_tui import say

SLICE = 200
SAMPLE = 5
TYPE_OVER = 100
SO_ALREADY = "It was so already."

_IN_QUEUES = {"task", "dead letter"}


class Verb(Enum):
    """What can be done: the infinitive and the participle."""

    CANCEL = ("Cancel", "cancelled")
    RETRY = ("Retry", "retried")
    DISCARD = ("Discard", "discarded")
    PAUSE = ("Pause", "paused")
    RESUME = ("Resume", "resumed")
    CHANGE = ("Change", "changed")
    RELEASE = ("Release", "released")
    DRAIN = ("Drain", "told to drain")
    STOP = ("Stop", "told to stop")
    RUN = ("Run", "run")
    REMOVE = ("Remove", "removed")
    UNDO = ("Bring back", "brought back")
    RECOVER = ("Recover", "recovered")
    RESUME_RETRY = ("Carry on", "carried on")

    @property
    def infinitive(self) -> str:
        """As a button says it."""
        return self.value[0]

    @property
    def participle(self) -> str:
        """As a report says it."""
        return self.value[1]


class Rung(Enum):
    """How sure one has to be before a plan is carried out."""

    ASK = auto()
    SHOW_SAMPLE = auto()
    TYPE_COUNT = auto()
    TYPE_NAME = auto()


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan is about, as it was on screen when it was chosen."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a plan is: how many were attempted, done, and how many there are if that is another number by now."""

    attempted: int
    done: int
    total: int | None = None
    failures: Mapping[str, str] = field(default_factory=dict[str, str])


Run = Callable[[], AsyncGenerator[Step]]
Apply = Callable[[str, Sequence[str]], Awaitable[BulkReport]]
Each = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to which tasks, groups or queues. It names ids, never places in a moving list.

    Attributes:
        verb: what is done.
        queue: the queue of the targets; empty when they are queues themselves.
        targets: what it is done to.
        consequence: what that means, in a sentence.
        run: does it step by step; what a step tells is done, whatever becomes of the next.
        noun: what a target is.
        question: the title, where the verb and the number of targets would not say it.
        outcome: what the report says when all went well, where the verb would not say it.
        caution: what can go wrong.
        look: asks the server how the sample stands, or all of it if there is a ``size``, and puts it into words.
        size: how many it is done to, where the targets stand for more than themselves.
        tail: what else is to be said when it is over.
    """

    verb: Verb
    queue: str
    targets: tuple[Target, ...]
    consequence: str
    run: Run
    noun: str = "task"
    question: str = ""
    outcome: str = ""
    caution: str = ""
    look: Callable[[Sequence[Target]], Awaitable[str]] | None = None
    size: int | None = None
    tail: Callable[[], str] | None = None

    @property
    def total(self) -> int:
        """How many it is done to."""
        return len(self.targets) if self.size is None else self.size

    def count(self, size: int) -> str:
        """So many of what the plan is about."""
        return say.plural(size, self.noun)

    @property
    def rung(self) -> Rung:
        """The rung of the safety ladder."""
        if self.total == 1:
            return Rung.ASK
        return Rung.TYPE_COUNT if self.total > TYPE_OVER else Rung.SHOW_SAMPLE

    def rung_in(self, *, production: bool) -> Rung:
        """The rung of the safety ladder: in production every change has to be typed."""
        if not production or self.rung is Rung.TYPE_COUNT:
            return self.rung
        return Rung.TYPE_NAME if self.total == 1 else Rung.TYPE_COUNT

    @property
    def name(self) -> str:
        """What stands for the only target when it is to be typed: its name, or for a task that of its queue."""
        return self.queue if self.queue and self.noun in _IN_QUEUES else self.targets[0].id

    @property
    def title(self) -> str:
        """What is asked."""
        if self.question:
            return self.question
        what = self.count(self.total)
        if self.queue:
            return f"{self.verb.infinitive} {what} of {self.queue}?"
        only = self.targets[0].id if self.total == 1 else what
        return f"{self.verb.infinitive} {only}?"

    @property
    def sample(self) -> tuple[Target, ...]:
        """Some of the targets, spread over all of them."""
        size = len(self.targets)
        if size <= SAMPLE:
            return self.targets
        return tuple(self.targets[round(index * (size - 1) / (SAMPLE - 1))] for index in range(SAMPLE))


@dataclass(slots=True)
class Report:
    """What a plan has done so far, and why it broke off, if it did."""

    plan: Plan
    attempted: int = 0
    done: int = 0
    total: int = 0
    failures: dict[str, str] = field(default_factory=dict[str, str])
    broken_off: str = ""

    @property
    def failed(self) -> int:
        """How many of the attempted tasks it could not be done to."""
        return self.attempted - self.done

    @property
    def text(self) -> str:
        """The report in a few sentences."""
        tail = self.plan.tail() if self.plan.tail is not None else ""
        return f"{self._outcome} {tail}".rstrip()

    @property
    def _outcome(self) -> str:
        if self.plan.outcome and self.done == self.total:
            return self.plan.outcome
        of = f" of {self.plan.queue}" if self.plan.queue else ""
        text = f"{self.plan.count(self.done)}{of} {self.plan.verb.participle}."
        if self.failed:
            text += f" {self.plan.count(self.failed)} could not be."
        if self.attempted < self.total:
            text += f" Stopped before the other {say.count(self.total - self.attempted)}."
        return text


async def preview(plan: Plan) -> str:
    """How the plan's sample stands on the server; nothing if there is nothing to ask. Raises ``ServerError``."""
    return await plan.look(plan.sample) if plan.look is not None else ""


async def carry_out(plan: Plan) -> AsyncGenerator[Report]:
    """Do it step by step, with a report after each; whoever stops iterating stops the plan between two steps.

    Raises:
        ServerError: the server can't be used; what the last report told is done.
    """
    report = Report(plan, total=plan.total)
    async with aclosing(plan.run()) as steps:
        async for step in steps:
            report.attempted, report.done = step.attempted, step.done
            report.total = report.total if step.total is None else step.total
            report.failures |= step.failures
            yield report


def in_slices(queue: str, targets: Sequence[Target], apply: Apply) -> Run:
    """Does it by calls that take many targets of a queue."""

    async def run() -> AsyncGenerator[Step]:
        attempted = done = 0
        ids = [target.id for target in targets]
        for first in range(0, len(ids), SLICE):
            part = ids[first : first + SLICE]
            answer = await apply(queue, part)
            attempted, done = attempted + len(part), done + answer.done
            yield Step(attempted, done, failures=answer.failures)

    return run


def one_by_one(targets: Sequence[Target], do: Each) -> Run:
    """Does it by calls that take the id of one target; ``do`` answers why it could not be done, or nothing."""

    async def run() -> AsyncGenerator[Step]:
        done = 0
        for attempted, target in enumerate(targets, start=1):
            why = await do(target.id)
            done += not why
            yield Step(attempted, done, failures={target.id: why} if why else {})

    return run


def cancel_plan(cleo: Cleo, queue: str, targets: Sequence[Target]) -> Plan:
    """Cancel tasks."""
    consequence = say.of(
        len(targets),
        "If it waits it ends at once; if it runs its worker is asked to stop. It can't be undone.",
        "Those that wait end at once; the workers of those that run are asked to stop. It can't be undone.",
    )
    return task_plan(Verb.CANCEL, cleo, queue, targets, consequence, cleo.queues.cancel)


def pause_plan(cleo: Cleo, queues: Sequence[str]) -> Plan:
    """Let no worker claim from queues."""

    async def pause(name: str) -> str:
        return "" if await cleo.queues.pause(name) else "It was paused already."

    consequence = "What runs goes on; nothing more is claimed until the queue is resumed."
    return _queue_plan(Verb.PAUSE, cleo, queues, consequence, pause)


def resume_plan(cleo: Cleo, queues: Sequence[str]) -> Plan:
    """Let workers claim from queues again."""

    async def resume(name: str) -> str:
        return "" if await cleo.queues.resume(name) else "It was not paused."

    consequence = "Workers claim from it again at once."
    return _queue_plan(Verb.RESUME, cleo, queues, consequence, resume)


def task_plan(verb: Verb, cleo: Cleo, queue: str, targets: Sequence[Target], consequence: str, apply: Apply) -> Plan:
    """A plan about tasks of a queue."""

    async def look(sample: Sequence[Target]) -> str:
        """How many of the sample are in which state, and which are gone."""
        states: Counter[str] = Counter()
        for target in sample:
            try:
                states[(await cleo.queues.get_task(queue, target.id)).state.value] += 1
            except TaskNotFound:
                states["no longer there"] += 1
        return ", ".join(f"{count} {state}" for state, count in states.items())

    return Plan(verb, queue, tuple(targets), consequence, in_slices(queue, targets, apply), look=look)


async def look_at_queues(cleo: Cleo, sample: Sequence[Target]) -> str:
    """How queues stand, to be said before they are changed."""
    stats = [await cleo.queues.stats(target.id) for target in sample]
    paused = ", ".join("paused" if one.paused else "not paused" for one in stats)
    waiting, active = sum(one.waiting for one in stats), sum(one.active for one in stats)
    return f"{paused}, {say.count(waiting)} waiting, {say.count(active)} running"


def _queue_plan(verb: Verb, cleo: Cleo, queues: Sequence[str], consequence: str, do: Each) -> Plan:
    targets = tuple(Target(name, name) for name in queues)
    return Plan(
        verb, "", targets, consequence, one_by_one(targets, do), noun="queue", look=partial(look_at_queues, cleo)
    )
