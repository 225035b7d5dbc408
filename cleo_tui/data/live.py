"""Events in, snapshots out: the one place that asks the server, on behalf of whatever is on screen.

The stream drives it, a reading of the counts every other second is the truth. Each round asks a bounded number of
questions: queues are read in turns when there are many, minutes only of queues that moved, and the rounds come further
apart when the server is slow. So the console costs the server the same whatever the depth of the queues.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from enum import Flag, auto
from itertools import groupby

from cleo_core import Cleo
from cleo_core.errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    CleoError,
    PermissionDenied,
    ServerError,
)
from cleo_core.models import Event, EventGap, MinuteStats, QueueStats, ServerInfo, WorkerInfo
from cleo_tui.data.assemble import assemble
from cleo_tui.data.carrying import Carrying
from cleo_tui.data.health import USUAL, AlertBook
from cleo_tui.data.link import Link, LinkState, Trouble
from cleo_tui.data.rates import Counters, Meter
from cleo_tui.data.recording import NotRecorded
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.stream import EventLog
from cleo_tui.data.tally import Tally
from cleo_tui.settings import Thresholds

QUEUES_A_ROUND = 16
MOST_NAMES = 1_000
# One slow answer may be the console's own fault; of as many, the fastest counts.
ANSWERS = 3
HISTORIES_A_ROUND = 4
MINUTES = 60
RECENT_MINUTES = 2
MINUTES_EVERY = 10.0
SERVER_EVERY = 10.0
WORKERS_EVERY = 10.0
STRANGERS_EVERY = 0.5
LATE_ROUNDS = 2
FIRST_PAUSE, LAST_PAUSE = 0.5, 5.0
SLOWEST = 5.0


class Want(Flag):
    """What the screen in front needs beside the counts."""

    COUNTS = 0
    MINUTES = auto()
    WORKERS = auto()


class Known:
    """What was learned of one queue."""

    def __init__(self, reading: QueueStats) -> None:
        self.tally = Tally(reading)
        self.meter = Meter()
        self.minutes: tuple[MinuteStats, ...] = ()
        self.minutes_at = float("-inf")
        self.moved = True
        self.read(reading)

    def read(self, reading: QueueStats) -> None:
        """Take a reading of the counts."""
        last = self.tally.reading
        self.moved |= (reading.enqueued, reading.completed, reading.failed) != (
            last.enqueued,
            last.completed,
            last.failed,
        )
        self.tally.read(reading)
        self.meter.add(Counters.of(reading))

    def add_minutes(self, minutes: list[MinuteStats], asked_at: float) -> None:
        """Put the latest minutes in place of those that were known of them. (A recording may know of none.)"""
        first = minutes[0].at if minutes else float("inf")
        self.minutes = (*(minute for minute in self.minutes if minute.at < first), *minutes)[-MINUTES:]
        self.minutes_at = asked_at
        self.moved = False


class Live:
    """Follows a namespace and tells ``on_change`` when there is something new to show.

    Args:
        cleo: what to follow.
        clock: this machine's clock, in seconds since the epoch.
        refresh: seconds between two readings of the truth.
        on_change: called from the running loop, as often as something changed; whoever draws sets the pace of drawing.
        bounds: from when on something is an alert.
        tell: is given a sentence when what the console carries on has come to an end that nobody looks at.
    """

    def __init__(
        self,
        cleo: Cleo,
        *,
        clock: Callable[[], float],
        refresh: float,
        on_change: Callable[[], None],
        bounds: Thresholds = USUAL,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.carrying = Carrying(cleo, tell, on_change)
        self.log = EventLog()
        self.wants = Want.COUNTS
        self.focus: str | None = None
        self.refresh = refresh
        self.late_after: float | None = None
        self._cleo = cleo
        self._clock = clock
        self._on_change = on_change
        self._bounds = bounds
        self._book = AlertBook()
        self._known: dict[str, Known] = {}
        self._turns: deque[str] = deque()
        self._names: list[str] = []
        self._total = 0
        self._denied: dict[str, str] = {}
        self._workers: tuple[WorkerInfo, ...] | None = None
        self._server: ServerInfo | None = None
        self._server_at = self._workers_at = float("-inf")
        self._heard_at = 0.0
        self._answers: deque[float] = deque(maxlen=ANSWERS)
        self._skew = 0.0
        self._data_at: float | None = None
        self._retry_at: float | None = None
        self._trouble: Trouble | None = None
        self._state = LinkState.CONNECTING
        self._wake = asyncio.Event()
        self._started = float("-inf")
        self._due_at = float("-inf")
        self._deaf = False
        self._soon: asyncio.TimerHandle | None = None
        self.rounds = 0

    # --- what is known -------------------------------------------------------------------------------

    def now(self) -> float:
        """The server's clock, as far as it is known."""
        return self._clock() + self._skew

    @property
    def link(self) -> Link:
        """How the console stands with the server."""
        state = self._state
        if state is LinkState.CONNECTED and self._is_late():
            state = LinkState.STALE
        return Link(state, self._cleo.address, self._cleo.namespace, self._data_at, self._retry_at, self._trouble)

    def _is_late(self) -> bool:
        """Whether the server owes an answer for too long. While the console lets it rest it owes none."""
        if self._data_at is None:
            return False
        after = self.late_after if self.late_after is not None else LATE_ROUNDS * self.refresh + 1
        return self._clock() - max(self._data_at, self._due_at) > after

    def snapshot(self) -> Snapshot:
        """Everything that is known now."""
        link = self.link
        return assemble(
            link=link,
            now=self._now_of(link),
            taken_at=self._clock(),
            known={name: self._known[name] for name in self._names if name in self._known},
            names=frozenset(self._names),
            queue_total=self._total,
            workers=self._workers,
            heard_at=self._heard_at,
            server=self._server,
            answers_in=min(self._answers) if len(self._answers) == ANSWERS else 0.0,
            denied=self._denied,
            bounds=self._bounds,
            book=self._book,
        )

    def _now_of(self, link: Link) -> float:
        """The moment that a snapshot shows: what was last known stops ageing when the connection is lost."""
        if link.data_at is not None and link.state in {LinkState.DISCONNECTED, LinkState.DENIED}:
            return link.data_at + self._skew
        return self.now()

    # --- following -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the namespace until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(), name="cleo-tui-listen")
                group.create_task(self._read_for_ever(), name="cleo-tui-read")
        finally:
            self.carrying.close()

    def nudge(self) -> None:
        """Read now rather than at the next turn."""
        self._wake.set()

    async def _listen(self) -> None:
        async for batch in self._cleo.events.batches(on_lost=self._lose_events):
            if self._deaf:
                self._deaf = False
                self.nudge()
            if batch:
                self._hear(batch)

    def _lose_events(self, _error: ServerError) -> None:
        """A server that went away is known here first: the next reading, which says so, need not wait for its turn.
        The same holds when it is back.
        """
        if not self._deaf:
            self._deaf = True
            self.nudge()

    def _hear(self, batch: Sequence[Event | EventGap]) -> None:
        sorts = self.log.take(batch, self.now())
        for (queue, at), events in groupby(sorts, key=lambda sort: (sort[0].queue, sort[0].at)):
            known = self._known.get(queue)
            if known is None:
                self._read_soon()
                continue
            known.moved = True
            known.tally.hear(at, events)
        self._on_change()

    def _read_soon(self) -> None:
        """A queue is heard that is not known: read again, but not with each of its events if it can't be read."""
        if self._soon is None:
            wait = max(0.0, self._started + STRANGERS_EVERY - time.monotonic())
            self._soon = asyncio.get_running_loop().call_later(wait, self._wake.set)

    async def _read_for_ever(self) -> None:
        pause = FIRST_PAUSE
        while True:
            started = self._started = time.monotonic()
            self._due_at = self._clock()
            try:
                await self._read()
            except (CleoError, ValueError) as error:
                wait = pause * random.uniform(0.8, 1.2)
                self._lose(error, self._clock() + wait)
                pause = min(pause * 2, LAST_PAUSE)
            else:
                pause = FIRST_PAUSE
                # A slow server is asked less often; one that stood still once is not left alone for long.
                wait = max(self.refresh, min(SLOWEST, 4 * (time.monotonic() - started)))
            self._due_at = self._clock() + wait
            self.rounds += 1
            self._on_change()
            with suppress(TimeoutError):
                # Not `wait_for`: in Python 3.11 it may swallow a cancellation that comes together with the wake-up.
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            self._wake.clear()
            if self._soon is not None:
                self._soon.cancel()
                self._soon = None

    def _lose(self, error: Exception, retry_at: float) -> None:
        denied = isinstance(error, PermissionDenied | AuthenticationFailed | AuthenticationRequired)
        self._state = LinkState.DENIED if denied else LinkState.DISCONNECTED
        self._retry_at = retry_at
        self._server_at = float("-inf")
        self._answers.clear()
        if isinstance(error, ServerError):
            self._trouble = Trouble(error.cause, error.cure)
        else:
            self._trouble = Trouble(
                f"what it holds can't be understood ({error}).", "Is it of another version of Cleo?"
            )

    # --- one round -----------------------------------------------------------------------------------

    async def _read(self) -> None:
        asked_at = time.monotonic()
        self._names = names = await self._cleo.queues.names()
        self._answers.append(time.monotonic() - asked_at)
        self._total = len(names) if len(names) < MOST_NAMES else max(len(names), await self._cleo.queues.count())
        await self._read_counts()
        self._state, self._trouble, self._retry_at = LinkState.CONNECTED, None, None
        self._data_at = self._clock()
        self._on_change()
        if time.monotonic() - self._server_at >= SERVER_EVERY:
            self._server = await self._cleo.server_info()
            self._server_at = time.monotonic()
        # Alerts are told on every screen, and some of them are about workers.
        if Want.WORKERS in self.wants or time.monotonic() - self._workers_at >= WORKERS_EVERY:
            self._workers = tuple(await self._cleo.workers.list())
            self._workers_at, self._heard_at = time.monotonic(), self.now()
        if Want.MINUTES in self.wants:
            await self._read_minutes()

    def _next_queues(self) -> list[str]:
        """The queue in focus, then those whose turn it is."""
        current = set(self._names)
        known = set(self._turns)
        self._turns = deque(name for name in self._turns if name in current)
        self._turns.extendleft(name for name in reversed(self._names) if name not in known)
        turn = [self._turns[index] for index in range(min(QUEUES_A_ROUND, len(self._turns)))]
        self._turns.rotate(-len(turn))
        if self.focus in current and self.focus not in turn:
            turn.append(self.focus)
        return turn

    async def _read_counts(self) -> None:
        refusal: PermissionDenied | None = None
        for queue in self._next_queues():
            try:
                reading = await self._cleo.queues.stats(queue)
            except PermissionDenied as error:
                self._denied[queue] = error.cause
                refusal = error
                continue
            except NotRecorded:
                continue
            self._denied.pop(queue, None)
            self._skew = reading.at - self._clock()
            if queue in self._known:
                self._known[queue].read(reading)
            else:
                self._known[queue] = Known(reading)
        for gone in self._known.keys() - set(self._names):
            del self._known[gone]
        if refusal is not None and not self._known:
            raise refusal

    async def _read_minutes(self) -> None:
        now = time.monotonic()
        due = (name for name in self._names if name in self._known and self._is_due(self._known[name], now))
        for queue in _first(HISTORIES_A_ROUND, due):
            known = self._known[queue]
            # A console that was away asks for as many minutes as it missed.
            missed = int(max(0.0, self.now() - known.minutes[-1].at) // 60) if known.minutes else MINUTES
            asked = min(MINUTES, RECENT_MINUTES + missed)
            try:
                minutes = await self._cleo.analytics.minutes(queue, asked)
            except PermissionDenied:
                # Who may count a queue may not always look into its past; all the rest is there.
                minutes = []
            known.add_minutes(minutes, now)
            self._on_change()

    def _is_due(self, known: Known, now: float) -> bool:
        past = now - known.minutes_at
        return past >= 60 or (known.moved and past >= MINUTES_EVERY)


def _first(limit: int, names: Iterable[str]) -> list[str]:
    return [name for name, _ in zip(names, range(limit), strict=False)]
