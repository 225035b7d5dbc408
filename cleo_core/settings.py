"""Settings, checked where they are made. Durations are seconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from cleo_core.errors import InvalidOption

Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RedisSettings(_Settings):
    """Where the server is and how to talk to it.

    ``url`` is ``redis://``, ``rediss://`` (TLS), ``unix://`` or ``embedded://``; user, password and database may be
    part of it or be given apart. ``timeout`` bounds each answer, ``connect_timeout`` each attempt to connect.
    """

    url: str = Field(default="redis://localhost:6379/0", repr=False)
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    timeout: Seconds = 10.0
    connect_timeout: Seconds = 5.0


class WorkerSettings(_Settings):
    """How a worker works.

    ``concurrency`` is how many tasks run at once in a process, ``prefetch`` how many more may be claimed ahead while
    tasks are short. A lease lasts ``lease`` and is renewed each ``heartbeat``, at most a third of it, so that a renewal
    which fails can be made again in time; ``sweep`` is how often a worker looks for leases that ran out. On SIGTERM
    running tasks have ``grace`` to finish. An idle worker waits at most ``idle_wait`` before it looks again. A process
    with more than ``max_memory`` bytes of resident memory claims no more: under ``cleo worker`` it finishes what runs
    and is replaced, else it waits until it has less.
    """

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 100
    prefetch: Annotated[int, Field(ge=0, le=10_000)] | None = None
    lease: Seconds = 15.0
    heartbeat: Annotated[Seconds, Field(validate_default=True)] = 5.0
    sweep: Seconds = 2.0
    grace: Annotated[float, Field(ge=0)] = 30.0
    idle_wait: Seconds = 5.0
    threads: Annotated[int, Field(ge=1, le=1_000)] = 32
    max_memory: Annotated[int, Field(ge=1)] | None = None

    @field_validator("heartbeat")
    @classmethod
    def _leaves_time_for_another(cls, heartbeat: float, fields: ValidationInfo) -> float:
        lease = fields.data.get("lease")  # None: it is refused itself.
        if lease is not None and 3 * heartbeat > lease:
            raise PydanticCustomError(
                "heartbeat",
                "a third of the lease of {lease} s is the most, so that a renewal which fails can be made again in "
                "time; set heartbeat to {most} or less, or lease to {least} or more",
                {"lease": f"{lease:g}", "most": f"{lease / 3:.3g}", "least": f"{3 * heartbeat:g}"},
            )
        return heartbeat

    @property
    def claim_ahead(self) -> int:
        """``prefetch``, or as many as run at once."""
        return self.concurrency if self.prefetch is None else self.prefetch

    @property
    def presence(self) -> float:
        """For how long after a heartbeat a worker counts as there."""
        return max(2 * self.lease, 3 * self.heartbeat)

    def changed(self, changes: dict[str, Any]) -> WorkerSettings:
        """These settings with some changed.

        Raises:
            InvalidOption: an unknown setting, or a value out of its range.
        """
        try:
            return WorkerSettings.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InvalidOption(f"The worker's setting {name} can't be {first['input']!r}: {first['msg']}.") from None


Entries = Annotated[int, Field(ge=1, le=5_000)]
OwnEntries = Annotated[int, Field(ge=0, le=5_000)]
Kept = Annotated[int, Field(ge=3_600, le=315_360_000)]


class HistoryLimits(_Settings):
    """How much of the past is kept of a queue, and for how long.

    The lists of attempts of a queue, of each group and of each worker keep ``queue_entries``, ``group_entries`` and
    ``worker_entries``, for ``keep`` seconds after the last one. With 0 nothing is added to the lists of groups, or of
    workers. Of both together a queue keeps 10,000 lists, those that something was added to last. Of its errors,
    ``errors`` kinds are known, those seen last. Counters are kept ``minutes`` seconds by minute, ``hours`` seconds by
    hour and ``days`` seconds by day. At most ``groups``, ``workers`` and ``names`` of each kind have counters of their
    own on a day and in a minute; 0 switches that kind off.

    A worker writes these into the queue when it starts, so the worker that started last says what holds.
    """

    queue_entries: Entries = 500
    group_entries: OwnEntries = 200
    worker_entries: OwnEntries = 100
    keep: Kept = 2_592_000
    groups: Annotated[int, Field(ge=0, le=100_000)] = 100
    workers: Annotated[int, Field(ge=0, le=100_000)] = 100
    names: Annotated[int, Field(ge=0, le=100_000)] = 100
    minutes: Kept = 172_800
    hours: Kept = 2_764_800
    days: Kept = 31_622_400
    errors: Annotated[int, Field(ge=1, le=100_000)] = 1_000

    @property
    def spec(self) -> str:
        """As the queue's hash has it, in the order of the fields."""
        return " ".join(str(value) for value in self.model_dump().values())


class Limits(_Settings):
    """What Cleo accepts and how long it keeps it.

    ``payload_bytes`` bounds the arguments and the result of a task as JSON. ``retention`` is how long a completed or
    cancelled task is kept (0: not at all), ``dead_retention`` a dead letter. ``traceback_chars`` is what is kept of a
    traceback's end. ``max_deliveries`` is how many workers a task may take down before it is a dead letter.
    ``trash_retention`` is for how long a discarded dead letter can be brought back.
    ``history`` is what is kept of the past.
    """

    payload_bytes: Annotated[int, Field(ge=1)] = 1_048_576
    retention: Annotated[int, Field(ge=0, le=315_360_000)] = 3_600
    dead_retention: Annotated[int, Field(ge=60, le=315_360_000)] = 2_592_000
    trash_retention: Annotated[float, Field(ge=1, le=604_800)] = 600.0
    traceback_chars: Annotated[int, Field(ge=0)] = 8_000
    max_deliveries: Annotated[int, Field(ge=1)] = 3
    batch: Annotated[int, Field(ge=1, le=5_000)] = 1_000
    history: HistoryLimits = HistoryLimits()

    @property
    def retentions(self) -> tuple[int, int]:
        """As the scripts take them: of dead letters, and of tasks that are cancelled while they run."""
        return self.dead_retention, self.retention
