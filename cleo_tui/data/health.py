"""What is wrong with a queue, said in one word, and the alerts that follow from it.

The rules are few and plain, because an operator must be able to tell at 3 a.m. why the console is worried. From when on
something is wrong is said by the thresholds of the profile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from cleo_core.models import MinuteStats, ServerInfo, WorkerInfo
from cleo_core.stuck import SILENT_AFTER
from cleo_tui import say
from cleo_tui.data.rates import Drain, Rates
from cleo_tui.data.tally import Counts
from cleo_tui.settings import Thresholds

USUAL = Thresholds()
RECENT = 180.0
SLOW_ANSWER = 0.3
# A worker is known of 10 s after it began at the latest, so what looks left behind is believed after that.
LEFT_FOR = 15.0


class Health(IntEnum):
    """How a queue does; the higher, the more it wants looking at."""

    OK = 0
    PAUSED = 1
    LATE = 2
    GROWING = 3
    FAILING = 4
    STALLED = 5

    @property
    def word(self) -> str:
        """The one word that the screen says."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that wants looking at: how bad it is, where it is, and what it is.

    ``word`` says it in one word where that of ``health`` would not; ``since`` is when it began, by the server's clock.
    It is told once it has held for ``patience`` seconds.
    """

    health: Health
    subject: str
    text: str
    word: str = ""
    since: float | None = None
    patience: float = 0.0

    @property
    def said(self) -> str:
        """The one word."""
        return self.word or self.health.word

    @property
    def key(self) -> tuple[str, str]:
        """What tells this alert from all others, however its numbers move."""
        return self.said, self.subject


def _over(value: float, bound: float | None) -> bool:
    return bound is not None and value > bound


def health_of(
    counts: Counts,
    rates: Rates,
    oldest: float,
    drain: Drain,
    *,
    paused: bool,
    workers: int | None = None,
    limited: bool = False,
    bounds: Thresholds = USUAL,
) -> Health:
    """The worst that can be said of a queue.

    ``workers`` is how many serve it, if that is known; a queue that is ``limited`` to a rate is expected to stand still
    between two tasks.
    """
    if paused:
        return Health.PAUSED
    moves = counts.active or rates.left or (limited and workers != 0)
    if counts.waiting and not moves and _over(oldest, bounds.no_worker):
        return Health.STALLED
    if _over(rates.failures or 0, bounds.failures):
        return Health.FAILING
    late = _over(oldest, bounds.oldest)
    if late and drain.word == "growing" and _over(rates.enqueued - rates.left, bounds.growth):
        return Health.GROWING
    return Health.LATE if late else Health.OK


def queue_alerts(
    queue: str,
    health: Health,
    *,
    counts: Counts,
    rates: Rates,
    oldest: float,
    workers: int | None,
    now: float,
    minutes: Sequence[MinuteStats] = (),
    bounds: Thresholds = USUAL,
) -> list[Alert]:
    """What to say of a queue that is not well. A paused queue is worth a word only while something waits in it."""
    waiting = f"{say.count(counts.waiting)} waiting"
    late_since = now - oldest + (bounds.oldest or 0.0)
    alerts: list[Alert] = []
    match health:
        case Health.STALLED:
            cause = "no worker serves it" if workers == 0 else "none is taken"
            since = max(now - oldest + (bounds.no_worker or 0.0), _last_left(minutes))
            alerts.append(Alert(health, queue, f"{waiting}, {cause}", since=since))
        case Health.FAILING:
            since = failing_since(minutes, now, bounds.failures or 0.0)
            alerts.append(Alert(health, queue, f"{say.percent(rates.failures)} of its attempts fail", since=since))
        case Health.GROWING:
            more = f"grows by {say.rate(rates.enqueued - rates.left)}"
            alerts.append(Alert(health, queue, f"{waiting}, {more}", since=late_since))
        case Health.LATE:
            alerts.append(Alert(health, queue, f"the oldest task has waited {say.age(oldest)}", since=late_since))
        case Health.PAUSED if counts.waiting:
            alerts.append(Alert(health, queue, f"{waiting} while it is paused"))
        case _:
            pass
    if counts.active and workers == 0 and bounds.no_worker is not None:
        text = f"{say.count(counts.active)} active, left by workers that are gone"
        alerts.append(Alert(Health.STALLED, queue, text, "no worker", patience=max(LEFT_FOR, bounds.no_worker)))
    if _over(counts.dead, bounds.dead):
        alerts.append(Alert(Health.FAILING, queue, say.plural(counts.dead, "dead letter"), "dead"))
    return alerts


def _last_left(minutes: Sequence[MinuteStats]) -> float:
    """The beginning of the last minute in which a task left the queue for good, 0 if none is known."""
    return next((minute.at for minute in reversed(minutes) if minute.completed or minute.died), 0.0)


def failing_since(minutes: Sequence[MinuteStats], now: float, bound: float) -> float | None:
    """The beginning of the first of the last minutes in a row of whose attempts more than ``bound`` failed.

    A minute in which nothing ended is passed over. ``None`` if the latest minute doesn't say so, or is long past.
    """
    since = None
    for minute in reversed(minutes):
        ended = minute.completed + minute.failed
        if not ended:
            continue
        if minute.failed <= bound * ended or (since is None and now - minute.at > RECENT):
            break
        since = minute.at
    return since


def worker_alerts(workers: tuple[WorkerInfo, ...], now: float) -> list[Alert]:
    """The workers whose heartbeat was late at ``now``, when they were read: no later beat can be known of."""
    return [
        Alert(
            Health.STALLED,
            worker.id,
            f"no heartbeat for {say.age(now - worker.beat_at)}",
            "silent",
            since=worker.beat_at + SILENT_AFTER,
        )
        for worker in workers
        if now - worker.beat_at > SILENT_AFTER
    ]


def server_alerts(server: ServerInfo | None, bounds: Thresholds = USUAL) -> list[Alert]:
    """What about the server itself endangers tasks."""
    if server is None or not server.max_memory:
        return []
    alerts: list[Alert] = []
    used = server.used_memory / server.max_memory
    if _over(used, bounds.memory):
        lost = "new tasks are refused" if server.eviction_policy == "noeviction" else "tasks are evicted"
        full = f"its memory is full ({say.percent(used)}), so {lost}"
        text = full if used >= 1 else f"{say.percent(used)} of its memory is used; when it is full, {lost}"
        alerts.append(Alert(Health.STALLED, server.address, text, "memory"))
    if server.eviction_policy != "noeviction":
        text = f"maxmemory-policy is {server.eviction_policy}: it may evict tasks"
        alerts.append(Alert(Health.FAILING, server.address, text, "eviction"))
    return alerts


def answer_alerts(address: str, seconds: float) -> list[Alert]:
    """A server that answers late: all that is on the screen is older than it looks, and workers wait as well."""
    if seconds < SLOW_ANSWER:
        return []
    text = f"it takes {say.duration(seconds)} to answer"
    return [Alert(Health.LATE, address, text, "slow")]


class AlertBook:
    """Remembers since when each alert holds. One that was away for a few seconds only has never been away."""

    AWAY = 15.0

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._seen: dict[tuple[str, str], float] = {}

    def note(self, alerts: Iterable[Alert], now: float) -> tuple[Alert, ...]:
        """The alerts that hold at ``now``, the worst first, each with its beginning."""
        dated: list[Alert] = []
        for alert in alerts:
            began = self._since.setdefault(alert.key, now)
            self._seen[alert.key] = now
            if now - began < alert.patience:
                continue
            dated.append(alert if alert.since is not None else replace(alert, since=began))
        for key, seen in list(self._seen.items()):
            if now - seen > self.AWAY:
                del self._seen[key], self._since[key]
        return tuple(sorted(dated, key=lambda alert: (-alert.health, alert.since or 0.0, alert.subject)))
