"""The one-glance answer: is anything wrong, where, and since when."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from cleo_core.models import MinuteStats
from cleo_tui import say
from cleo_tui.data.live import Want
from cleo_tui.data.pages import Listing
from cleo_tui.data.rates import Drain
from cleo_tui.data.snapshot import QueueView, Snapshot
from cleo_tui.screens import ScreenSpec
from cleo_tui.screens.base import CleoScreen
from cleo_tui.screens.queue_columns import BRIEF, drain_cell
from cleo_tui.theme import Role
from cleo_tui.widgets.alerts import Alerts
from cleo_tui.widgets.chart import Chart, Series
from cleo_tui.widgets.pane import Pane
from cleo_tui.widgets.rulers import RATE
from cleo_tui.widgets.statecard import Absence, Card, StateCard
from cleo_tui.widgets.table import LazyTable
from cleo_tui.widgets.tiles import Tile, Tiles

FAILURES_WORRY, FAILURES_ALARM = 0.01, 0.05
OLD_WORRIES, OLD_ALARMS = 60.0, 600.0


class OverviewScreen(CleoScreen):
    """Tiles, charts, the queues in trouble first, and alerts."""

    TITLE = "Overview"
    WANTS = Want.MINUTES | Want.WORKERS

    def __init__(self) -> None:
        super().__init__()
        self._histories: list[tuple[MinuteStats, ...]] = []
        self._minutes: list[MinuteStats] = []
        self._rows = Listing[QueueView](lambda queue: queue.name)
        self._table = LazyTable[QueueView](BRIEF)
        self._pane = Pane(self._table)
        self._card, self._tiles, self._alerts = StateCard(), Tiles(), Alerts()
        self._throughput = Chart("Throughput", lambda rate: RATE.say(rate, rate), span="60 min")
        self._latency = Chart("Latency", say.duration, span="60 min")
        self._charts = Horizontal(self._throughput, self._latency, id="charts")
        self._lower = Horizontal(self._pane, self._alerts, id="lower")

    def body(self) -> ComposeResult:
        """From the whole to the parts."""
        yield self._card
        yield self._tiles
        yield self._charts
        yield self._lower

    @property
    def home(self) -> Widget:
        """The queues."""
        return self._table

    def show(self, snapshot: Snapshot) -> None:
        """Draw all of it."""
        card = self.card_without_data(snapshot) or _card_without_queues(snapshot)
        self._card.display = card is not None
        for part in (self._tiles, self._charts, self._lower):
            part.display = card is None
        if card is not None:
            self._card.tell(card)
            return
        self._tiles.tell(tiles_of(snapshot))
        self._show_charts(snapshot)
        self._rows.replace(snapshot.in_trouble_first)
        self._table.show(self._rows)
        read = f", {say.count(len(snapshot.queues))} read so far" if len(snapshot.queues) < snapshot.queue_total else ""
        self._pane.tell("Queues", f"{say.count(snapshot.queue_total)}{read}, those in trouble first")
        self._alerts.tell(snapshot.alerts, snapshot.now)

    def _show_charts(self, snapshot: Snapshot) -> None:
        histories = [queue.minutes for queue in snapshot.queues]
        if histories != self._histories:
            self._histories, self._minutes = histories, merged(histories)
        minutes = self._minutes
        rates = snapshot.rates
        # The minute that is running has only begun to count; how things stand now takes its place.
        completed = (*(minute.completed / 60 for minute in minutes[:-1]), rates.completed)
        failed = (*(minute.failed / 60 or None for minute in minutes[:-1]), rates.failed or None)
        self._throughput.tell(
            [
                Series("completed", completed, Role.ACCENT, now=say.rate(rates.completed)),
                Series("failed", failed, Role.BAD, dashed=True, now=say.rate(rates.failed)),
            ]
        )
        run = tuple(minute.run_p95 for minute in minutes)
        wait = tuple(minute.wait_p95 for minute in minutes)
        self._latency.tell(
            [
                Series("run p95", run, Role.ACCENT, now=say.duration(_last(run))),
                Series("wait p95", wait, Role.WARN, dashed=True, now=say.duration(_last(wait))),
            ]
        )

    def on_lazy_table_opened(self) -> None:
        """Look into the queue."""
        queue = self._table.current
        if queue is not None:
            self.cleo_app.go_in("tasks", f"@{queue.name}")


def _card_without_queues(snapshot: Snapshot) -> Card | None:
    if snapshot.queues:
        return None
    if snapshot.queue_total:
        return Card(Absence.DENIED, "You may not look into any queue here", next(iter(snapshot.denied.values()), ""))
    return Card(
        Absence.EMPTY,
        f"No queues in the namespace {snapshot.link.namespace}",
        "A queue appears with its first task.",
        "If there should be some, check --namespace.",
    )


def merged(histories: Sequence[Sequence[MinuteStats]]) -> list[MinuteStats]:
    """The minutes of all queues together. Percentiles can't be added up, so it is the slowest queue's that is shown."""
    by_minute: dict[float, list[MinuteStats]] = {}
    for history in histories:
        for minute in history:
            by_minute.setdefault(minute.at, []).append(minute)
    return [
        MinuteStats(
            at=at,
            enqueued=sum(minute.enqueued for minute in same),
            completed=sum(minute.completed for minute in same),
            failed=sum(minute.failed for minute in same),
            died=sum(minute.died for minute in same),
            run_p95=max((minute.run_p95 for minute in same if minute.run_p95 is not None), default=None),
            wait_p95=max((minute.wait_p95 for minute in same if minute.wait_p95 is not None), default=None),
        )
        for at, same in sorted(by_minute.items())
    ]


def _last(values: Sequence[float | None]) -> float | None:
    return next((value for value in reversed(values) if value is not None), None)


def tiles_of(snapshot: Snapshot) -> list[Tile]:
    """The nine numbers."""
    counts, rates = snapshot.counts, snapshot.rates
    workers = snapshot.workers
    oldest = snapshot.oldest.oldest if snapshot.oldest else None
    drain: Drain = snapshot.drain
    drain_text, drain_role = drain_cell(drain)
    # More are active than there is room for while those of a dead worker wait to be taken back.
    busy = f"of {say.count(snapshot.capacity)}" if counts.active <= (snapshot.capacity or 0) else ""
    return [
        Tile("waiting", say.count(counts.waiting), f"{say.rate(rates.enqueued)} in" if rates.enqueued else ""),
        Tile("active", say.count(counts.active), busy),
        Tile("delayed", say.count(counts.delayed)),
        Tile("dead", say.count(counts.dead), role=Role.BAD if counts.dead else Role.PLAIN),
        Tile(
            "workers",
            say.count(len(workers)) if workers is not None else say.NOTHING,
            role=Role.BAD if workers is not None and not workers and counts.waiting else Role.PLAIN,
        ),
        Tile("throughput", say.rate(rates.completed)),
        Tile(
            "failures",
            say.percent(rates.failures),
            role=_worry(rates.failures or 0, FAILURES_WORRY, FAILURES_ALARM),
        ),
        Tile("oldest", say.age(oldest), role=_worry(oldest or 0, OLD_WORRIES, OLD_ALARMS)),
        Tile("drain time", drain_text, role=drain_role),
    ]


def _worry(value: float, worries: float, alarms: float) -> Role:
    if value > alarms:
        return Role.BAD
    return Role.WARN if value > worries else Role.PLAIN


SPEC = ScreenSpec("1", "overview", "Overview", OverviewScreen, short="Over")
