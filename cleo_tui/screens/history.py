"""The history: how it went in the last minutes, hours or days, as charts, and what failed, was slow or took most."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.widget import Widget

from cleo_core.errors import CleoError, PermissionDenied
from cleo_core.models import DeadLetterKind, ErrorPattern, Figures, WorkerLoad
from cleo_tui import say
from cleo_tui.actions import Action, bindings_of
from cleo_tui.data.export import flat
from cleo_tui.data.pages import Listing, Rows
from cleo_tui.data.past import Past, Scope, read_past
from cleo_tui.data.reading import Reading
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.spans import DAY, FIRST_SPAN, SPANS, Span, span_of
from cleo_tui.data.understanding import understood
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import COMMON, CleoScreen, queue_names
from cleo_tui.screens.history_board import EXPORTED, Board, View, word_of
from cleo_tui.screens.history_tiles import tiles_of
from cleo_tui.screens.history_words import USAGE, completed_words, scope_of
from cleo_tui.screens.letters import LettersScreen
from cleo_tui.screens.of_queue import QUEUE_STEPS
from cleo_tui.widgets.prompt import Purpose
from cleo_tui.widgets.statecard import Absence, Card, StateCard
from cleo_tui.widgets.strip import Choice, ChoiceStrip
from cleo_tui.widgets.tiles import Tiles

ALL_QUEUES = "all queues"
# For everything each queue is asked. With more queues than that, one of them is a better beginning.
ALL_AT_FIRST = 32


def _kinds(words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    return () if words else [word_of(view) for view in EXPORTED]


LONGER = Action("longer", ("right_curly_bracket",), "Over a longer range.", label="longer")
SHORTER = Action("shorter", ("left_curly_bracket",), "Over a shorter range.", label="shorter")
HISTORY_ACTIONS = (
    *COMMON,
    Action("next-chart", ("l", "right"), "To the next chart or table.", label="next"),
    Action("previous-chart", ("h", "left"), "To the chart or table before."),
    SHORTER,
    LONGER,
    *QUEUE_STEPS,
    Action(
        "export", ("e",), "Write the points of the charts, or a table, into a file.", label="export",
        takes=_kinds, usage="[points|errors|slowest|workers] FILE.csv|FILE.json", does="export_shown",
    ),
    Action("refresh", ("r",), "Read everything anew; this never retries a task."),
)  # fmt: skip


class HistoryScreen(CleoScreen):
    """The figures, charts and tables of a range, of whatever was chosen."""

    TITLE = "History"
    ACTIONS = HISTORY_ACTIONS
    BINDINGS = bindings_of(HISTORY_ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._scope: Scope | None = None
        self._asked_for: Scope | None = None
        self._span = FIRST_SPAN
        self._asked_at = float("-inf")
        self._exported: View | None = None
        self._reading = Reading(self._fetch, self.changed)
        self._scopes, self._spans = ChoiceStrip(), ChoiceStrip()
        self._tiles, self._board, self._card = Tiles(), Board(), StateCard()

    def body(self) -> ComposeResult:
        """What it is of and how far back, the figures, and the charts."""
        yield self._scopes
        yield self._spans
        yield self._card
        yield self._tiles
        yield self._board

    @property
    def crumb(self) -> str:
        """The screen and what it is of."""
        return f"{self.title} / {self._scope.text}" if self._scope else str(self.title)

    @property
    def home(self) -> Widget | None:
        """The table in front, if there is one."""
        return self._board.table

    # --- what is read --------------------------------------------------------------------------------

    async def _fetch(self) -> Past:
        self._asked_at = self.cleo_app.live.now()
        assert self._scope is not None
        return await read_past(self.cleo_app.cleo, self._scope, self._span)

    def reconcile(self, snapshot: Snapshot) -> None:
        """Read it anew, if so much time has passed that it would look different."""
        past = self._reading.value
        pace = past.pace if past is not None and past.span is self._span else 0.0
        # A replay may go back to before it was read.
        if self._scope is not None and not 0 <= snapshot.now - self._asked_at < pace:
            self._reading.refresh()

    def choose(self, scope: Scope) -> None:
        """Look at something else."""
        if scope != self._scope:
            self._scope = scope
            self._reading.restart()
        self.changed()

    def _choose_span(self, span: Span) -> None:
        """Look over another range; until it is read, the charts show the one before and say so."""
        if span is not self._span:
            self._span = span
            if self._scope is not None:
                self._reading.renew()
        self.changed()

    # --- drawing -------------------------------------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Draw the figures and the charts."""
        if self._scope is None and snapshot.queues:
            few = snapshot.queue_total <= ALL_AT_FIRST
            self.choose(Scope() if few else Scope(snapshot.queues[0].name))
        past = self._reading.value
        card = self._card_of(snapshot, past)
        self._card.display = card is not None
        for part in (self._tiles, self._board):
            part.display = card is None
        self._tell_strips(snapshot, past)
        if card is not None:
            self._card.tell(card)
        elif past is not None:
            self._tiles.tell(tiles_of(past.stats))
            self._board.tell(past, snapshot.now)

    def _tell_strips(self, snapshot: Snapshot, past: Past | None) -> None:
        scope = self._scope
        names = queue_names(snapshot)
        chosen = ALL_QUEUES if scope is None or scope.queue is None else scope.queue
        leads = "shows all of it" if self._widens else "goes back"
        tail = f"{scope.what} · esc {leads}" if scope is not None and scope.is_narrow else ""
        shown = [ALL_QUEUES, *names] if names else []
        self._scopes.tell([Choice(name, chosen=name == chosen) for name in shown], tail)
        ranges = [Choice(span.label, chosen=span is self._span) for span in SPANS]
        self._spans.tell(ranges, self._age(past, snapshot.now))

    def _age(self, past: Past | None, now: float) -> str:
        if past is None:
            return ""
        figures = past.stats.figures
        if self._reading.error is not None:
            return f"as of {say.ago(max(0.0, now - figures.until))}, it can't be read now"
        if past.span is not self._span:
            return f"reading the last {self._span.label}"
        since = say.moment(figures.since)[5:16] if past.span.length > DAY else say.hour(figures.since, to_the="minute")
        return f"since {since} · read {say.ago(max(0.0, now - figures.until))}"

    def _card_of(self, snapshot: Snapshot, past: Past | None) -> Card | None:
        if card := self.card_without_data(snapshot):
            return card
        if self._scope is None:
            return Card(Absence.EMPTY, "No queues yet", "A queue appears with its first task.")
        error = self._reading.error
        if error is not None and (past is None or past.span is not self._span):
            denied = isinstance(error, PermissionDenied)
            return Card(
                Absence.DENIED if denied else Absence.ERROR,
                f"The history of {self._scope.text} can't be read",
                error.cause if isinstance(error, PermissionDenied) else str(error),
                error.cure if isinstance(error, PermissionDenied) else "",
            )
        if past is None:
            return Card(Absence.CONNECTING, f"Reading the last {self._span.label} of {self._scope.text}")
        if past.is_empty:
            hint = "" if past.span is SPANS[-1] else "} looks over a longer range"
            return Card(
                Absence.EMPTY, f"Nothing happened in the last {past.span.label}", f"Of {past.scope.text}.", hint
            )
        return None

    # --- choosing ------------------------------------------------------------------------------------

    def visit(self, words: Sequence[str]) -> None:
        """Look at what a command names: ``@emails``, ``group acme @emails``, ``worker w1``, ``all 24h``."""
        words = list(words)
        if words and (span := span_of(words[-1])) and words[:-1] not in (["worker"], ["task"], ["group"]):
            self._choose_span(span)
            words.pop()
        if not words:
            return
        scope = scope_of(words, self._scope.queue if self._scope else None)
        if scope is None:
            self.cleo_app.warn(f"Say `:history {USAGE}`.")
        elif scope.queue is None or self.is_known(scope.queue):
            self._asked_for = scope
            self.choose(scope)

    def _step_queue(self, by: int) -> None:
        snapshot = self.cleo_app.snapshot
        if snapshot is None or self._scope is None:
            return
        choices: list[str | None] = [None, *queue_names(snapshot)]
        place = choices.index(self._scope.queue) if self._scope.queue in choices else -by
        self.choose(Scope(choices[(place + by) % len(choices)]))

    def on_choice_strip_picked(self, message: ChoiceStrip.Picked) -> None:
        """A queue or a range was clicked on."""
        if message.strip is self._spans:
            self._choose_span(span_of(message.word) or self._span)
        else:
            self.choose(Scope(None if message.word == ALL_QUEUES else message.word))

    async def on_lazy_table_opened(self) -> None:
        """Look into the error, the task name or the worker under the cursor."""
        scope, board = self._scope or Scope(), self._board
        if board.names.has_focus and (row := board.names.current):
            self.choose(Scope(scope.queue, name=row.name))
        elif board.loads.has_focus and (load := board.loads.current):
            self.choose(Scope(scope.queue, worker=load.worker))
        elif board.errors.has_focus and (error := board.errors.current):
            await self._open_error(error)

    async def _open_error(self, error: ErrorPattern) -> None:
        """To the dead letters of this kind, if there are any."""
        try:
            with understood():
                page = await self.cleo_app.cleo.dead_letters.list(error.queue, limit=1, fingerprint=error.fingerprint)
        except CleoError as refused:
            self.cleo_app.warn(str(refused))
            return
        if not page.items:
            self.cleo_app.say(f"{error.queue} has no dead letters of this kind (any more).")
            return
        latest = page.items[0]
        kind = DeadLetterKind(
            fingerprint=error.fingerprint,
            pattern=latest.pattern,
            count=page.total,
            first_at=error.first_seen or 0.0,
            last_at=latest.finished_at or 0.0,
            latest=latest.id,
        )
        self.cleo_app.push_screen(LettersScreen(error.queue, kind))

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """There is nothing longer than the longest range."""
        if action.name == "longer":
            return self._span is not SPANS[-1]
        if action.name == "shorter":
            return self._span is not SPANS[0]
        if action.name == "export":
            return self._board.display and not self.cleo_app.is_web
        return action.name not in {"next-chart", "previous-chart"} or self._board.display

    @property
    def _widens(self) -> bool:
        """Whether Esc leads to all of the queue: not if another screen led to just this, and so back there."""
        return (
            self._scope is not None
            and self._scope.is_narrow
            and not (self.cleo_app.came_from and self._scope == self._asked_for)
        )

    def do_back(self) -> None:
        """From a group, worker or task to the queue that it is in, or else back."""
        if self._widens and self._scope is not None:
            self.choose(self._scope.wide)
        else:
            super().do_back()

    def do_next_chart(self) -> None:
        """To the next chart."""
        self._board.step(1)

    def do_previous_chart(self) -> None:
        """To the chart before."""
        self._board.step(-1)

    def do_longer(self) -> None:
        """Over the next longer range."""
        self._choose_span(SPANS[min(SPANS.index(self._span) + 1, len(SPANS) - 1)])

    def do_shorter(self) -> None:
        """Over the next shorter range."""
        self._choose_span(SPANS[max(SPANS.index(self._span) - 1, 0)])

    def do_next_queue(self) -> None:
        """To the next queue."""
        self._step_queue(1)

    def do_previous_queue(self) -> None:
        """To the queue before."""
        self._step_queue(-1)

    @property
    def export_rows(self) -> Rows[Any] | None:
        """The points of the charts, as fine as they are kept, or a table."""
        past, board = self._reading.value, self._board
        if past is None or not board.display:
            return None
        rows = board.rows.get(self._exported or board.front)
        return rows if rows is not None else Listing(lambda point: str(point.since), past.fine)

    def export_fields(self, row: Any) -> Mapping[str, object]:
        """One value a column; only a worker's points have a load, and all of its columns even where there is none."""
        told = dict(super().export_fields(row))
        if isinstance(row, Figures):
            load = told.pop("load")
            if self._scope is not None and self._scope.worker is not None:
                told["load"] = load or dict.fromkeys(WorkerLoad.model_fields)
        return flat(told)

    def do_export_shown(self, *words: str) -> None:
        """Write what was named into the file that was named, or ask for its name."""
        if self.export_rows is None and not self.cleo_app.is_web:
            self.cleo_app.warn(self._why_nothing_is_written())
            return
        kinds = [view for view in EXPORTED if words and words[0] == word_of(view)]
        if len(words) > 1 and kinds:
            self._exported = kinds[0]
            self.cleo_app.do_export(*words[1:])
            self._exported = None
        elif words or self.cleo_app.is_web:
            self.cleo_app.do_export(*words)
        else:
            kind = word_of(self._board.front)
            of = re.sub(r"[^\w.]+", "-", self._scope.text if self._scope else "").strip("-")
            line = f"export {kind} {kind}-{of}-{self._span.word}.csv"
            self.prompt.open(Purpose.COMMAND, line, self._candidates)

    def _why_nothing_is_written(self) -> str:
        if self._scope is None:
            return "There is no queue yet, so there is nothing to write."
        past = self._reading.value
        if past is not None and past.is_empty:
            return f"Nothing happened in the last {past.span.label}, so there is nothing to write."
        if self._reading.error is not None:
            return "The history can't be read now, so there is nothing to write."
        return "The history is still being read. What it shows can be written as soon as it is there."

    def do_refresh(self) -> None:
        """Read it now."""
        if self._scope is not None:
            self._reading.renew()
        self.cleo_app.do_refresh()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        self._reading.close()


SPEC = ScreenSpec("9", "history", "History", HistoryScreen, takes=completed_words, usage=USAGE, short="Hist")
