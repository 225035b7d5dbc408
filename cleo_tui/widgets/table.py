"""A table over a list of any length that draws only the lines on screen.

Rows come from ``data.pages``; those not loaded yet are drawn as a faint line and asked for. The cursor holds on to the
id of its row. Numbers stand right, what is too wide ends in an ellipsis, and columns that find no room are left out and
said so (``w +2 columns``); ``w`` shows those in place of others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import ClassVar, Generic, NamedTuple, TypeVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from cleo_tui.actions import Action, Actor, app_of, bindings_of
from cleo_tui.data.pages import Cursor, Listing, Rows
from cleo_tui.theme import ROLE_CLASSES, Inked, Role
from cleo_tui.widgets.columns import GAP, Cell, Column, Layout, fit, lay_out, title_at, views_of
from cleo_tui.widgets.flashing import Flashes

Row = TypeVar("Row")
HEADER = 1
# What gives way to the look of a marked line; what is well or broken is told in it too.
QUIET = {Role.PLAIN, Role.STRONG, Role.MUTED, Role.FAINT}


TABLE_ACTIONS = (
    Action("open", ("enter",), "Look into the row under the cursor.", label="open"),
    Action("down", ("j", "down"), "One row down."),
    Action("up", ("k", "up"), "One row up."),
    Action("page-down", ("pagedown", "ctrl+d"), "One page down."),
    Action("page-up", ("pageup", "ctrl+u"), "One page up."),
    Action("first", ("g", "home"), "To the first row."),
    Action("last", ("G", "end"), "To the last row."),
    Action("columns", ("w",), "The columns that found no room, and back."),
)


class _Place(Enum):
    """Where a line is: which roles go over those of its cells for that."""

    HEADER = (Role.HEADER,)
    ELSEWHERE = ()
    CURSOR = (Role.CURSOR,)
    CURSOR_AWAY = (Role.CURSOR_AWAY,)


class _Looks(NamedTuple):
    """All that a line is drawn from."""

    cells: tuple[Cell, ...]
    place: _Place
    marked: bool
    loading: bool = False


class LazyTable(ScrollView, Inked, Actor, Generic[Row], can_focus=True):
    """The table: it has columns for good, rows by ``show``, and follows them when ``sync`` says they have changed."""

    ACTIONS = TABLE_ACTIONS
    BINDINGS = bindings_of(TABLE_ACTIONS)
    COMPONENT_CLASSES: ClassVar[set[str]] = ROLE_CLASSES

    class Opened(Message):
        """Enter was pressed on a row, or it was clicked twice."""

    class TitleClicked(Message):
        """The title of a column was clicked on."""

        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    class Moved(Message):
        """The cursor is on another row, or the rows have changed."""

        def can_replace(self, message: Message) -> bool:
            """Only the last of many moves matters."""
            return isinstance(message, LazyTable.Moved)

    def __init__(self, columns: Sequence[Column[Row]], *, id: str | None = None, opens: bool = True) -> None:
        super().__init__(id=id)
        self._opens = opens
        self.when_moved: Callable[[], None] = lambda: None
        self.columns = columns
        self._view = 0
        self.cursor = Cursor()
        self.marked: dict[str, Row] = {}
        self.sorted_by = ""
        self.dropped = 0
        self._rows: Rows[Row] = Listing(str)
        self._layout: Layout[Row] = []
        self._drawn: dict[int, Strip] = {}
        self._known: dict[_Looks, Strip] = {}
        self._told: tuple[int, str | None, int] = (0, None, 0)
        self._flashes = Flashes()
        self._flashing: list[int] = []
        self._flash_ends: Timer | None = None

    # --- rows ----------------------------------------------------------------------------------------

    @property
    def rows(self) -> Rows[Row]:
        """What is drawn from."""
        return self._rows

    @property
    def current(self) -> Row | None:
        """The row under the cursor, if it is loaded."""
        return self._rows.at(self.cursor.index)

    def show(self, rows: Rows[Row]) -> None:
        """Draw from other rows from now on."""
        self._rows = rows
        self.sync()

    def set_columns(self, columns: Sequence[Column[Row]]) -> None:
        """Have other columns from now on."""
        self.columns = columns
        self._view = 0
        self._layout = []
        self.forget_lines()

    def restart(self) -> None:
        """Forget rows, cursor and marks: another list is to come, and nothing may be done with rows of this one."""
        self._rows = Listing(str)
        self.cursor = Cursor()
        self.marked.clear()
        self._flashes.forget()
        self.scroll_to(y=0, animate=False, immediate=True)

    def sync(self) -> None:
        """The rows have changed: follow them, and draw."""
        moved = self.cursor.follow(self._rows)
        self.virtual_size = Size(self.size.width, self._rows.total + HEADER)
        if moved:
            self.scroll_to(y=self.scroll_offset.y + moved, animate=False, immediate=True)
        self._keep_cursor_in_sight()
        self._ask_for_what_is_seen()
        self.redraw()
        # Whoever draws at each move would draw for ever if each drawing told of one.
        place = (self.cursor.index, self.cursor.key, self._rows.total)
        if place != self._told:
            self._told = place
            self._tell_of_move()

    def marks_or_current(self) -> list[Row]:
        """What an action is about: the marked rows, or else the one under the cursor."""
        if self.marked:
            return list(self.marked.values())
        return [self.current] if self.current is not None else []

    @property
    def has_choice(self) -> bool:
        """Whether there is a row that an action could be about."""
        return bool(self.marked) or self.current is not None

    def offers(self, action: Action) -> bool:
        """Without a row, or where all is told of each, there is nothing to look into."""
        if action.name == "columns":
            return self.dropped > 0
        return action.name != "open" or (self._opens and self.current is not None)

    def _tell_of_move(self) -> None:
        # What frames the table is drawn together with it; a message would come a frame later.
        self.when_moved()
        self.post_message(self.Moved())

    # --- moving --------------------------------------------------------------------------------------

    @property
    def page(self) -> int:
        """How many rows are in sight."""
        return max(1, self.size.height - HEADER)

    def move_to(self, index: int) -> None:
        """Put the cursor on a row."""
        self.cursor.move(index, self._rows)
        self._keep_cursor_in_sight()
        self._ask_for_what_is_seen()
        self.redraw()
        self._tell_of_move()

    def _keep_cursor_in_sight(self) -> None:
        top, index = self.scroll_offset.y, self.cursor.index
        if index < top:
            self.scroll_to(y=index, animate=False, immediate=True)
        elif index >= top + self.page:
            self.scroll_to(y=index - self.page + 1, animate=False, immediate=True)

    def _ask_for_what_is_seen(self) -> None:
        if self.size.height:
            self._rows.look(self.scroll_offset.y, self.scroll_offset.y + self.page - 1)

    def do_down(self) -> None:
        """One row down."""
        self.move_to(self.cursor.index + 1)

    def do_up(self) -> None:
        """One row up."""
        self.move_to(self.cursor.index - 1)

    def do_page_down(self) -> None:
        """One page down."""
        self.move_to(self.cursor.index + self.page)

    def do_page_up(self) -> None:
        """One page up."""
        self.move_to(self.cursor.index - self.page)

    def do_first(self) -> None:
        """To the first row."""
        self.move_to(0)

    def do_last(self) -> None:
        """To the last row."""
        self.move_to(self._rows.total - 1)

    def do_open(self) -> None:
        """Look into the row."""
        if self._opens and self.current is not None:
            self.post_message(self.Opened())

    def do_columns(self) -> None:
        """Show other columns: those that found no room."""
        self._view += 1
        self._layout = []
        self.forget_lines()
        self.redraw()
        self.when_moved()

    # --- events --------------------------------------------------------------------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Scrolling with the mouse takes the cursor along, so it is always in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()
        top = round(new_value)
        index = max(top, min(self.cursor.index, top + self.page - 1))
        if index != self.cursor.index and round(old_value) != top:
            self.cursor.move(index, self._rows)
            self._tell_of_move()
        self._ask_for_what_is_seen()

    def on_resize(self) -> None:
        """Lay the columns out anew."""
        self._layout = []
        self.forget_lines()
        self.sync()

    def on_focus(self) -> None:
        """The cursor looks different now."""
        self._drawn.clear()

    def on_blur(self) -> None:
        """The cursor looks different now."""
        self._drawn.clear()

    def notify_style_update(self) -> None:
        """All looks different now."""
        self.forget_inks()
        self.forget_lines()
        super().notify_style_update()

    def forget_lines(self) -> None:
        """Draw all lines anew."""
        self._drawn.clear()
        self._known.clear()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a row, a second one opens it; one on a title tells that."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < HEADER:
            if title := title_at(self._layout, offset.x):
                self.post_message(self.TitleClicked(title))
            return
        index = self.scroll_offset.y + (offset.y - HEADER if offset else -1)
        if offset is None or index >= self._rows.total:
            return
        self.move_to(index)
        if event.chain == 2:
            self.do_open()

    # --- drawing -------------------------------------------------------------------------------------

    def _lay_out(self, width: int) -> Layout[Row]:
        views = views_of(self.columns, width)
        layout = lay_out(views[self._view % len(views)], width)
        dropped = len(self.columns) - len(layout)
        if dropped != self.dropped:
            self.dropped = dropped
            # While a line is drawn nothing else may be asked to be.
            self.call_later(self._tell_of_move)
        self._flashing = [place for place, (column, _) in enumerate(layout) if column.flashes]
        self._flashes.forget()
        return layout

    def redraw(self) -> None:
        """Draw the lines that look different now; most of a list is the same from one frame to the next."""
        before, known = self._drawn, self._known
        self._known = {}
        self._flashes.begin(wanted=bool(self._flashing) and app_of(self).flashes)
        self._drawn = {y: self._line(y, known) for y in range(self.size.height)}
        changed = [y for y, strip in self._drawn.items() if strip is not before.get(y)]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))
        if self._flashes.over_in is not None and self._flash_ends is None:
            self._flash_ends = self.set_timer(self._flashes.over_in + 0.01, self._end_flash)

    def _end_flash(self) -> None:
        self._flash_ends = None
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """One line: the header, a row, or nothing."""
        if y not in self._drawn:
            self._drawn[y] = self._line(y, self._known)
        return self._drawn[y]

    def _line(self, y: int, known: dict[_Looks, Strip]) -> Strip:
        """A line as it was drawn before, if it looks as it did then: laying styles over each other takes its time."""
        if not self._layout:
            self._layout = self._lay_out(self.scrollable_content_region.width)
        looks = self._header() if y < HEADER else self._looks(self.scroll_offset.y + y - HEADER)
        strip = self._known.get(looks) or known.get(looks) or self._strip(looks)
        self._known[looks] = strip
        return strip

    def _header(self) -> _Looks:
        cells: list[Cell] = []
        for column, _ in self._layout:
            arrow = "↓" if column.title and column.title == self.sorted_by.removeprefix("-") else ""
            if self.sorted_by.startswith("-"):
                arrow = arrow.replace("↓", "↑")
            cells.append(Cell(column.title + arrow, Role.HEADER))
        return _Looks(tuple(cells), _Place.HEADER, marked=False)

    def _looks(self, index: int) -> _Looks:
        row = self._rows.at(index)
        if index != self.cursor.index:
            place = _Place.ELSEWHERE
        else:
            place = _Place.CURSOR if self.has_focus else _Place.CURSOR_AWAY
        if index >= self._rows.total:
            return _Looks((), _Place.ELSEWHERE, marked=False)
        if row is None:
            return _Looks((), place, marked=False, loading=True)
        cells = tuple(column.cell(row) for column, _ in self._layout)
        key = self._rows.key(row)
        if lit := self._flashes.lit(key, [cells[place].text for place in self._flashing]):
            places = {self._flashing[place] for place in lit}
            cells = tuple(Cell(cell.text, Role.FLASH) if at in places else cell for at, cell in enumerate(cells))
        return _Looks(cells, place, marked=key in self.marked)

    def _strip(self, looks: _Looks) -> Strip:
        width = self.scrollable_content_region.width
        over = looks.place.value
        base = self.ink(*over)
        if looks.loading:
            segments = [Segment("  ·  ·  ·", self.ink(Role.FAINT, *over))]
        elif not looks.cells:
            return Strip.blank(width, base)
        else:
            edge = "✓" if looks.marked else "▌" if looks.place is _Place.CURSOR else " "
            segments = [
                Segment(edge, self.ink(Role.MARK if looks.marked else Role.ACCENT, *over)),
                Segment(" ", self.ink(Role.MARK, *over)),
            ]
        for (text, role), (column, room) in zip(looks.cells, self._layout, strict=False):
            ink = self.ink(Role.MARK if looks.marked and role in QUIET else role, *over)
            segments += (Segment(fit(text, room, column.side), ink), Segment(" " * GAP, base))
        return Strip(Segment.adjust_line_length(segments, width, base), width)
