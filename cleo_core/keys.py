"""Every Redis key that Cleo writes, with its type, its owner and its lifetime.

All keys of a queue carry the queue's name as hash tag (``cleo:{emails}:...``), so that each script runs in one slot, as
Redis Cluster demands. The registries span queues and are never touched by a script
of a queue.

Of a queue (``Q`` stands for ``namespace:{queue}:``):

====================== ====== ================================================================= =======================
key                    type   holds                                                             lives
====================== ====== ================================================================= =======================
``Q queue``            hash   counters, sequence, virtual time, ``paused``, settings            as long as the queue
``Q task:<id>``        hash   one task: arguments, options, state, attempts, result             until it ran, then its
                                                                                                retention
``Q lane:<p>:<group>`` zset   waiting tasks of a group at priority p, scored by sequence        while not empty
``Q ring``             zset   groups that may run now, scored as the strategy has it            while not empty
``Q ring:before``      zset   groups that a change of the rules has not moved yet               while not empty
``Q throttled``        zset   groups that may run at a time, scored by that time (ms)           while not empty
``Q groups``           zset   groups with tasks that wait or run, or with settings, scored by   while not empty
                              how many tasks wait
``Q group:<group>``    hash   a group's settings, virtual time, run time, lock                  1 h after its last task
                                                                                                if it has no settings
``Q running:<group>``  set    ids of the group's running tasks                                  while not empty
``Q locks``            zset   groups that are locked, scored by when the lock ends (ms)         as its last member
``Q line:<group>``     zset   who waits for the group's lock, by ticket                         1 h
``Q seen:<group>``     zset   the same, scored by until when (ms) each is waited for            1 h
``Q active``           hash   the receipt of each running task                                  while not empty
``Q leases``           zset   running tasks, scored by when the lease ends (ms)                 while not empty
``Q delayed``          zset   tasks that wait for a time, scored by that time (ms)              while not empty
``Q completed``        zset   completed tasks, scored by when they expire (ms)                  as its last member
``Q cancelled``        zset   cancelled tasks, scored by when they expire (ms)                  as its last member
``Q dead``             zset   dead letters, scored by when they expire (ms)                     as its last member
``Q dead:fp:<f>``      zset   dead letters of the fingerprint f, scored by when they expire (ms)  as its last member
``Q dead:kind:<f>``    hash   pattern of the fingerprint, first and last death (ms)             as its last letter
``Q dead:kinds``       zset   fingerprints of dead letters, scored by how many those are        as the last dead letter
``Q dead:due``         zset   the same, scored by when the next of them expires (ms)            as the last dead letter
``Q discards``         zset   discards that can be undone, scored by when they go (ms)          as its last member
``Q discard:<d>``      hash   who discarded, when, and when it goes                             10 min
``Q discarded:<d>``    zset   ids of discarded dead letters, scored by when they would expire   10 min
                              (ms)
``Q trash:<d>:<id>``   hash   the record of a discarded dead letter                             10 min
``Q retries``          zset   retries of many dead letters, scored by their last step (ms)      1 week
``Q retry:<r>``        hash   such a retry: filter, how far it is, what came of it              1 week
``Q retry:<r>:watch``  zset   its tasks that are not judged yet, by when last looked at (ms)    1 week
``Q waits``            set    ids of tasks whose end somebody waits for                         1 h
``Q wake``             list   at most one token per call, for a worker that waits idle          1 min
``Q events``           stream the last events, in entries of at most 100                        1 day
``Q history``          list   the last 500 finished attempts                                    30 days
``Q history:g:<group>``  list   the last 200 of a group                                         30 days, and while among
                                                                                                the last 10,000 of
                                                                                                ``histories``
``Q history:w:<worker>`` list   the last 100 of a worker                                        the same
``Q histories``        zset   which lists there are (``g:<group>``, ``w:<worker>``), scored by  30 days
                              when (ms) something was added
``Q minute:<minute>``  hash   counters and time histograms of one minute, until folded          2 days
``Q minute:<m>:<kind>``  set  groups (``g``), workers (``w``) or task names (``n``) that have   2 days
                              a hash of their own in that minute, at most 100
``Q minute:<m>:g:<group>`` hash  the counters of one of them; ``minute:<m>:g+`` of all others   2 days
``Q unfolded``         zset   minutes that are not folded yet, scored by their number           2 days
``Q minutes:<hour>``   string the counters of each minute of an hour; also with the suffixes    2 days
                              ``:g:<group>``, ``:w:<worker>``, ``:n:<name>``, ``:g+`` ...
``Q hours:<day>``      hash   the counters of each hour of a day; with the same suffixes        32 days
``Q days:<block>``     hash   the counters of each day of 32; with the same suffixes            1 year
``Q times:<day>:<kind>`` zset groups, workers or task names that have counters of their own     1 year
                              on that day (at most 100), scored by run time (ms)
``Q errors``           zset   the last 1,000 kinds of errors, scored by last seen (ms)          30 days
``Q error:<print>``    hash   pattern of a kind of errors, how many, first and last seen        30 days
``Q schedules``        zset   schedules, scored by when they are due next (ms; +inf: paused)    as its last member
``Q schedules:declared`` set  those of them that tasks declare                                  as its last member
``Q schedule:<id>``    hash   one schedule: task, times, next, last, counts, who declares it     as long as the schedule
``Q workers``          zset   workers of the queue, scored by until when (ms) each counts as     1 day
                              there
``Q audit``            stream what operators did to the queue (last 1,000)                      90 days
====================== ====== ================================================================= =======================

Registries: ``namespace:queues`` (zset of queue names, all scored 0) lives as long as the queues; ``namespace:workers``
(zset of worker ids by last heartbeat) is pruned by the workers; ``namespace:worker:<id>`` (JSON) lives a minute after
the last heartbeat. ``namespace:signatures`` (zset of the sets of task signatures by last heartbeat of a worker that has
them, pruned by the workers) and ``namespace:signatures:<hash>`` (hash: JSON by task name, and under "" when it was
published) live a minute after the last heartbeat. ``namespace:order:<worker>`` (string: the state that an operator
wants the worker in) lives 1 h, ``namespace:audit`` (stream: what operators did to what is of no queue, the last 1,000)
90 days. What a worker took of its machine is in ``namespace:load:<id>:minutes:<day>`` and
``namespace:load:<id>:hours:<32 days>`` (hashes by minute or hour), for three and for 32 days or more. The lifetimes of
the history are the defaults of ``HistoryLimits``.

Channels: ``Q events`` (each stream entry as it is added), ``Q done:<id>`` (the end of a task somebody waits for), ``Q
unlocked`` (a group whose lock became free) and
``namespace:control:<worker>`` (a nudge to look for orders and cancelled tasks).
"""

from __future__ import annotations

from dataclasses import dataclass

from cleo_core.names import check_name

# The keys of a queue that have no lifetime because something owns them: whole, and by how they begin.
ENDURING = frozenset(
    {
        "queue", "ring", "ring:before", "throttled", "groups", "active", "leases", "delayed", "schedules",
        "schedules:declared",
    }
)  # fmt: skip
ENDURING_WHILE_OWNED = ("task:", "lane:", "running:", "group:", "schedule:")


def may_endure(part: str) -> bool:
    """Whether a key of a queue, without the queue's prefix, may be without a lifetime."""
    return part in ENDURING or part.startswith(ENDURING_WHILE_OWNED)


def glob_of(name: str) -> str:
    """A name as a pattern of Redis that matches it alone."""
    return "".join(f"\\{character}" if character in "\\*?[]" else character for character in name)


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """The keys of one queue. Scripts take ``queue`` as their one declared key and derive the others from it."""

    prefix: str

    @property
    def queue(self) -> str:
        """The hash that every script of the queue declares."""
        return f"{self.prefix}queue"

    @property
    def wake(self) -> str:
        """The list on which idle workers block."""
        return f"{self.prefix}wake"

    @property
    def events(self) -> str:
        """The stream of events; its channel has the same name."""
        return f"{self.prefix}events"

    @property
    def unlocked(self) -> str:
        """The channel that tells which group's lock became free."""
        return f"{self.prefix}unlocked"

    @property
    def history(self) -> str:
        """The queue's list of finished attempts."""
        return f"{self.prefix}history"

    @property
    def audit(self) -> str:
        """The stream of operators' actions."""
        return f"{self.prefix}audit"

    def task(self, task_id: str) -> str:
        """The hash of one task."""
        return f"{self.prefix}task:{task_id}"

    def group_history(self, group: str) -> str:
        """A group's list of finished attempts."""
        return f"{self.prefix}history:g:{group}"

    def worker_history(self, worker: str) -> str:
        """A worker's list of finished attempts in this queue."""
        return f"{self.prefix}history:w:{worker}"

    @property
    def histories(self) -> str:
        """Which lists of attempts there are."""
        return f"{self.prefix}histories"

    def of_past(self, part: str) -> str:
        """A part of the queue's past, by the names of ``clear_history.lua``."""
        return f"{self.prefix}{part}"

    def error(self, fingerprint: str) -> str:
        """What is known of a kind of errors."""
        return f"{self.prefix}error:{fingerprint}"

    def times(self, day: int, kind: str) -> str:
        """The groups (``g``), workers (``w``) or task names (``n``) of a day that have counters of their own."""
        return f"{self.prefix}times:{day}:{kind}"

    def minute(self, minute: int) -> str:
        """The counters of one minute, numbered from the epoch."""
        return f"{self.prefix}minute:{minute}"

    def done_channel(self, task_id: str) -> str:
        """The channel that tells the end of a task somebody waits for."""
        return f"{self.prefix}done:{task_id}"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a namespace.

    Raises:
        InvalidName: the namespace can't be part of a key.
    """

    namespace: str

    def __post_init__(self) -> None:
        check_name("namespace", self.namespace)

    def of_queue(self, queue: str) -> QueueKeys:
        """The keys of a queue, whose name has been checked."""
        return QueueKeys(f"{self.namespace}:{{{queue}}}:")

    @property
    def queues(self) -> str:
        """The registry of queues."""
        return f"{self.namespace}:queues"

    @property
    def workers(self) -> str:
        """The registry of workers, by last heartbeat."""
        return f"{self.namespace}:workers"

    def worker(self, worker: str) -> str:
        """What a worker says of itself."""
        return f"{self.namespace}:worker:{worker}"

    @property
    def signature_sets(self) -> str:
        """The sets of task signatures, by last heartbeat of a worker that has them."""
        return f"{self.namespace}:signatures"

    def signatures(self, digest: str) -> str:
        """One set of task signatures."""
        return f"{self.namespace}:signatures:{digest}"

    def order(self, worker: str) -> str:
        """The state that an operator wants a worker in."""
        return f"{self.namespace}:order:{worker}"

    @property
    def audit(self) -> str:
        """The stream of operators' actions on what is of no queue."""
        return f"{self.namespace}:audit"

    def minute_load(self, worker: str, day: int) -> str:
        """What a worker took of its machine, by the minute of a day."""
        return f"{self.namespace}:load:{worker}:minutes:{day}"

    def hour_load(self, worker: str, block: int) -> str:
        """What a worker took of its machine, by the hour of 32 days."""
        return f"{self.namespace}:load:{worker}:hours:{block}"

    def control_channel(self, worker: str) -> str:
        """The channel on which a worker is nudged."""
        return f"{self.namespace}:control:{worker}"

    @property
    def events(self) -> str:
        """The channel of what concerns no queue."""
        return f"{self.namespace}:events"

    @property
    def events_pattern(self) -> str:
        """The pattern that matches the event channels of all queues."""
        return f"{glob_of(self.namespace)}:{{*}}:events"

    def queue_of_channel(self, channel: str) -> str:
        """The queue whose event channel this is."""
        return channel[len(self.namespace) + 2 : -len("}:events")]
