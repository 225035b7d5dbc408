"""Tasks that fit a filter: the pages of a state are looked through, at most so many tasks of it."""

from __future__ import annotations

from dataclasses import dataclass

from cleo_core.cli.connecting import Run
from cleo_core.cli.progress import Progress
from cleo_core.cli.shapes import TaskList
from cleo_core.models import TaskState, TaskSummary

PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tasks are meant: of a group, of a name, with a text in their error. What is None is not looked at."""

    group: str | None = None
    name: str | None = None
    error: str | None = None

    @property
    def any(self) -> bool:
        """Whether it leaves out nothing."""
        return self.group is None and self.name is None and self.error is None

    def fits(self, task: TaskSummary) -> bool:
        """Whether a task is meant."""
        return (
            (self.group is None or task.group == self.group)
            and (self.name is None or task.name == self.name)
            and (self.error is None or self.error.lower() in task.error.lower())
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Which of the tasks that fit are wanted, and how many tasks may be looked at for them."""

    offset: int
    limit: int
    look_at: int
    newest_first: bool = False


async def find_tasks(run: Run, queue: str, state: TaskState, wanted: Filter, window: Window) -> TaskList:
    """The tasks of a state that fit, from ``offset`` on among them.

    Tasks that come and go meanwhile may be missed; none is shown twice.
    """
    by_group = wanted.group if state in {TaskState.WAITING, TaskState.ACTIVE} else None
    found: dict[str, TaskSummary] = {}
    looked_at = matched = 0
    # Without a filter only what is shown need be read.
    first = window.offset if wanted.any else 0
    size = min(PAGE, window.limit) if wanted.any else PAGE
    with Progress("Looking at tasks:", None) as bar:
        while True:
            page = await run.cleo.queues.tasks(
                queue, state, offset=first, limit=size, newest_first=window.newest_first, group=by_group
            )
            # Past the end the last task comes once more.
            new = page.items if page.offset == first else []
            looked_at += len(new)
            for task in new:
                if wanted.fits(task):
                    matched += 1
                    if len(found) < window.limit and (wanted.any or matched > window.offset):
                        found[task.id] = task
            first += len(new)
            bar.reached(looked_at)
            enough = wanted.any and len(found) >= window.limit
            if not new or first >= page.total or looked_at >= window.look_at or enough:
                break
    return TaskList(
        queue=queue,
        state=state,
        total=page.total,
        looked_at=looked_at,
        matched=matched,
        items=list(found.values()),
        at=page.at,
    )
