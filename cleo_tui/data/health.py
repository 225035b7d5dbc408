"""What is wrong with a queue, said in one word, and the alerts that follow from it.

The rules are few and plain, because an operator must be able to tell at 3 a.m. why the console is worried.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from cleo_core.models import ServerInfo, WorkerInfo
from cleo_tui import say
from cleo_tui.data.rates import Drain, Rates
from cleo_tui.data.tally import Counts

LATE_AFTER = 60.0
STALLED_AFTER = 10.0
FAILING_SHARE = 0.05
BEAT_LATE = 12.0
MEMORY_SHARE = 0.9


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
    """One thing that wants looking at: how bad it is, where it is, and what it is."""

    health: Health
    subject: str
    text: str


def health_of(counts: Counts, rates: Rates, oldest: float, drain: Drain, *, paused: bool) -> Health:
    """The worst that can be said of a queue."""
    if paused:
        return Health.PAUSED
    if counts.waiting and not counts.active and rates.left == 0 and oldest > STALLED_AFTER:
        return Health.STALLED
    if (rates.failures or 0) > FAILING_SHARE:
        return Health.FAILING
    if drain.word == "growing" and oldest > LATE_AFTER:
        return Health.GROWING
    return Health.LATE if oldest > LATE_AFTER else Health.OK


def queue_alert(
    queue: str, health: Health, *, counts: Counts, rates: Rates, oldest: float, workers: int
) -> Alert | None:
    """What to say of a queue that is not well. A paused queue is worth a word only while something waits in it."""
    waiting = f"{say.count(counts.waiting)} waiting"
    match health:
        case Health.STALLED:
            cause = "no worker serves it" if workers == 0 else "its workers take nothing"
            return Alert(health, queue, f"{waiting}, {cause}")
        case Health.FAILING:
            return Alert(health, queue, f"{say.percent(rates.failures)} of its attempts fail")
        case Health.GROWING:
            return Alert(health, queue, f"{waiting}, more comes in than goes out")
        case Health.LATE:
            return Alert(health, queue, f"the oldest task has waited {say.age(oldest)}")
        case Health.PAUSED if counts.waiting:
            return Alert(health, queue, f"{waiting} while it is paused")
        case _:
            return None


def worker_alerts(workers: tuple[WorkerInfo, ...], now: float) -> list[Alert]:
    """The workers whose heartbeat is late."""
    return [
        Alert(Health.STALLED, worker.id, f"no heartbeat for {say.age(now - worker.beat_at)}")
        for worker in workers
        if now - worker.beat_at > BEAT_LATE
    ]


def server_alerts(server: ServerInfo | None) -> list[Alert]:
    """What about the server itself endangers tasks."""
    if server is None:
        return []
    alerts: list[Alert] = []
    if server.max_memory and server.used_memory > server.max_memory * MEMORY_SHARE:
        share = say.percent(server.used_memory / server.max_memory)
        alerts.append(
            Alert(Health.STALLED, server.address, f"{share} of its memory is used; when it is full, no task is taken")
        )
    if server.max_memory and server.eviction_policy != "noeviction":
        alerts.append(
            Alert(Health.FAILING, server.address, f"maxmemory-policy is {server.eviction_policy}: it may evict tasks")
        )
    return alerts
