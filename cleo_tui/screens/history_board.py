"""The charts and tables of the history, as many at once as there is room for: one, two, or all."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from cleo_core.models import ErrorPattern, NameFigures, WorkerLoad
from cleo_tui.data.pages import Listing
from cleo_tui.data.past import Past, Scope
from cleo_tui.screens import history_charts
from cleo_tui.screens.history_tables import error_columns, load_columns, name_columns
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.plot import Picture, Plot
from cleo_tui.widgets.statecard import Absence, Card
from cleo_tui.widgets.table import LazyTable


class View(Enum):
    """The charts and tables, in their order."""

    THROUGHPUT = "throughput"
    SUCCESS = "success"
    RUN_TIME = "run time"
    WAIT_TIME = "wait time"
    CPU = "cpu"
    MEMORY = "memory"
    ERRORS = "errors"
    SLOWEST = "slowest"
    WORKERS = "workers"


Page = tuple[View, ...]
PICTURES: dict[View, Callable[[Past], Picture]] = {
    View.THROUGHPUT: history_charts.throughput,
    View.SUCCESS: history_charts.success,
    View.RUN_TIME: history_charts.run_time,
    View.WAIT_TIME: history_charts.wait_time,
    View.CPU: history_charts.cpu,
    View.MEMORY: history_charts.memory,
}
# The title of each table, what its order is, and what to say if it is empty.
TABLES = {
    View.ERRORS: ("Errors", "by kind, the most frequent first", "No attempt failed"),
    View.SLOWEST: ("Slowest tasks", "by their p95", "No task was run"),
    View.WORKERS: ("Workers", "those that took most time", "No worker ran tasks"),
}
# What is beside each other where all is shown, and what is one above the other where two have room.
ROWS: tuple[Page, ...] = (
    (View.THROUGHPUT, View.SUCCESS),
    (View.RUN_TIME, View.WAIT_TIME),
    (View.CPU, View.MEMORY),
    (View.ERRORS, View.SLOWEST, View.WORKERS),
)
PAIRS: tuple[Page, ...] = (*ROWS[:3], (View.ERRORS, View.SLOWEST), (View.WORKERS,))
PAIR_NEEDS, ALL_NEEDS = (100, 20), (160, 36)


# What can be written into a file: the charts are written as one, by their points.
EXPORTED: Page = (View.THROUGHPUT, View.ERRORS, View.SLOWEST, View.WORKERS)


def word_of(view: View) -> str:
    """What a view is called when it is written."""
    return "points" if view in PICTURES else view.value


def views_of(scope: Scope) -> Page:
    """What there is to see of a scope: a group or name is not told by worker, and the load is charted of a worker."""
    hidden = {View.CPU, View.MEMORY}
    if scope.worker is not None:
        hidden = {View.SLOWEST}
    elif scope.is_narrow:
        hidden |= {View.SLOWEST, View.WORKERS}
    return tuple(view for view in View if view not in hidden)


class Board(Vertical):
    """Shows a page of them, or all; ``step`` goes to the next page, or to the next table if there is but one page."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._past: Past | None = None
        self._first = View.THROUGHPUT
        self.errors = LazyTable[ErrorPattern](error_columns(lambda: self._now, self._failures))
        self.names = LazyTable[NameFigures](name_columns())
        self.loads = LazyTable[WorkerLoad](load_columns())
        self.rows: dict[View, Listing[Any]] = {
            View.ERRORS: Listing[ErrorPattern](lambda error: f"{error.queue} {error.fingerprint}"),
            View.SLOWEST: Listing[NameFigures](lambda row: row.name),
            View.WORKERS: Listing[WorkerLoad](lambda load: load.worker),
        }
        self._pictures: dict[View, Picture] = {}
        self._plots = {view: Plot() for view in PICTURES}
        self.tables: dict[View, LazyTable[Any]] = {
            View.ERRORS: self.errors,
            View.SLOWEST: self.names,
            View.WORKERS: self.loads,
        }
        self._panes: dict[View, Pane[Any]] = {view: Pane(table, id=view.value) for view, table in self.tables.items()}
        self._parts: dict[View, Widget] = {**self._plots, **self._panes}
        self._rows = [Horizontal(*(self._parts[view] for view in row), classes="history-row") for row in ROWS]

    def compose(self) -> ComposeResult:
        """Row by row."""
        yield from self._rows

    def _failures(self) -> int:
        figures = self._past.stats.figures if self._past else None
        return figures.failed + figures.lost if figures else 0

    # --- pages ---------------------------------------------------------------------------------------

    def _pages(self) -> list[Page]:
        """The pages of what there is to see, in the room that there is."""
        views = views_of(self._past.scope) if self._past else tuple(View)
        width, height = self.size
        if width >= ALL_NEEDS[0] and height >= ALL_NEEDS[1]:
            return [views]
        if width >= PAIR_NEEDS[0] and height >= PAIR_NEEDS[1]:
            pages = [tuple(view for view in page if view in views) for page in PAIRS]
            return [page for page in pages if page]
        return [(view,) for view in views]

    def _page(self) -> tuple[int, list[Page]]:
        pages = self._pages()
        return next((number for number, page in enumerate(pages) if self._first in page), 0), pages

    def step(self, by: int) -> None:
        """To the next page, or to the one before."""
        number, pages = self._page()
        if len(pages) > 1:
            self._first = pages[(number + by) % len(pages)][0]
            self._arrange()
            return
        tables = [table for view, table in self.tables.items() if view in pages[0]]
        place = next((place for place, table in enumerate(tables) if table.has_focus), -by)
        tables[(place + by) % len(tables)].focus()

    def on_resize(self, event: events.Resize) -> None:
        """There may be room for more, or for less."""
        self._arrange()

    def _arrange(self) -> None:
        number, pages = self._page()
        page = pages[number]
        for view, part in self._parts.items():
            part.display = view in page
        for row in self._rows:
            row.display = any(part.display for part in row.children)
        self.set_class(len(page) <= 2, "-stacked")
        self._see_to_focus(page)
        self._draw()

    def _see_to_focus(self, page: Page) -> None:
        """Keys go to a table of the page, unless something else is typed into."""
        focused = self.screen.focused
        if focused is not None and focused not in self.tables.values():
            return
        tables = [self.tables[view] for view in page if view in self.tables]
        if focused not in tables:
            self.screen.set_focus(tables[0] if tables else None)

    @property
    def front(self) -> View:
        """The first that is on the page."""
        number, pages = self._page()
        return pages[number][0]

    @property
    def table(self) -> LazyTable[Any] | None:
        """The table in front, if there is one."""
        number, pages = self._page()
        return next((self.tables[view] for view in pages[number] if view in self.tables), None)

    # --- drawing -------------------------------------------------------------------------------------

    def tell(self, past: Past, now: float) -> None:
        """Show what was read."""
        other = self._past is None or past.scope != self._past.scope
        changed, self._past, self._now = past is not self._past, past, now
        if changed:
            self._pictures.clear()
            self.rows[View.ERRORS].replace(past.stats.errors)
            self.rows[View.SLOWEST].replace(past.stats.slowest)
            self.rows[View.WORKERS].replace(past.stats.workers)
        if other:
            for table in self.tables.values():
                table.restart()
            self._arrange()
        else:
            self._draw()

    def _draw(self) -> None:
        past = self._past
        if past is None:
            return
        number, pages = self._page()
        place = f"{number + 1} of {len(pages)}" if len(pages) > 1 else ""
        for view in pages[number]:
            if view in PICTURES:
                if view not in self._pictures:
                    self._pictures[view] = PICTURES[view](past)
                self._plots[view].tell(self._pictures[view], place)
            else:
                self._tell_table(view, place, f"in the last {past.span.label}")

    def _tell_table(self, view: View, place: str, last: str) -> None:
        title, note, empty = TABLES[view]
        self.tables[view].show(self.rows[view])
        card = None if self.rows[view].total else Card(Absence.EMPTY, f"{empty} {last}")
        self._panes[view].tell(title, f"{note} · {place}" if place else note, card=card)
