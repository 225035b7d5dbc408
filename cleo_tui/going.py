"""Going from screen to screen, and to a thing by its name (``:group QUEUE NAME``, ``:task ID``, ``:worker ID``)."""

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
    Action("task", (), "Look into a task by its id.", takes=_queue_first, usage="[QUEUE] ID"),
    Action("worker", (), "Look into a worker by its id.", takes=_worker, usage="ID"),
)


class Going:
    """The part of the app that goes to screens and things.

    Attributes:
        came_from: the screen that Esc leads back to from the one in front, if that one was gone into.
    """

    came_from = ""

    @property
    def _going(self) -> CleoApp:
        return cast("CleoApp", self)

    def go(self, name: str, *words: str) -> None:
        """Go to a screen; when it is in front already, back to its first page."""
        app = self._going
        if app.screen.is_modal:
            return
        self.came_from = ""
        if name == app.current_mode:
            while len(app.screen_stack) > 1:
                app.pop_screen()
        else:
            app.switch_mode(name)
        if words:
            app.call_later(self._visit, words)

    do_go = go

    def go_in(self, name: str, *words: str) -> None:
        """Go to a screen to look into what another one shows: Esc leads back there."""
        app = self._going
        here = app.current_mode
        self.go(name, *words)
        if app.current_mode != here:
            self.came_from = here

    def _visit(self, words: tuple[str, ...]) -> None:
        if front := self._going.front():
            front.visit(words)

    async def do_group(self, queue: str = "", *name: str) -> None:
        """Look into a group."""
        from cleo_tui.screens.group_tasks import GroupTasksScreen  # noqa: PLC0415 - a screen, which brings the engine

        app = self._going
        if not queue or not name:
            app.warn("Name a queue and a group: `:group emails acme`.")
            return
        group = await app.cleo.groups.get(queue, " ".join(name))
        app.push_screen(GroupTasksScreen(queue, group, await app.cleo.groups.rules(queue)))

    async def do_task(self, *words: str) -> None:
        """Look into a task; where it is looked for in all queues if none is named."""
        from cleo_tui.screens.task import TaskScreen  # noqa: PLC0415 - a screen, which brings the engine

        app = self._going
        # Ids may have spaces in them: those of a schedule's tasks are made of its name.
        names_queue = bool(words) and self._is_queue(words[0], sure=len(words) != 2)
        task_id = " ".join(words[1:] if names_queue else words)
        if not task_id:
            app.warn("Name a task: `:task 01j8...`, or its queue and the task: `:task emails 01j8...`.")
            return
        queue = words[0] if names_queue else (await app.cleo.explain(task_id)).queue
        app.push_screen(TaskScreen(queue, task_id))

    def _is_queue(self, word: str, *, sure: bool) -> bool:
        """Whether it names a queue; one that is not known by name may be one, unless that has to be sure."""
        snapshot = self._going.snapshot
        if snapshot is None:
            return not sure
        return word in snapshot.names if sure else snapshot.may_have(word)

    async def do_worker(self, worker: str = "") -> None:
        """Look into a worker."""
        from cleo_tui.screens.worker import WorkerScreen  # noqa: PLC0415 - a screen, which brings the engine

        app = self._going
        if worker:
            app.push_screen(WorkerScreen(await app.cleo.workers.get(worker)))
        else:
            app.warn("Name a worker: `:worker mail-1`.")
