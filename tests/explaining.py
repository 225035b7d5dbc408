"""Explanations in tests: what they are about, their kinds, and the one reason that is looked for."""

from __future__ import annotations

from typing import TypeVar

from cleo_core import Cleo, Task
from cleo_core.models import Model
from cleo_core.reasons import Explanation
from tests.ghosts import GHOST

R = TypeVar("R", bound=Model)


def only(explanation: Explanation, kind: type[R]) -> R:
    """The reason of that kind, which must be the only reason."""
    assert len(explanation.reasons) == 1, explanation.text
    return among(explanation, kind)


def among(explanation: Explanation, kind: type[R]) -> R:
    """The one reason of that kind among others."""
    (found,) = [reason for reason in explanation.reasons if isinstance(reason, kind)] or [None]
    assert found is not None, explanation.text
    return found


def kinds(explanation: Explanation) -> list[type[Model]]:
    """The kinds of all reasons, in their order."""
    return [type(reason) for reason in explanation.reasons]


async def release(cleo: Cleo, worker: str = GHOST) -> None:
    """Give back what a worker holds that claimed and died."""
    scripts = await cleo.backend.scripts()
    await scripts.release("q", worker, (60, 60), "died")


def declared(cleo: Cleo) -> Task[[], object, None]:
    """A task of the queue ``q`` that does nothing."""

    @cleo.task(queue="q")
    async def work() -> None:
        pass

    return work


async def beats(cleo: Cleo, *, active: int = 0) -> bool:
    """Whether a worker is known, with so many tasks running as its heartbeat has it."""
    workers = await cleo.workers.list()
    return bool(workers) and workers[0].active == active
