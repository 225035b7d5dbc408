"""Commands that lead right to a thing by its name: ``:group QUEUE NAME``, ``:task QUEUE ID``, ``:worker ID``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from cleo_tui.actions import Action

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.data.lookups import Ask
    from cleo_tui.data.snapshot import Snapshot


def _queue_then_group(words: Sequence[str], snapshot: Snapshot) -> Sequence[str | Ask]:
    from cleo_tui.data.lookups import Ask, Kind  # noqa: PLC0415 - it brings the engine, which the first frame has not

    if not words:
        return [queue.name for queue in snapshot.queues]
    return [Ask(Kind.GROUPS, words[0])] if len(words) == 1 and words[0] in snapshot.by_name else ()


def _queue_first(words: Sequence[str], snapshot: Snapshot) -> Sequence[str]:
    return () if words else [queue.name for queue in snapshot.queues]


def _worker(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str | Ask]:
    from cleo_tui.data.lookups import Ask, Kind  # noqa: PLC0415 - as above

    return () if words else [Ask(Kind.WORKERS)]


GOING_ACTIONS = (
    Action("group", (), "Look into a group of a queue.", takes=_queue_then_group, usage="QUEUE NAME"),
    Action("task", (), "Look into a task by its id.", takes=_queue_first, usage="QUEUE ID"),
    Action("worker", (), "Find a worker by its id.", takes=_worker, usage="ID"),
)


class Going:
    """The part of the app that goes to things."""

    @property
    def _going(self) -> CleoApp:
        return cast("CleoApp", self)

    async def do_group(self, queue: str = "", *name: str) -> None:
        """Look into a group."""
        from cleo_tui.screens.group_tasks import GroupTasksScreen  # noqa: PLC0415 - a screen, which brings the engine

        app = self._going
        if not queue or not name:
            app.warn("Name a queue and a group: `:group emails acme`.")
            return
        group = await app.cleo.groups.get(queue, " ".join(name))
        app.push_screen(GroupTasksScreen(queue, group, await app.cleo.groups.rules(queue)))

    def do_task(self, queue: str = "", task_id: str = "") -> None:
        """Look into a task."""
        from cleo_tui.screens.task import TaskScreen  # noqa: PLC0415 - a screen, which brings the engine

        if queue and task_id:
            self._going.push_screen(TaskScreen(queue, task_id))
        else:
            self._going.warn("Name a queue and a task: `:task emails 01j8...`.")

    def do_worker(self, worker: str = "") -> None:
        """Find a worker in the list of them."""
        if worker:
            self._going.go("workers", worker)
        else:
            self._going.warn("Name a worker: `:worker ID`.")

    def offers_going(self, action: Action) -> bool:
        """A worker can be found where there is a list of workers."""
        return action.name != "worker" or any(tab.name == "workers" for tab in self._going.tabs)
